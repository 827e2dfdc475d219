"""The emulated Salesforce, as the sandbox is told of it."""

from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations_app.sandbox.control_calls import WrongCall, body_of, checked
from integrations_app.sandbox.emulation import Emulation
from integrations_app.sandbox.oauth import App
from integrations_app.sandbox.salesforce import inspector, oauth, rest, tokens
from integrations_app.sandbox.salesforce.seed import seed_salesforce
from integrations_app.sandbox.salesforce.settings import SalesforceSettings
from integrations_app.sandbox.salesforce.state import Token, salesforce_of
from integrations_app.sandbox.settings import VendorSettings
from integrations_app.sandbox.world import World

KEY = "salesforce"
CLIENT_ID = "sandbox-salesforce-client"
CLIENT_SECRET = "sandbox-salesforce-secret"  # noqa: S105 - a documented constant of the emulation


def _apps(_: str) -> Sequence[App]:
    return (App(KEY, CLIENT_ID, CLIENT_SECRET, "Integrations", exact=True),)


def _settings(_: str) -> VendorSettings:
    return SalesforceSettings()


def _registered(_: World, app: App) -> None:
    app.exact = True


def _hand_out(world: World, account: str, scopes: list[str] | None) -> dict[str, str]:
    org = salesforce_of(world)
    user = org.user(account) if account else org.all_rows("User")[0]
    if user is None:
        raise WrongCall("no such person")
    session = inspector.personal_token(world, user, scopes)
    return {"access_token": session.value, "refresh_token": session.refresh}


def _tokens(world: World) -> Iterable[Token]:
    return salesforce_of(world).tokens.values()


def _end_refresh(_: World, token: Token) -> None:
    token.grant.revoked = True


def _revoke(world: World, _: str, chosen: Sequence[Token], uninstall: bool) -> int:
    del uninstall  # an app is not installed here, it is approved
    return tokens.revoke(world, list(chosen))


async def _records(request: Request) -> Response:
    """Read the records of an object, or create one as a person."""
    world: World = request.state.world
    org = salesforce_of(world)
    if request.method == "POST":
        body = await body_of(request)
        fields = body.get("fields")
        if not isinstance(fields, dict):
            raise WrongCall("fields is not an object")
        user = str(body.get("user", org.all_rows("User")[0].id))
        ago = body.get("seconds_ago", 0)
        if not isinstance(ago, int | float):
            raise WrongCall("seconds_ago is not a number")
        row = inspector.write_as(world, user, str(body.get("object", "")), fields, ago)
        return JSONResponse({"id": row.id}, 201)
    name = request.query_params.get("object", "")
    if org.object(name) is None:
        raise WrongCall("no such object")
    return JSONResponse({"records": [row.values for row in org.all_rows(name)]})


emulation = Emulation[Token](
    key=KEY,
    name="Salesforce",
    summary="Objects, records, sessions.",
    open_paths=("/services/", "/id/"),
    routes=(
        Route("/services/oauth2/authorize", oauth.authorize, methods=["GET", "POST"]),
        Route("/services/oauth2/token", oauth.token, methods=["POST"]),
        Route("/services/oauth2/revoke", oauth.revoke, methods=["GET", "POST"]),
        Route("/services/oauth2/introspect", oauth.introspect, methods=["POST"]),
        Route("/services/oauth2/userinfo", oauth.identity),
        Route("/id/{org}/{user}", oauth.identity),
        *rest.routes,
        *inspector.routes,
    ),
    seed=seed_salesforce,
    settings=_settings,
    apps=_apps,
    hand_out=_hand_out,
    tokens=_tokens,
    account_of=lambda token: token.username,
    end_refresh=_end_refresh,
    revoke=_revoke,
    bookkeeping=frozenset({"objects", "tokens", "grants", "cursors", "calls"}),
    control=(Route("/records", checked(_records), methods=["GET", "POST"]),),
    app_registered=_registered,
)
