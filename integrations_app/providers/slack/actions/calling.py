"""Any other method of the Web API, for what has no action of its own."""

import json
import re
from typing import Annotated, Any

from pydantic import Field

from integrations_app.errors import InvalidInput
from integrations_app.providers.slack.choices import PAGE, next_cursor
from integrations_app.providers.slack.client import SlackClient
from integrations_app.providers.slack.messages import slack_text
from integrations_app.sdk.actions import Params, Repeat, Result, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Escaped, Json

_METHOD = re.compile(r"[a-z][A-Za-z]*(\.[A-Za-z]+)+")
_READS = re.compile(
    r"(?:list|info|get|history|replies|members|test|counts|lookupByEmail|messages|files|all)(?:[A-Z]\w*)?"
)
_ABOUT_ACCESS = re.compile(r"(?:oauth|openid|tooling|apps|rtm)\..*|auth\.(?!test$|teams\.list$).*")
MOST_PAGES = 20
LARGEST = 1_000_000
"""Bytes of JSON that the pages may make together: less than what a step may give."""
_WRITING_READS = frozenset({"files.getUploadURLExternal"})


class ApiCall(Params):
    """Which method to call, with what."""

    method: str = Field(title="Method", min_length=1, description="Its name, such as conversations.members.")
    parameters: Annotated[dict[str, Any], Json(), Escaped(slack_text, keys=("text",))] = Field(
        default_factory=dict, title="Parameters", description="By their names in Slack's documentation."
    )
    paginate: str = Field(
        default="",
        title="Read all pages of",
        description=f"Name of the list in the answer, such as members; up to {MOST_PAGES} pages and 1 MiB.",
    )


class ApiAnswer(Result):
    """Slack's whole answer, under its own names."""

    ok: bool


def reads(method: str) -> bool:
    """Whether the method only reads, by the last part of its name: what is not known to read, writes."""
    return _READS.fullmatch(method.strip().rpartition(".")[2]) is not None and method.strip() not in _WRITING_READS


def repeat_of(params: Any, _settings: Any) -> Repeat:
    """What reads may be repeated; nobody can tell of what writes."""
    return Repeat.IDEMPOTENT if reads(params.method) else Repeat.UNKNOWABLE


@action(repeat=Repeat.UNKNOWABLE, repeat_for=repeat_of)
async def api_call(params: ApiCall, ctx: ActionContext[SlackClient]) -> ApiAnswer:
    """Call any method of the Web API.

    Methods that hand out, change or end the access itself are refused. Pages are read for methods that read:
    `has_more` says that some are left, and `response_metadata.next_cursor` where they begin.
    """
    method = params.method.strip()
    if not _METHOD.fullmatch(method):
        raise InvalidInput({"method": "is not the name of a method such as conversations.members"})
    if _ABOUT_ACCESS.fullmatch(method):
        raise InvalidInput({"method": "is about the access itself: connect, reconnect or disconnect instead"})
    if "token" in params.parameters:
        raise InvalidInput({"parameters": "may not hold a token: the connection's own is used"})
    given = {name: _as_text(value) for name, value in params.parameters.items() if value is not None}
    web, wanted = ctx.client.web, params.paginate.strip()
    if wanted and not reads(method):
        raise InvalidInput({"paginate": "is for methods that read"})
    if wanted:
        return ApiAnswer.model_validate(await _pages(ctx.client, method, given, wanted))
    if reads(method):
        answer = await ctx.client.read(web.api_call(method, http_verb="GET", params=given))
    else:
        answer = await ctx.client.change(web.api_call(method, data=given))
    return ApiAnswer.model_validate(answer.data)


async def _pages(client: SlackClient, method: str, given: dict[str, str], wanted: str) -> dict[str, Any]:
    """The last page's answer with the items of all of them; a page that would make it too large is left out."""
    given = {"limit": str(PAGE)} | given
    found: dict[str, Any] = {}
    items: list[Any] = []
    size, cursor = 0, given.get("cursor", "")
    for _ in range(MOST_PAGES):
        asked = given | ({"cursor": cursor} if cursor else {})
        answer = (await client.read(client.web.api_call(method, http_verb="GET", params=asked))).data
        page = answer.get(wanted) if isinstance(answer, dict) else None
        if not isinstance(answer, dict) or not isinstance(page, list):
            raise InvalidInput({"paginate": f"names no list in the answer: {wanted}"})
        size += len(json.dumps(page).encode())
        if items and size > LARGEST:
            break
        found, cursor = answer, next_cursor(answer)
        items += page
        if not cursor:
            break
    return found | {wanted: items, "response_metadata": {"next_cursor": cursor}, "has_more": bool(cursor)}


def _as_text(value: Any) -> str:
    """Slack takes every parameter as text in a form; what is not text is JSON in it."""
    return value if isinstance(value, str) else json.dumps(value)
