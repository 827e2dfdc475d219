"""The emulated GitHub: accounts, repositories, OAuth, REST, webhooks and inspector pages."""
