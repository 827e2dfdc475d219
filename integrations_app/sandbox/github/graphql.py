"""A small GraphQL beside the emulated REST API: viewer, repository with issue, and two mutations."""

import re
from collections.abc import Iterator
from typing import Any

from integrations_app.sandbox.github import happenings
from integrations_app.sandbox.github.calls import Call, Json, Reply, endpoint
from integrations_app.sandbox.github.state import Account, Issue, Repository

Field = tuple[str, str, dict[str, Any], list[Any]]
"""Alias, name, arguments, selected fields."""
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|\$\w+|-?\d+|[{}()\[\]:!=]')


class Wrong(ValueError):
    """A query that cannot be read or answered."""


def _selection(words: Iterator[str], variables: Json) -> list[Field]:
    found: list[Field] = []
    word = next(words)
    while word != "}":
        alias = name = word
        word = next(words)
        if word == ":":
            name, word = next(words), next(words)
        given: Json = {}
        if word == "(":
            given, word = _arguments(words, variables, ")"), next(words)
        inner: list[Field] = []
        if word == "{":
            inner, word = _selection(words, variables), next(words)
        found.append((alias, name, given, inner))
    return found


def _arguments(words: Iterator[str], variables: Json, end: str) -> Json:
    given: Json = {}
    while (name := next(words)) != end:
        if next(words) != ":":
            raise Wrong(f"Expected a colon after {name}")
        value = next(words)
        given[name] = _arguments(words, variables, "}") if value == "{" else _value(value, variables)
    return given


def _value(word: str, variables: Json) -> Any:
    if word.startswith("$"):
        return variables.get(word[1:])
    if word.startswith('"'):
        return word[1:-1]
    return int(word) if word.lstrip("-").isdigit() else word


def _read(query: str, variables: Json) -> tuple[str, list[Field]]:
    words = iter(_WORD.findall(query))
    kind = "query"
    try:
        for word in words:
            kind = word if word in ("query", "mutation") else kind
            if word == "{":
                return kind, _selection(words, variables)
    except (StopIteration, RuntimeError) as error:
        raise Wrong("Parse error on end of file") from error
    raise Wrong("A query attribute must be specified and must be a string.")


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
        _, fields = _read(str(query or ""), variables)
        return Reply(200, {"data": _answer(call, None, fields)})
    except Wrong as error:
        kind = {"type": "NOT_FOUND"} if str(error).startswith("Could not resolve") else {}
        return Reply(200, {"data": None, "errors": [kind | {"message": str(error)}]})
