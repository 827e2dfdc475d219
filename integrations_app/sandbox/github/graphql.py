"""A small GraphQL beside the emulated REST API: viewer, repository with issue, and two mutations."""

from typing import Any

from integrations_app.sandbox.github import happenings
from integrations_app.sandbox.github.calls import Call, Json, Reply, endpoint
from integrations_app.sandbox.github.state import Account, Issue, Repository
from integrations_app.sandbox.graphql import Field, WrongQuery, read_query


class Wrong(ValueError):
    """A query that cannot be answered."""


def _node(call: Call, thing: Any) -> Json:
    if isinstance(thing, Account):
        return {"login": thing.login, "id": f"U_{thing.id}", "name": thing.name, "databaseId": thing.id}
    if isinstance(thing, Repository):
        url = f"{call.web}/{thing.full_name}"
        view: Json = {"id": f"R_{thing.id}", "name": thing.name, "nameWithOwner": thing.full_name, "url": url}
        view |= {"isPrivate": thing.private, "description": thing.description, "stargazerCount": len(thing.stars)}
        return view | {"viewerHasStarred": call.me().login in thing.stars}
    if isinstance(thing, Issue):
        view = {"id": f"I_{thing.id}", "number": thing.number, "title": thing.title, "body": thing.body}
        return view | {"state": thing.state.upper(), "author": thing.user}
    return dict(thing)


def _find(call: Call, thing: Any, name: str, given: Json) -> Any:
    if thing is None:
        return _root(call, name, given)
    if isinstance(thing, Repository) and name == "issue":
        found = thing.issues.get(given.get("number", 0))
        if found is None:
            raise Wrong(f"Could not resolve to an Issue with the number of {given.get('number')}.")
        return found
    node = _node(call, thing)
    if name not in node:
        raise Wrong(f"Field '{name}' doesn't exist on type '{type(thing).__name__}'")
    return node[name]


def _root(call: Call, name: str, given: Json) -> Any:
    if name == "viewer":
        return call.me()
    wanted = given.get("input", given)
    if name == "repository":
        call.path |= {"owner": str(wanted.get("owner")), "repo": str(wanted.get("name"))}
        found = call.github.repository(call.path["owner"], call.path["repo"])
        if found is None or not found.may(call.me().login, "pull") or (found.private and not call.has_scope("repo")):
            raise Wrong(f"Could not resolve to a Repository with the name '{call.path['owner']}/{call.path['repo']}'.")
        return found
    if name in ("addStar", "removeStar"):
        for repository in call.github.repositories.values():
            if f"R_{repository.id}" == wanted.get("starrableId") and repository.may(call.me().login, "pull"):
                happenings.star(call.world, call.web, repository, call.me(), name == "addStar")
                return {"starrable": repository}
        raise Wrong(f"Could not resolve to a node with the global id of '{wanted.get('starrableId')}'")
    raise Wrong(f"Field '{name}' doesn't exist on type 'Query'")


def _answer(call: Call, thing: Any, fields: list[Field]) -> Json:
    answer: Json = {}
    for alias, name, given, inner in fields:
        value = _find(call, thing, name, given)
        answer[alias] = _answer(call, value, inner) if inner else value
    return answer


@endpoint("POST", "/graphql")
def graphql(call: Call) -> Reply:
    """Answer a query: errors come with status 200, and `data` null."""
    call.me()
    query, variables = call.body.get("query"), call.body.get("variables") or {}
    try:
        _, fields = read_query(str(query or ""), variables)
        return Reply(200, {"data": _answer(call, None, fields)})
    except (Wrong, WrongQuery) as error:
        kind = {"type": "NOT_FOUND"} if str(error).startswith("Could not resolve") else {}
        return Reply(200, {"data": None, "errors": [kind | {"message": str(error)}]})
