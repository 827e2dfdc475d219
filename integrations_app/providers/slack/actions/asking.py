"""Asking people: a message with buttons, and a run that sleeps until somebody presses one."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from integrations_app.errors import InvalidInput, Rejected
from integrations_app.providers.slack.actions.fields import Text, post
from integrations_app.providers.slack.choices import list_channels, list_users
from integrations_app.providers.slack.client import SlackClient
from integrations_app.providers.slack.errors import too_long
from integrations_app.providers.slack.find import conversation_id, find_in
from integrations_app.providers.slack.messages import (
    Message,
    answered_blocks,
    check_text,
    question_blocks,
    slack_text,
)
from integrations_app.sdk.actions import Params, Repeat, Result, action
from integrations_app.sdk.context import ActionContext, utc_now
from integrations_app.sdk.forms import Choices
from integrations_app.sdk.waiting import Later, Waited

QUESTION_LIMIT = 2900
"""Characters: a section takes 3,000."""
MOST_BUTTONS, BUTTON_LIMIT = 5, 75
LONGEST_MINUTES = 30 * 24 * 60
TIMED_OUT = "timed_out"


class SendAndWait(Params):
    """Whom to ask what, and for how long to wait."""

    channel: Annotated[str, Choices(list_channels)] = Field(
        default="", title="Channel", description="A channel, its id or #name; or choose a person."
    )
    user: Annotated[str, Choices(list_users)] = Field(default="", title="Person")
    text: Text
    buttons: list[str] = Field(default=["Approve", "Reject"], title="Buttons", description="One to five.")
    timeout_minutes: int = Field(default=1440, title="Wait at most (minutes)", ge=1, le=LONGEST_MINUTES)
    on_timeout: Literal["fail", "continue"] = Field(
        default="fail", title="When nobody answers", description="Continue: with an empty choice."
    )


class Chosen(Result):
    """Who chose what; `choice` and `user` are empty when nobody did in time."""

    choice: str
    user: str
    channel: str
    ts: str
    timed_out: bool


async def find_question(params: SendAndWait, ctx: ActionContext[SlackClient]) -> Later | None:
    """Look for the message of this operation: then it is waited for, not sent again."""
    found = await find_in(ctx, await conversation_id(ctx.client, _target(params)))
    return _later(params, ctx, found) if found else None


async def resume(params: SendAndWait, waited: Waited, ctx: ActionContext[SlackClient]) -> Chosen:
    """Take the buttons off, which may be done twice, and say what was chosen."""
    channel, ts = str(waited.state["channel"]), str(waited.state["ts"])
    answer = waited.answer
    end = f"*{slack_text(answer['choice'])}* · <@{answer['user']}>" if answer else "_Nobody answered in time._"
    try:
        await ctx.client.change(
            ctx.client.web.chat_update(
                channel=channel, ts=ts, text=params.text, blocks=answered_blocks(params.text, end)
            )
        )
    except Rejected as error:
        if error.code != "message_not_found":  # deleted meanwhile: the answer stands
            raise
    if answer is None and params.on_timeout == "fail":
        raise Rejected(TIMED_OUT, "Nobody answered in time.")
    choice, user = (str(answer["choice"]), str(answer["user"])) if answer else ("", "")
    return Chosen(choice=choice, user=user, channel=channel, ts=ts, timed_out=answer is None)


@action(scopes=("chat:write", "im:write"), repeat=Repeat.RECONCILABLE, find=find_question, resume=resume)
async def send_and_wait(params: SendAndWait, ctx: ActionContext[SlackClient]) -> Chosen | Later:
    """Ask with buttons and wait for the answer.

    The first press counts. The Slack app needs Interactivity with the product's Request URL.
    """
    check_text(params.text, None)
    if len(params.text) > QUESTION_LIMIT:
        raise too_long("text", QUESTION_LIMIT)
    blocks = question_blocks(ctx.operation_id, params.text, _buttons(params))
    channel = await conversation_id(ctx.client, _target(params))
    return _later(params, ctx, await post(ctx, channel=channel, text=params.text, blocks=blocks))


def _target(params: SendAndWait) -> str:
    channel, user = params.channel.strip(), params.user.strip()
    if bool(channel) is bool(user):
        raise InvalidInput({"channel": "or a person: choose one of them"})
    return channel or user


def _buttons(params: SendAndWait) -> list[str]:
    found = list(dict.fromkeys(name.strip() for name in params.buttons if name.strip()))
    if not 1 <= len(found) <= MOST_BUTTONS or any(len(name) > BUTTON_LIMIT for name in found):
        raise InvalidInput({"buttons": f"are one to {MOST_BUTTONS} texts of at most {BUTTON_LIMIT} characters"})
    return found


def _later(params: SendAndWait, ctx: ActionContext[SlackClient], message: Message) -> Later:
    began: datetime = ctx.started or ctx.now or utc_now()
    state = {"channel": message.channel, "ts": message.ts}
    return Later(state, began + timedelta(minutes=params.timeout_minutes))
