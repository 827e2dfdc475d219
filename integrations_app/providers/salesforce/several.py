"""Several records in one call, each with its own result; and files, whose content goes into a record."""

import base64
import binascii
from typing import Any, Literal

from integrations_app.errors import InvalidInput, OutcomeUnknown, Unavailable
from integrations_app.providers.salesforce.client import SalesforceClient
from integrations_app.providers.salesforce.errors import ERRORS, LOCK_WAIT
from integrations_app.providers.salesforce.names import api_name
from integrations_app.sdk.actions import Result

MOST = 200
"""Records in one call ("Update Multiple Records with Fewer Round-Trips" of the REST guide)."""
LOCKED = "unable_to_lock_row"
FILE_LIMIT = 25 * 1024 * 1024
"""Bytes; the vendor takes 37.5 MB in a JSON body."""
Encoding = Literal["text", "base64"]


class Row(Result):
    """What became of one record, in the order they were given."""

    id: str | None = None
    success: bool
    created: bool | None = None
    code: str = ""
    message: str = ""


class Rows(Result):
    """What became of each record; `failed` counts those that were refused."""

    failed: int
    rows: list[Row]


async def upsert(
    client: SalesforceClient, name: str, key: str, records: list[dict[str, Any]], *, all_or_none: bool
) -> Rows:
    """Create or update each record by its external id."""
    if not 0 < len(records) <= MOST:
        raise InvalidInput({"records": f"must be 1 to {MOST}"}, "", "input_too_long" if records else "invalid_input")
    wrong = {f"records.{at}": f"has no value for {key}" for at, one in enumerate(records) if one.get(key) in (None, "")}
    if wrong:
        raise InvalidInput(wrong)
    sent = [{"attributes": {"type": name}} | _named(at, one) for at, one in enumerate(records)]
    body = {"allOrNone": all_or_none, "records": sent}
    answer = await client.change("PATCH", f"/composite/sobjects/{name}/{key}", body)
    if not isinstance(answer.body, list) or len(answer.body) != len(records):
        raise OutcomeUnknown("Salesforce's answer does not tell what became of the records.")
    rows = [_row(one) for one in answer.body]
    if any(row.code == LOCKED for row in rows):
        # All of it is safe to repeat, so that those that were held by another change get their turn.
        raise Unavailable(ERRORS[LOCKED].advice, LOCK_WAIT)
    return Rows(failed=sum(not row.success for row in rows), rows=rows)


def _named(at: int, record: dict[str, Any]) -> dict[str, Any]:
    return {api_name(f"records.{at}.{name}", name): value for name, value in record.items()}


def _row(answer: Any) -> Row:
    found = answer if isinstance(answer, dict) else {}
    errors = found.get("errors") or [{}]
    first = errors[0] if isinstance(errors[0], dict) else {}
    code = str(first.get("statusCode") or "").lower()
    advice = ERRORS[code].advice if code in ERRORS else ""
    return Row(
        id=found.get("id"),
        success=found.get("success") is True,
        created=found.get("created"),
        code=code,
        message=f"{advice} {first.get('message') or ''}".strip()[:500],
    )


def file_content(content: str, encoding: Encoding) -> str:
    """The content of a file as base64; raises InvalidInput for what is not base64 or too long."""
    try:
        raw = content.encode() if encoding == "text" else base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput({"content": "is not base64"}) from None
    if len(raw) > FILE_LIMIT:
        raise InvalidInput({"content": f"may hold at most {FILE_LIMIT:,} bytes"}, "", "input_too_long")
    return base64.b64encode(raw).decode()
