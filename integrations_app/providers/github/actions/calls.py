"""Everything else: GraphQL queries, and any call of the REST API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from github import Github
from pydantic import Field

from integrations_app.errors import InvalidInput, RateLimited, Rejected
from integrations_app.providers.github.actions.fields import SCOPES, bounded
from integrations_app.providers.github.client import GitHubClient
from integrations_app.providers.github.errors import ERRORS, message_of, wait_of
from integrations_app.sdk.actions import Params, Repeat, Result, action
from integrations_app.sdk.context import ActionContext, utc_now
from integrations_app.sdk.forms import Json, Multiline

QUERY_LIMIT = 50_000
PATH_LIMIT = 2_000


class GraphQL(Params):
    """What to ask."""

    query: Annotated[str, Multiline(10)] = Field(title="Query", min_length=1, description="A query or a mutation.")
    variables: Annotated[dict[str, Any], Json()] = Field(default={}, title="Variables")


class ApiCall(Params):
    """What to call."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(default="GET", title="Method")
    path: str = Field(title="Path", min_length=1, description="Below the API's address, such as /repos/octo-org/web.")
    query: dict[str, str] = Field(default={}, title="Query")
    body: Annotated[dict[str, Any], Json()] = Field(default={}, title="Body")


class Answer(Result):
    """What GitHub answered."""

    data: Any = None


def repeat_of_query(params: GraphQL, _settings: Any) -> Repeat:
    """A document without a mutation changes nothing."""
    return Repeat.UNKNOWABLE if "mutation" in params.query else Repeat.IDEMPOTENT


def repeat_of_call(params: ApiCall, _settings: Any) -> Repeat:
    """Reading can be repeated; of the rest nobody knows."""
    return Repeat.IDEMPOTENT if params.method == "GET" else Repeat.UNKNOWABLE


@action(scopes=SCOPES, repeat=Repeat.UNKNOWABLE, repeat_for=repeat_of_query)
async def graphql(params: GraphQL, ctx: ActionContext[GitHubClient]) -> Answer:
    """Ask GraphQL."""
    body = {"query": bounded(params.query, "query", QUERY_LIMIT), "variables": params.variables}

    def ask(github: Github) -> tuple[dict[str, Any], dict[str, Any]]:
        return github.requester.requestJsonAndCheck("POST", github.requester.graphql_url, input=body)

    changes = repeat_of_query(params, ctx.settings) is Repeat.UNKNOWABLE
    headers, answer = await (ctx.client.change(ask) if changes else ctx.client.read(ask))
    if answer.get("errors"):
        raise _refusal(answer, headers, ctx.now or utc_now())
    return Answer(data=answer.get("data"))


@action(scopes=SCOPES, repeat=Repeat.UNKNOWABLE, repeat_for=repeat_of_call)
async def api_call(params: ApiCall, ctx: ActionContext[GitHubClient]) -> Answer:
    """Call the REST API."""
    path = _checked(params.path.strip())
    body = params.body if params.method != "GET" and params.body else None

    def send(github: Github) -> Any:
        _, answer = github.requester.requestJsonAndCheck(params.method, path, params.query or None, input=body)
        return answer

    data = await (ctx.client.read(send) if params.method == "GET" else ctx.client.change(send))
    return Answer(data=data)


def _checked(path: str) -> str:
    """A path that stays below the API's address; raises InvalidInput."""
    bounded(path, "path", PATH_LIMIT)
    lowered = path.lower().replace("%2e", ".").replace("%2f", "/")
    odd = not path.startswith("/") or path.startswith("//") or not path.isascii() or not path.isprintable()
    if odd or set(path) & set(" \\#?") or any(part in (".", "..") for part in lowered.split("/")):
        raise InvalidInput({"path": "is not a path such as /repos/owner/name; a query has a field of its own"})
    return path


def _refusal(answer: dict[str, Any], headers: dict[str, Any], now: datetime) -> Rejected | RateLimited:
    """GraphQL says no in a 200 answer ("Rate limits and query limits for the GraphQL API")."""
    kinds = {str(one.get("type")) for one in answer["errors"] if isinstance(one, dict)}
    if "RATE_LIMITED" in kinds:
        return RateLimited(ERRORS["rate_limited"].advice, wait_of(headers, now))
    code = "not_found_or_no_access" if "NOT_FOUND" in kinds else "forbidden" if "FORBIDDEN" in kinds else "query_failed"
    said = message_of({"message": "", "errors": answer["errors"]}).removeprefix(": ")
    return Rejected(code, f"{ERRORS[code].advice} {said}".strip())
