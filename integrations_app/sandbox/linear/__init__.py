"""The emulated Linear: a workspace, OAuth, GraphQL, webhooks and an inspector page."""
