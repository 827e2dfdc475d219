"""The emulated Slack: workspaces, OAuth, Web API, events and inspector pages."""
