"""JSON control of the sandbox for tests and people on this machine; described in the package's docstring."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations_app.sandbox.emulations import EMULATIONS
from integrations_app.sandbox.faults import WrongFault
from integrations_app.sandbox.github import inspector as github_pages
from integrations_app.sandbox.github import oauth as github_oauth
from integrations_app.sandbox.github.state import Token as GitHubToken
from integrations_app.sandbox.github.views import issue_view
from integrations_app.sandbox.github.webhooks import fire_authorization_revoked, fire_installation
from integrations_app.sandbox.oauth import App
from integrations_app.sandbox.salesforce import inspector as salesforce_pages
from integrations_app.sandbox.salesforce import tokens as salesforce_tokens
from integrations_app.sandbox.salesforce.state import Token as SalesforceToken
from integrations_app.sandbox.settings import WrongSetting
from integrations_app.sandbox.slack import acting as slack_people
from integrations_app.sandbox.slack import inspector as slack_pages
from integrations_app.sandbox.slack import tokens as slack_tokens
from integrations_app.sandbox.slack.conversations import post_due
from integrations_app.sandbox.slack.events import verify_request_url
from integrations_app.sandbox.slack.seed import ACME
from integrations_app.sandbox.slack.state import Team
from integrations_app.sandbox.slack.state import Token as SlackToken
from integrations_app.sandbox.slack.views import message_view
from integrations_app.sandbox.world import World

Json = dict[str, Any]
Handler = Callable[[Request], Awaitable[Response]]


class WrongCall(ValueError):
    """A control call that cannot be understood (400)."""


_WRONG = (
    *(WrongCall, WrongFault, WrongSetting),
    *(slack_people.WrongMessage, github_pages.WrongIssue, salesforce_pages.WrongRecord),
)


def _checked(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except _WRONG as error:
            return JSONResponse({"message": str(error)}, 400)

    return answer


async def _body(request: Request) -> Json:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise WrongCall("the body is not JSON") from error
    if not isinstance(body, dict):
        raise WrongCall("the body is not an object")
    return body


async def reset(request: Request) -> Response:
    """Back to the seed."""
    request.state.world.reset()
    return JSONResponse({"ok": True})


async def settings(request: Request) -> Response:
    """See or change the settings; a new Slack request URL is verified in the background."""
    world: World = request.state.world
    if request.method == "PATCH":
        before = world.settings.slack.request_url
        world.settings.change(await _body(request))
        if world.settings.slack.request_url != before:
            for app in [app for app in world.apps.values() if app.vendor == "slack"][:1]:
                verify_request_url(world, app)
    return JSONResponse(world.settings.as_dict())


async def faults(request: Request) -> Response:
    """List, plant or remove faults."""
    world: World = request.state.world
    if request.method == "POST":
        world.faults.plant(await _body(request))
    if request.method == "DELETE":
        world.faults.clear()
    return JSONResponse({"faults": world.faults.as_list()}, 201 if request.method == "POST" else 200)


async def journal(request: Request) -> Response:
    """The requests received so far."""
    world: World = request.state.world
    if request.method == "DELETE":
        world.journal.clear()
    query = request.query_params
    return JSONResponse({"requests": world.journal.as_list(query.get("vendor", ""), query.get("path", ""))})


async def settle(request: Request) -> Response:
    """Wait for deliveries under way."""
    await request.state.world.courier.settle()
    return JSONResponse({"ok": True})


async def register_app(request: Request) -> Response:
    """Register another OAuth app."""
    world: World = request.state.world
    body = await _body(request)
    vendor, client_id, secret = (str(body.get(name, "")) for name in ("vendor", "client_id", "client_secret"))
    if vendor not in EMULATIONS or not client_id or not secret:
        raise WrongCall("vendor, client_id and client_secret must be given")
    app = App(vendor, client_id, secret, str(body.get("name", client_id)), list(body.get("redirect_uris", [])))
    app.app_id = str(body.get("app_id", world.slack.next_id("A")))
    app.signing_secret = str(body.get("signing_secret", app.signing_secret))
    app.request_url = str(body.get("request_url", ""))
    world.apps[(vendor, client_id)] = app
    if vendor == "slack":
        verify_request_url(world, app)
    return JSONResponse({"client_id": client_id, "app_id": app.app_id}, 201)


async def hand_out(request: Request) -> Response:
    """A token without a consent page."""
    world: World = request.state.world
    body = await _body(request)
    account, scopes = str(body.get("account", "")), body.get("scopes")
    if body.get("vendor") == "slack":
        team = world.slack.teams.get(account or ACME)
        if team is None:
            raise WrongCall("no such workspace")
        return JSONResponse({"access_token": slack_pages.personal_token(world, team, scopes).value}, 201)
    if body.get("vendor") == "salesforce":
        user = world.salesforce.user(account) if account else world.salesforce.all_rows("User")[0]
        if user is None:
            raise WrongCall("no such person")
        session = salesforce_pages.personal_token(world, user, scopes)
        return JSONResponse({"access_token": session.value, "refresh_token": session.refresh}, 201)
    person = world.github.account(account or "octo-hub")
    if body.get("vendor") != "github" or person is None:
        raise WrongCall("vendor and account must be known")
    return JSONResponse({"access_token": github_pages.personal_token(world, person, scopes).value}, 201)


def _chosen(world: World, body: Json) -> list[SlackToken] | list[GitHubToken] | list[SalesforceToken]:
    """The tokens that `token`, `account` or `all` name."""
    value, account = body.get("token"), body.get("account")
    if not value and not account and body.get("all") is not True:
        raise WrongCall("token, account or all must be given")
    if body.get("vendor") == "slack":
        return [t for t in world.slack.tokens.values() if t.value == value or t.team_id == account or body.get("all")]
    if body.get("vendor") == "github":
        return [t for t in world.github.tokens.values() if t.value == value or t.login == account or body.get("all")]
    if body.get("vendor") == "salesforce":
        held = world.salesforce.tokens.values()
        return [t for t in held if t.value == value or t.username == account or body.get("all")]
    raise WrongCall("vendor is slack, github or salesforce")


async def expire(request: Request) -> Response:
    """Let tokens expire now; with `refresh: true` their refresh tokens die too."""
    world: World = request.state.world
    body = await _body(request)
    chosen = _chosen(world, body)
    for token in chosen:
        token.expires_at = world.clock()
        if body.get("refresh") is True and isinstance(token, SalesforceToken):
            token.grant.revoked = True
        elif body.get("refresh") is True:
            world.slack.refresh_tokens.pop(token.refresh, None)
            world.github.refresh_tokens.pop(token.refresh, None)
    return JSONResponse({"expired": len(chosen)})


async def revoke(request: Request) -> Response:
    """Revoke tokens as if a person did it at the vendor, with the vendor's events."""
    world: World = request.state.world
    body = await _body(request)
    chosen = _chosen(world, body)
    slack = [token for token in chosen if isinstance(token, SlackToken)]
    count = slack_tokens.revoke(world, slack)
    people = [token for token in chosen if isinstance(token, GitHubToken)]
    logins = {token.login for token in people if not token.revoked}
    count += github_oauth.revoke(world, people)
    web = f"{request.state.base}/github"
    for login in sorted(logins):
        account = world.github.account(login)
        if account is not None:
            fire_authorization_revoked(world, web, account)
            if body.get("uninstall") is True:
                fire_installation(world, web, account, "deleted")
    count += salesforce_tokens.revoke(world, [token for token in chosen if isinstance(token, SalesforceToken)])
    if body.get("uninstall") is True:
        for key in {(token.client_id, token.team_id) for token in slack}:
            slack_tokens.uninstall(world, world.slack.installations[key])
    return JSONResponse({"revoked": count})


def _team(world: World, name: str) -> Team:
    for team in world.slack.teams.values():
        if name in (team.id, team.name):
            return team
    raise WrongCall("no such workspace")


async def slack_messages(request: Request) -> Response:
    """Read a channel, or write into it as a person."""
    world: World = request.state.world
    post_due(world)
    if request.method == "POST":
        body = await _body(request)
        team = _team(world, str(body.get("team", ACME)))
        values = [str(body.get(name, "")) for name in ("channel", "text", "thread_ts")]
        user = str(body.get("user", team.owner))
        message = slack_people.write_as(world, team, values[0], user, values[1], values[2])
        return JSONResponse({"ts": message.ts}, 201)
    query = request.query_params
    team = _team(world, query.get("team", ACME))
    name = query.get("channel", "").removeprefix("#")
    channels = [c for c in team.channels.values() if not name or name in (c.id, c.name)]
    views = [message_view(m, c, metadata=True) | {"channel": c.id} for c in channels for m in c.messages]
    return JSONResponse({"messages": views})


async def github_issues(request: Request) -> Response:
    """Read the issues of a repository, or open one as a person."""
    world: World = request.state.world
    web = f"{request.state.base}/github"
    if request.method == "POST":
        body = await _body(request)
        given = [str(body.get(name, "")) for name in ("repository", "title", "body")]
        login = str(body.get("user", "octo-hub"))
        repository, issue = github_pages.open_as(world, web, given[0], login, given[1], given[2])
        return JSONResponse(issue_view(issue, repository, web), 201)
    found = world.github.repositories.get(request.query_params.get("repository", "").lower())
    if found is None:
        raise WrongCall("no such repository")
    views = [
        issue_view(one, found, web) | {"comment_bodies": [c.body for c in one.comments]}
        for one in found.issues.values()
    ]
    return JSONResponse({"issues": views})


async def salesforce_records(request: Request) -> Response:
    """Read the records of an object, or create one as a person."""
    world: World = request.state.world
    if request.method == "POST":
        body = await _body(request)
        fields = body.get("fields")
        if not isinstance(fields, dict):
            raise WrongCall("fields is not an object")
        user = str(body.get("user", world.salesforce.all_rows("User")[0].id))
        ago = body.get("seconds_ago", 0)
        if not isinstance(ago, int | float):
            raise WrongCall("seconds_ago is not a number")
        row = salesforce_pages.write_as(world, user, str(body.get("object", "")), fields, ago)
        return JSONResponse({"id": row.id}, 201)
    name = request.query_params.get("object", "")
    if world.salesforce.object(name) is None:
        raise WrongCall("no such object")
    return JSONResponse({"records": [row.values for row in world.salesforce.all_rows(name)]})


routes = [
    Route("/reset", _checked(reset), methods=["POST"]),
    Route("/settings", _checked(settings), methods=["GET", "PATCH"]),
    Route("/faults", _checked(faults), methods=["GET", "POST", "DELETE"]),
    Route("/journal", _checked(journal), methods=["GET", "DELETE"]),
    Route("/settle", _checked(settle), methods=["POST"]),
    Route("/apps", _checked(register_app), methods=["POST"]),
    Route("/tokens", _checked(hand_out), methods=["POST"]),
    Route("/expire", _checked(expire), methods=["POST"]),
    Route("/revoke", _checked(revoke), methods=["POST"]),
    Route("/slack/messages", _checked(slack_messages), methods=["GET", "POST"]),
    Route("/github/issues", _checked(github_issues), methods=["GET", "POST"]),
    Route("/salesforce/records", _checked(salesforce_records), methods=["GET", "POST"]),
]
