"""Any other method of the Web API, for what has no action of its own."""

import json
import re
from typing import Annotated, Any

from pydantic import Field

from integrations_app.errors import InvalidInput
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
_WRITING_READS = frozenset({"files.getUploadURLExternal"})


class ApiCall(Params):
    """Which method to call, with what."""

    method: str = Field(title="Method", min_length=1, description="Its name, such as conversations.members.")
    parameters: Annotated[dict[str, Any], Json(), Escaped(slack_text, keys=("text",))] = Field(
        default_factory=dict, title="Parameters", description="By their names in Slack's documentation."
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

    Methods that hand out, change or end the access itself are refused.
    """
    method = params.method.strip()
    if not _METHOD.fullmatch(method):
        raise InvalidInput({"method": "is not the name of a method such as conversations.members"})
    if _ABOUT_ACCESS.fullmatch(method):
        raise InvalidInput({"method": "is about the access itself: connect, reconnect or disconnect instead"})
    if "token" in params.parameters:
        raise InvalidInput({"parameters": "may not hold a token: the connection's own is used"})
    given = {name: _as_text(value) for name, value in params.parameters.items() if value is not None}
    web = ctx.client.web
    if reads(method):
        answer = await ctx.client.read(web.api_call(method, http_verb="GET", params=given))
    else:
        answer = await ctx.client.change(web.api_call(method, data=given))
    return ApiAnswer.model_validate(answer.data)


def _as_text(value: Any) -> str:
    """Slack takes every parameter as text in a form; what is not text is JSON in it."""
    return value if isinstance(value, str) else json.dumps(value)
