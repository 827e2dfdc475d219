"""Ends of the audit chains, written down outside the database: against them a cut tail is found."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlmodel import Session, col

from integrations_app.kit.tenancy import across_organizations
from integrations_app.organizations import audit
from integrations_app.organizations.audit import Head
from integrations_app.organizations.keys import Keyring
from integrations_app.organizations.models import AuditEvent


@dataclass(frozen=True, slots=True)
class BadChain:
    """A chain that does not hold, and the first sequence number where it does not."""

    organization_id: str
    sequence: int


def list_chains(session: Session) -> list[str]:
    """Ids of every organisation with an audit chain, `system` among them."""
    with across_organizations("verification of every audit chain"):
        return sorted(session.execute(select(col(AuditEvent.organization_id)).distinct()).scalars())


def verify_all(session: Session, keyring: Keyring, known: Mapping[str, Head]) -> list[BadChain]:
    """For the command `audit verify`: every chain that does not hold; `known` comes from `read_heads`."""
    chains = sorted({*list_chains(session), *known})
    checked = ((chain, audit.verify(session, keyring, chain, known.get(chain))) for chain in chains)
    return [BadChain(chain, bad) for chain, bad in checked if bad is not None]


def write_heads(session: Session, keyring: Keyring, path: Path, now: datetime) -> int:
    """Append the end of every chain that has grown, one signed JSON line each, to the file (0600); their number."""
    known = read_heads(keyring, path)
    heads = [audit.head(session, chain) for chain in list_chains(session)]
    grown = [one for one in heads if one != known.get(one.organization_id)]
    if not grown:
        return 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        for one in grown:
            line = {**asdict(one), "at": now.isoformat()}
            file.write(json.dumps({**line, "signature": _sign(keyring, line)}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return len(grown)


def read_heads(keyring: Keyring, path: Path) -> dict[str, Head]:
    """The furthest head of every chain in the file; lines that do not verify (torn, foreign) are passed over."""
    if not path.exists():
        return {}
    furthest: dict[str, Head] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        found = _parse(keyring, text)
        if found is not None and found.sequence >= furthest.get(found.organization_id, found).sequence:
            furthest[found.organization_id] = found
    return furthest


def _parse(keyring: Keyring, text: str) -> Head | None:
    try:
        line = json.loads(text)
        signature = line.pop("signature")
        if signature != _sign(keyring, line):
            return None
        return Head(line["organization_id"], line["sequence"], line["mac"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _sign(keyring: Keyring, line: Mapping[str, object]) -> str:
    return keyring.mac("audit head", json.dumps(line, sort_keys=True).encode())
