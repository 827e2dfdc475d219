"""The page that shows the description to people: rendered on the server, no script, nothing from elsewhere."""

from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response

from integrations_app.web.api import description
from integrations_app.web.api.calls import PERMISSION
from integrations_app.web.render import page

REFUSED = "400"
"""The first status that means a refusal."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a call."""

    name: str
    place: str
    required: bool
    words: str
    shape: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a call."""

    status: str
    words: str
    model: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One call as the page shows it."""

    id: str
    method: str
    path: str
    title: str
    words: str
    permission: str
    parameters: tuple[Parameter, ...]
    body: str
    answers: tuple[Answer, ...]
    """What it answers when it is done."""
    refusals: tuple[str, ...]
    """The statuses of its refusals; what they mean stands on the page once."""


@dataclass(frozen=True, slots=True)
class Model:
    """One shape."""

    name: str
    words: str
    schema: str


def docs_page(described: dict[str, Any]) -> Response:
    """The whole description as one page."""
    calls = [
        _call(path, method, call) for path, methods in described["paths"].items() for method, call in methods.items()
    ]
    groups: dict[str, list[Shown]] = {}
    for call in calls:
        groups.setdefault(call.path.split("/")[1], []).append(call)
    return page(
        "api_docs",
        title=described["info"]["title"],
        paragraphs=described["info"]["description"].split("\n\n"),
        server=described["servers"][0]["url"],
        groups=groups,
        meanings=description.MEANINGS,
        models=[_model(name, schema) for name, schema in sorted(described["components"]["schemas"].items())],
        names=frozenset(described["components"]["schemas"]),
    )


def _call(path: str, method: str, call: dict[str, Any]) -> Shown:
    body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    statuses = sorted(call["responses"])
    return Shown(
        id=call["operationId"],
        method=method.upper(),
        path=path,
        title=call["summary"],
        words=call.get("description", ""),
        permission=call[PERMISSION].replace("_", " "),
        parameters=tuple(_parameter(one) for one in call.get("parameters", ())),
        body=_named(body),
        answers=tuple(_answer(status, call["responses"][status]) for status in statuses if status < REFUSED),
        refusals=tuple(status for status in statuses if status >= REFUSED),
    )


def _parameter(one: dict[str, Any]) -> Parameter:
    schema = one.get("schema", {})
    words = one.get("description", "") or schema.get("description", "")
    return Parameter(one["name"], one["in"], bool(one.get("required")), words, _named(schema))


def _answer(status: str, one: dict[str, Any]) -> Answer:
    schema = one.get("content", {}).get("application/json", {}).get("schema", {})
    return Answer(status, one.get("description", ""), _named(schema))


def _model(name: str, schema: dict[str, Any]) -> Model:
    told = {key: value for key, value in schema.items() if key not in {"title", "description"}}
    return Model(name, schema.get("description", ""), orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())


def _named(schema: dict[str, Any]) -> str:
    """A short word for a schema: the name of its model, or its type."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    arms = schema.get("anyOf") or schema.get("allOf")
    if arms:
        return " or ".join(_named(one) for one in arms if one.get("type") != "null")
    if "enum" in schema or "const" in schema:
        return ", ".join(str(one) for one in schema.get("enum", [schema.get("const")]))
    return str(schema.get("type", ""))
