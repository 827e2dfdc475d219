"""One call of the data API: who asks, the refusals, and the table of endpoints."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from integrations_app.sandbox.salesforce.schema import ObjectType
from integrations_app.sandbox.salesforce.state import Row, Salesforce, Token, salesforce_of
from integrations_app.sandbox.world import World

Json = dict[str, Any]


class Refusal(Exception):
    """A refusal in Salesforce's shape: a list with one entry."""

    def __init__(self, status: int, code: str, message: str, fields: list[str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields

    def body(self) -> list[Json]:
        """What the answer holds."""
        entry: Json = {"message": self.message, "errorCode": self.code}
        return [entry | ({"fields": self.fields} if self.fields is not None else {})]

    def row_error(self) -> Json:
        """The same inside the answer about one row of many."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields or []}


def not_found(message: str = "The requested resource does not exist") -> Refusal:
    """404 for an address or a record that is not there."""
    return Refusal(404, "NOT_FOUND", message)


@dataclass
class Reply:
    """What an endpoint answers; `body` None is an empty answer."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """One call; `data` is the path of the API's version, such as `/services/data/v62.0`."""

    world: World
    token: Token
    data: str
    path: dict[str, str]
    query: dict[str, str]
    body: Any
    headers: dict[str, str]

    @property
    def org(self) -> Salesforce:
        """The state."""
        return salesforce_of(self.world)

    def object(self, name: str = "") -> ObjectType:
        """The object of the path; 404 when there is none."""
        found = self.org.object(name or self.path["object"])
        if found is None:
            raise not_found()
        return found

    def row(self, kind: ObjectType, text: str) -> Row:
        """A living row; 404 `ENTITY_IS_DELETED` for one in the recycle bin."""
        found = self.org.row(kind.name, text)
        if found is None:
            raise not_found()
        if found.deleted:
            raise Refusal(404, "ENTITY_IS_DELETED", "entity is deleted", [])
        return found

    def values(self) -> Json:
        """The body as an object."""
        return as_object(self.body)


def as_object(body: Any) -> Json:
    """A JSON object; 400 JSON_PARSER_ERROR for anything else."""
    if not isinstance(body, dict):
        message = "The HTTP entity body is required, but this request has no entity body."
        raise Refusal(400, "JSON_PARSER_ERROR", message)
    return body


@dataclass(frozen=True)
class Endpoint:
    """One address below the version."""

    method: str
    path: str
    act: Callable[[Call], Reply]


ENDPOINTS: list[Endpoint] = []
Act = Callable[[Call], Reply]


def endpoint(method: str, path: str) -> Callable[[Act], Act]:
    """Put a function into the table of endpoints."""

    def register(act: Act) -> Act:
        ENDPOINTS.append(Endpoint(method, path, act))
        return act

    return register


def dispatch(call: Call, method: str, path: str) -> Reply:
    """Serve a call whose `path`, still percent-encoded, is below the version; raises Refusal."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    allowed = []
    for one in sorted(ENDPOINTS, key=lambda known: known.path.count("{")):
        found = _match(one.path.strip("/").split("/"), parts)
        if found is None:
            continue
        if one.method == method:
            return one.act(replace(call, path=found))
        allowed.append(one.method)
    if allowed:
        message = f"HTTP Method '{method}' not allowed. Allowed are {','.join(sorted(set(allowed)))}"
        raise Refusal(405, "METHOD_NOT_ALLOWED", message)
    raise not_found()


def dispatch_inner(call: Call, method: str, url: str, body: Any) -> Reply:
    """Serve one part of a composite call; a refusal is an answer here."""
    split = urlsplit(url)
    path = split.path if split.path.startswith("/services") else f"/services/data/{split.path.lstrip('/')}"
    below = path.removeprefix("/services/data/").partition("/")[2]
    inner = replace(call, query=dict(parse_qsl(split.query, keep_blank_values=True)), body=body)
    try:
        return dispatch(inner, method.upper(), below)
    except Refusal as refusal:
        return Reply(refusal.status, refusal.body())


def _match(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(parts):
        return None
    found = {}
    for wanted, given in zip(pattern, parts, strict=True):
        if wanted.startswith("{"):
            found[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return found
