"""What the settings show of an endpoint, as small frozen rows; pure functions only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from integrations_app.ui.pages.event_rows import DOTS, WORDS
from integrations_app.ui.pages.run_words import iso
from integrations_app.workflows.endpoint_overview import EndpointOverview, LastDelivery, Users
from integrations_app.workflows.inbound import NONE
from integrations_app.workflows.rejections import REJECTED

NONE_YET = "Nothing came yet"


@dataclass(frozen=True)
class UserLine:
    """A workflow that stands on the endpoint."""

    name: str
    href: str


@dataclass(frozen=True)
class EndpointLine:
    """One endpoint."""

    id: str
    name: str
    url: str
    way: str
    """How senders prove who they are."""
    curl: str
    dot: str
    word: str
    last_at: str
    last_href: str
    former_until: str
    """Until when the former secret is taken too; empty when it is not."""
    signed: bool
    per_minute: str
    limited_at: str
    """When the cap last turned a delivery away; empty when it never did."""
    algorithm: str
    """Of the sender's tokens; empty for another way to prove who they are."""
    keyed: bool
    """Tokens are signed with a key of which only the public half is here."""
    issuer: str
    audience: str
    answer_seconds: str
    """How long a delivery waits for what its run answers; 0: not at all."""
    allowed: str
    """Addresses and networks that deliveries may come from, each on a line; empty for any."""
    allowed_words: str
    users: list[UserLine] = field(default_factory=list)


def endpoint_line(one: EndpointOverview, ways: Mapping[str, str], curl: str) -> EndpointLine:
    """An endpoint in words."""
    last = one.last
    return EndpointLine(
        id=one.row.id,
        name=one.row.name,
        url=one.row.url,
        way=ways.get(one.row.kind, one.row.kind),
        curl=curl,
        dot=DOTS[last.verdict] if last else "none",
        word=_word(last),
        last_at=iso(last.at) if last else "",
        last_href=f"/events/{last.event_id}" if last else "",
        former_until=iso(one.row.former_until) if one.row.former_until else "",
        signed=one.row.kind != NONE,
        per_minute=str(one.row.per_minute),
        limited_at=iso(one.row.limited_at) if one.row.limited_at else "",
        algorithm=one.row.jwt["algorithm"] if one.row.jwt else "",
        keyed=not one.row.rule.is_shared,
        issuer=one.row.rule.issuer,
        audience=one.row.rule.audience,
        answer_seconds=str(one.row.answer_seconds),
        allowed="\n".join(one.row.allowed_addresses),
        allowed_words=_allowed_words(one.row.allowed_addresses),
        users=user_lines(one.users),
    )


def user_lines(users: Users) -> list[UserLine]:
    """The live workflows, then those whose draft names it."""
    live = [UserLine(name, f"/workflows/{workflow_id}") for workflow_id, name in users.live]
    drafts = [UserLine(f"{name} (draft)", f"/workflows/{workflow_id}") for workflow_id, name in users.drafts]
    return [*live, *drafts]


def _allowed_words(allowed: tuple[str, ...]) -> str:
    if not allowed:
        return "any address"
    more = f" and {len(allowed) - 1} more" if len(allowed) > 1 else ""
    return f"{allowed[0]}{more} only"


def _word(last: LastDelivery | None) -> str:
    if last is None:
        return NONE_YET
    return f"{WORDS[last.verdict]}: {last.reason}" if last.verdict == REJECTED else WORDS[last.verdict]
