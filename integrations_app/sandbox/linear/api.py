"""The GraphQL endpoint of the emulated Linear: the queries and mutations that a client of issues needs."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integrations_app.sandbox.graphql import Field, WrongQuery, read_query
from integrations_app.sandbox.linear import acts, tokens
from integrations_app.sandbox.linear.hooks import change_hook, create_hook, remove_hook
from integrations_app.sandbox.linear.settings import linear_settings
from integrations_app.sandbox.linear.state import Issue, Linear, Person, Token, linear_of
from integrations_app.sandbox.linear.views import (
    comment_view,
    hook_view,
    issue_view,
    label_view,
    person_view,
    state_view,
    team_view,
)
from integrations_app.sandbox.world import World

Json = dict[str, Any]
PAGE = 50


class Refused(Exception):
    """An error of the API: `(kind, message, status)`."""


@dataclass(frozen=True)
class Call:
    """Who asks, in which world."""

    world: World
    token: Token
    me: Person

    @property
    def workspace(self) -> Linear:
        """What there is."""
        return linear_of(self.world)

    def require(self, scope: str) -> None:
        """Refuse a token without the scope."""
        if not tokens.allows(self.token, scope):
            raise Refused("forbidden", f"Invalid scope: `{scope}` required", 403)


async def graphql(request: Request) -> Response:
    """`POST /api/graphql`: errors come with `data` null, and their own status."""
    world: World = request.state.world
    headers: dict[str, str] = {}
    try:
        call = _caller(request)
        headers = _count(call)
        body = json.loads(await request.body())
        kind, fields = read_query(str(body.get("query") or ""), body.get("variables") or {})
        data = {alias: _root(call, kind, name, given, inner) for alias, name, given, inner in fields}
        return JSONResponse({"data": data}, headers=headers)
    except Refused as refusal:
        kind, message, status = refusal.args
        headers |= _limits(world, 0) if kind == "ratelimited" else {}
        return _error(kind, message, status, headers)
    except acts.NotFound as refusal:
        return _error("invalid input", f"Entity not found: {refusal.args[0]}", 200, headers)
    except acts.WrongAct as refusal:
        return _error("invalid input", f"Argument Validation Error - {refusal.args[0]}", 200, headers)
    except (WrongQuery, ValueError, AttributeError) as error:
        return _error("graphql error", str(error), 400, headers)


def _error(kind: str, message: str, status: int, headers: dict[str, str]) -> Response:
    code = {"authentication error": "AUTHENTICATION_ERROR", "ratelimited": "RATELIMITED", "forbidden": "FORBIDDEN"}
    extensions = {"type": kind, "code": code.get(kind, "INPUT_ERROR"), "statusCode": status, "userError": True}
    extensions["userPresentableMessage"] = message
    return JSONResponse({"errors": [{"message": message, "extensions": extensions}]}, status, headers)


def _caller(request: Request) -> Call:
    """A personal key comes as it is, a token of an app behind `Bearer`."""
    world: World = request.state.world
    given = request.headers.get("authorization", "")
    value = given.removeprefix("Bearer ")
    token = tokens.live(world, value)
    if token is None or (value == given) != (token.client_id == tokens.KEY_CLIENT):
        raise Refused("authentication error", "Authentication required, not authenticated", 401)
    me = linear_of(world).person(token.email)
    if me is None or not me.active:
        raise Refused("authentication error", "The user is not active", 401)
    return Call(world, token, me)


def _count(call: Call) -> dict[str, str]:
    used = call.workspace.calls[call.me.id] = call.workspace.calls.get(call.me.id, 0) + 1
    left = linear_settings(call.world).request_limit - used
    if left < 0:
        raise Refused("ratelimited", "Rate limit exceeded. Only so many requests are allowed per hour.", 400)
    return _limits(call.world, left)


def _limits(world: World, left: int) -> dict[str, str]:
    most = linear_settings(world).request_limit
    return {
        "X-RateLimit-Requests-Limit": str(most),
        "X-RateLimit-Requests-Remaining": str(left),
        "X-RateLimit-Requests-Reset": str(round((world.clock() + 3600) * 1000)),
    }


def _root(call: Call, kind: str, name: str, given: Json, inner: list[Field]) -> Any:
    roots = _MUTATIONS if kind == "mutation" else _QUERIES
    if name not in roots:
        raise WrongQuery(f'Cannot query field "{name}" on type "{kind.title()}".')
    return _select(roots[name](call, given), inner)


def _select(value: Any, inner: list[Field]) -> Any:
    if isinstance(value, list):
        return [_select(one, inner) for one in value]
    if value is None or not inner:
        if isinstance(value, dict):
            raise WrongQuery("A field must have a selection of subfields.")
        return value
    selected = {}
    for alias, name, _, below in inner:
        if not isinstance(value, dict) or name not in value:
            raise WrongQuery(f'Cannot query field "{name}".')
        selected[alias] = _select(value[name], below)
    return selected


def _page(things: list[Any], given: Json, view: Callable[[Any], Json]) -> Json:
    """The cursor is the how-manieth comes next."""
    start, size = int(given.get("after") or 0), min(int(given.get("first") or PAGE), 250)
    end = start + size
    info = {"hasNextPage": end < len(things), "endCursor": str(end)}
    return {"nodes": [view(one) for one in things[start:end]], "pageInfo": info}


def _viewer(call: Call, _: Json) -> Json:
    workspace = call.workspace
    organization = {"id": workspace.id, "name": workspace.name, "urlKey": workspace.key}
    return person_view(call.me) | {"admin": call.me.admin, "organization": organization}


def _issue(call: Call, given: Json) -> Json:
    return issue_view(_known(call, given), call.workspace)


def _known(call: Call, given: Json) -> Issue:
    found = call.workspace.issue(str(given.get("id") or ""))
    if found is None:
        raise acts.NotFound("Issue")
    return found


def _issues(call: Call, given: Json) -> Json:
    wanted = given.get("filter") or {}
    found = [one for one in call.workspace.issues.values() if _fits(one, wanted)]
    found.sort(key=lambda one: one.updated_at, reverse=True)
    return _page(found, given, lambda one: issue_view(one, call.workspace))


def _fits(issue: Issue, wanted: Json) -> bool:
    for name, rule in wanted.items():
        if name == "title":
            if str(rule["containsIgnoreCase"]).casefold() not in issue.title.casefold():
                return False
        elif name in ("team", "state", "assignee"):
            thing = getattr(issue, name)
            if thing is None or thing.id != rule["id"]["eq"]:
                return False
        else:
            raise WrongQuery(f'Field "{name}" is not defined by type "IssueFilter".')
    return True


def _comment(call: Call, given: Json) -> Json:
    found = call.workspace.comments.get(str(given.get("id") or ""))
    if found is None:
        raise acts.NotFound("Comment")
    return comment_view(found, call.workspace)


def _states(call: Call, given: Json) -> Json:
    team = ((given.get("filter") or {}).get("team") or {}).get("id", {}).get("eq")
    states = [state for one in call.workspace.teams if team in (None, one.id) for state in one.states]
    return _page(states, given, state_view)


def _webhooks(call: Call, given: Json) -> Json:
    call.require("admin")
    return _page(list(call.workspace.hooks.values()), given, hook_view)


def _create_issue(call: Call, given: Json) -> Json:
    call.require("issues:create")
    issue = acts.create_issue(call.world, dict(given.get("input") or {}), call.me)
    return {"success": True, "issue": issue_view(issue, call.workspace)}


def _update_issue(call: Call, given: Json) -> Json:
    call.require("write")
    issue = acts.update_issue(call.world, _known(call, given), dict(given.get("input") or {}), call.me)
    return {"success": True, "issue": issue_view(issue, call.workspace)}


def _create_comment(call: Call, given: Json) -> Json:
    call.require("comments:create")
    made = acts.comment(call.world, dict(given.get("input") or {}), call.me)
    return {"success": True, "comment": comment_view(made, call.workspace)}


def _create_webhook(call: Call, given: Json) -> Json:
    call.require("admin")
    return {"success": True, "webhook": hook_view(create_hook(call.workspace, dict(given.get("input") or {})))}


def _update_webhook(call: Call, given: Json) -> Json:
    call.require("admin")
    hook = change_hook(call.workspace, str(given.get("id") or ""), dict(given.get("input") or {}))
    return {"success": True, "webhook": hook_view(hook)}


def _delete_webhook(call: Call, given: Json) -> Json:
    call.require("admin")
    remove_hook(call.workspace, str(given.get("id") or ""))
    return {"success": True}


_QUERIES: dict[str, Callable[[Call, Json], Any]] = {
    "viewer": _viewer,
    "issue": _issue,
    "issues": _issues,
    "comment": _comment,
    "teams": lambda call, given: _page(call.workspace.teams, given, team_view),
    "workflowStates": _states,
    "issueLabels": lambda call, given: _page(call.workspace.labels, given, label_view),
    "users": lambda call, given: _page(call.workspace.people, given, person_view),
    "webhooks": _webhooks,
}
_MUTATIONS: dict[str, Callable[[Call, Json], Any]] = {
    "issueCreate": _create_issue,
    "issueUpdate": _update_issue,
    "commentCreate": _create_comment,
    "webhookCreate": _create_webhook,
    "webhookUpdate": _update_webhook,
    "webhookDelete": _delete_webhook,
}
