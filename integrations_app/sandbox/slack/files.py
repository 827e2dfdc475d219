"""The three-step file upload of the emulated Slack."""

from typing import Any

from integrations_app.sandbox.slack import events
from integrations_app.sandbox.slack.calls import Call, Json, SlackError, method
from integrations_app.sandbox.slack.state import Channel, Message, Upload, slack_of


@method("files.getUploadURLExternal", "files:write")
def get_upload_url(call: Call) -> Json:
    """Hand out an address for the bytes of a file of known length."""
    filename = call.required("filename")
    try:
        length = int(call.required("length"))
    except ValueError as error:
        raise SlackError("invalid_arguments") from error
    if length <= 0:
        raise SlackError("invalid_arguments")
    upload = Upload(slack_of(call.world).next_id("F"), call.team.id, call.token.user_id, filename, length)
    secret = call.world.new_token(24)
    slack_of(call.world).uploads[secret] = upload
    return {"upload_url": f"{call.base}/slack/api/upload/{secret}", "file_id": upload.id}


@method("files.completeUploadExternal", "files:write")
def complete_upload(call: Call) -> Json:
    """Finish uploads and share them into a channel when one is named."""
    wanted = call.structure("files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted:
        raise SlackError("invalid_arguments")
    uploads = [_finished(call, item) for item in wanted]
    views = [_view(upload, item) for upload, item in zip(uploads, wanted, strict=True)]
    if channel_id := call.text("channel_id") or call.text("channels"):
        channel = call.channel(channel_id)
        if call.token.user_id not in channel.members:
            raise SlackError("not_in_channel")
        _share(call, channel, views)
    for upload in uploads:
        upload.completed = True
    return {"files": views}


def _finished(call: Call, item: Any) -> Upload:
    wanted = item.get("id") if isinstance(item, dict) else None
    for upload in slack_of(call.world).uploads.values():
        if upload.id == wanted and upload.user_id == call.token.user_id and not upload.completed:
            if upload.content is None:
                raise SlackError("file_not_found")
            return upload
    raise SlackError("file_not_found")


def _view(upload: Upload, item: Json) -> Json:
    title = str(item.get("title") or upload.filename)
    return {"id": upload.id, "name": upload.filename, "title": title, "size": upload.length, "user": upload.user_id}


def _share(call: Call, channel: Channel, views: list[Json]) -> None:
    thread_ts = call.text("thread_ts")
    if thread_ts and channel.message(thread_ts) is None:
        raise SlackError("thread_not_found")
    message = Message(
        slack_of(call.world).next_ts(call.now), call.token.user_id, call.text("initial_comment"), call.team.id
    )
    message.thread_ts, message.files = thread_ts, views
    if call.token.kind == "bot":
        message.bot_id, message.app_id = (call.installation.bot_id, call.installation.app_id)
    channel.messages.append(message)
    events.push_message(call.world, channel, message, "file_share")
