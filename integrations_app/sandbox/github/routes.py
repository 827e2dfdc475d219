"""The routes of the emulated GitHub, in the order they are tried."""

from starlette.routing import BaseRoute, Mount, Route

from integrations_app.sandbox.github import inspector, oauth, rest

NAME = "GitHub"
SUMMARY = "Repositories, issues, files, webhooks, tokens."
OPEN_PATHS = ("/login/", "/api/")

routes: list[BaseRoute] = [
    Route("/login/oauth/authorize", oauth.authorize, methods=["GET", "POST"]),
    Route("/login/oauth/access_token", oauth.access_token, methods=["POST"]),
    rest.graphql_route,
    Mount("/api/v3", routes=rest.routes),
    *inspector.routes,
]
