"""The routes of the emulated Slack, in the order they are tried."""

from starlette.routing import BaseRoute, Mount, Route

from integrations_app.sandbox.slack import api, inspector, oauth

NAME = "Slack"
SUMMARY = "Workspaces, channels, messages, tokens."
OPEN_PATHS = ("/oauth/", "/api/")

routes: list[BaseRoute] = [
    Route("/oauth/v2/authorize", oauth.authorize, methods=["GET", "POST"]),
    Mount("/api", routes=api.routes),
    *inspector.routes,
]
