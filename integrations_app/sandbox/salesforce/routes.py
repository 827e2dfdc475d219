"""The routes of the emulated Salesforce, in the order they are tried."""

from starlette.routing import BaseRoute, Route

from integrations_app.sandbox.salesforce import inspector, oauth, rest

NAME = "Salesforce"
SUMMARY = "Objects, records, sessions."
OPEN_PATHS = ("/services/", "/id/")

routes: list[BaseRoute] = [
    Route("/services/oauth2/authorize", oauth.authorize, methods=["GET", "POST"]),
    Route("/services/oauth2/token", oauth.token, methods=["POST"]),
    Route("/services/oauth2/revoke", oauth.revoke, methods=["GET", "POST"]),
    Route("/services/oauth2/introspect", oauth.introspect, methods=["POST"]),
    Route("/services/oauth2/userinfo", oauth.identity),
    Route("/id/{org}/{user}", oauth.identity),
    *rest.routes,
    *inspector.routes,
]
