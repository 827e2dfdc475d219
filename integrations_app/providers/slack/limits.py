"""What Slack says of the calls that are left: nothing until it is too many, then how long to wait, method by method.

Source: docs.slack.dev "Rate limits": tiers per method, app and workspace; posting about one message a second.
"""

import re
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urlsplit

from integrations_app.kit.rate_budget import Reading
from integrations_app.sdk.limits import Answered, Limits

TIERS = MappingProxyType({1: 60.0, 2: 3.0, 3: 1.2, 4: 0.6})
"""Seconds between two calls at the pace that the tier promises."""
TIER_OF = MappingProxyType(
    {
        "apps.uninstall": 1,
        "conversations.list": 2,
        "conversations.create": 2,
        "conversations.archive": 2,
        "conversations.setTopic": 2,
        "conversations.setPurpose": 2,
        "conversations.rename": 2,
        "users.list": 2,
        "reactions.remove": 2,
        "chat.postEphemeral": 4,
        "users.info": 4,
        "conversations.members": 4,
        "files.getUploadURLExternal": 4,
        "files.completeUploadExternal": 4,
    }
)
"""Methods in another tier than the usual third."""
POSTING = frozenset({"chat.postMessage", "chat.postEphemeral", "chat.scheduleMessage"})
ONE_A_SECOND = 1.0
UPLOAD = "upload"
_METHOD = re.compile(r"[A-Za-z]+(\.[A-Za-z0-9]+)+")


def bucket_of(_method: str, url: str) -> str:
    """The name of the Web API method, which Slack counts alone; the secret addresses of uploads are one."""
    name = urlsplit(url).path.rpartition("/")[2][:60]
    return name if _METHOD.fullmatch(name) else UPLOAD


def read_limits(answered: Answered) -> Reading | None:
    """A refusal tells how long to wait; before it Slack says nothing."""
    if answered.status != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    pace = ONE_A_SECOND if answered.bucket in POSTING else TIERS[TIER_OF.get(answered.bucket, 3)]
    return Reading(answered.bucket, refused=True, pause=answered.retry_after, spacing=pace)


LIMITS = Limits(read=read_limits, bucket=bucket_of)
