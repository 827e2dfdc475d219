"""Files: uploaded in three steps, the last of which makes them seen."""

import base64
import binascii
from typing import Annotated, Any, Literal

from pydantic import Field

from integrations_app.errors import InvalidInput
from integrations_app.providers.slack.actions.fields import Channel
from integrations_app.providers.slack.client import SlackClient
from integrations_app.providers.slack.errors import too_long
from integrations_app.providers.slack.find import conversation_id
from integrations_app.providers.slack.messages import read_timestamp, slack_text
from integrations_app.sdk.actions import Params, Repeat, Result, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Escaped, Multiline

FILE_LIMIT = 8 * 1024 * 1024
"""Bytes."""


class UploadFile(Params):
    """What to upload, and where to share it."""

    channel: Channel
    filename: str = Field(title="File name", min_length=1, max_length=255)
    content: Annotated[str, Multiline()] = Field(title="Content", min_length=1)
    encoding: Literal["text", "base64"] = Field(
        default="text", title="Content is", description="Base64 for what is not text, such as an image."
    )
    title: str = Field(default="", title="Title", description="None: the file name.")
    initial_comment: Annotated[str, Multiline(), Escaped(slack_text)] = Field(
        default="", title="Message", description="Posted with the file, in Slack's mrkdwn."
    )
    thread_ts: str = Field(default="", title="Thread", description="Timestamp of the thread's first message; or none.")


class File(Result):
    """The file that was shared."""

    id: str
    title: str
    channel: str
    permalink: str = ""


@action(scopes=("files:write",), repeat=Repeat.UNKNOWABLE)
async def upload_file(params: UploadFile, ctx: ActionContext[SlackClient]) -> File:
    """Upload a file and share it in a channel.

    Until its last step nobody sees anything: what is lost before it is repeated.
    """
    content, title = _bytes(params), params.title.strip() or params.filename
    thread = read_timestamp("thread_ts", params.thread_ts) if params.thread_ts.strip() else None
    channel, web = await conversation_id(ctx.client, params.channel), ctx.client.web
    place = await ctx.client.read(web.files_getUploadURLExternal(filename=params.filename, length=len(content)))
    await ctx.client.upload(str(place["upload_url"]), content)
    shared: dict[str, Any] = {"channel_id": channel, "thread_ts": thread}
    if params.initial_comment.strip():
        shared["initial_comment"] = params.initial_comment
    wanted: Any = [{"id": str(place["file_id"]), "title": title}]
    answer = await ctx.client.change(web.files_completeUploadExternal(files=wanted, **shared))
    found: dict[str, Any] = next(iter(answer.get("files") or []), {})
    return File(
        id=str(place["file_id"]),
        title=str(found.get("title") or title),
        channel=channel,
        permalink=str(found.get("permalink") or ""),
    )


def _bytes(params: UploadFile) -> bytes:
    if len(params.content) > 2 * FILE_LIMIT:
        raise too_long("content", FILE_LIMIT)
    if params.encoding == "base64":
        try:
            content = base64.b64decode("".join(params.content.split()), validate=True)
        except (binascii.Error, ValueError):
            raise InvalidInput({"content": "is not Base64"}) from None
    else:
        content = params.content.encode("utf-8", "replace")
    if len(content) > FILE_LIMIT:
        raise InvalidInput({"content": f"may hold at most {FILE_LIMIT // 1024 // 1024} MiB"}, "", "input_too_long")
    if not content:
        raise InvalidInput({"content": "is empty"})
    return content
