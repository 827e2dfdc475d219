"""Several records in one call, each with its own result; and files, whose content goes into a record."""

import base64
import binascii
from typing import Any, Literal

from integrations_app.errors import InvalidInput, OutcomeUnknown, Rejected, Unavailable
from integrations_app.providers.salesforce.client import SalesforceClient
from integrations_app.providers.salesforce.errors import ERRORS, LOCK_WAIT
from integrations_app.providers.salesforce.names import api_name, record_id
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
    _require_few("records", records)
    wrong = {f"records.{at}": f"has no value for {key}" for at, one in enumerate(records) if one.get(key) in (None, "")}
    if wrong:
        raise InvalidInput(wrong)
    body = _body(name, records, all_or_none=all_or_none)
    answer = await client.change("PATCH", f"/composite/sobjects/{name}/{key}", body)
    return _repeatable(_read(answer.body, len(records)))


async def create(client: SalesforceClient, name: str, records: list[dict[str, Any]], *, all_or_none: bool) -> Rows:
    """Create each record. Only what was taken back as a whole is safe to repeat: the rest would be created twice."""
    _require_few("records", records)
    answer = await client.change("POST", "/composite/sobjects", _body(name, records, all_or_none=all_or_none))
    rows = _read(answer.body, len(records))
    return _repeatable(rows) if all_or_none else _counted(rows)


async def update(client: SalesforceClient, name: str, records: list[dict[str, Any]], *, all_or_none: bool) -> Rows:
    """Change each record, which names its id as `Id` or `id`."""
    _require_few("records", records)
    identified = [
        {"id": record_id(f"records.{at}.id", str(one.get("Id") or one.get("id") or ""))}
        | {field: value for field, value in one.items() if field.lower() != "id"}
        for at, one in enumerate(records)
    ]
    answer = await client.change("PATCH", "/composite/sobjects", _body(name, identified, all_or_none=all_or_none))
    return _repeatable(_read(answer.body, len(records)))


async def delete(client: SalesforceClient, ids: list[str], *, all_or_none: bool) -> Rows:
    """Delete each record; one that is deleted already counts as done."""
    _require_few("ids", ids)
    named = ",".join(record_id(f"ids.{at}", one) for at, one in enumerate(ids))
    path = f"/composite/sobjects?ids={named}&allOrNone={'true' if all_or_none else 'false'}"
    rows = _read((await client.change("DELETE", path)).body, len(ids))
    gone = [row if row.code != "entity_is_deleted" else Row(id=ids[at], success=True) for at, row in enumerate(rows)]
    return _repeatable(gone)


def refuse_partly(done: Rows, *, all_or_none: bool) -> Rows:
    """The rows; raises Rejected with the first refusal when all or none was asked for and one was refused."""
    if all_or_none and done.failed:
        refused = [row for row in done.rows if row.code and row.code != "all_or_none_operation_rolled_back"]
        first = refused[0] if refused else done.rows[0]
        raise Rejected(first.code or "all_or_none_operation_rolled_back", f"Nothing was written. {first.message}")
    return done


def _require_few(field: str, given: list[Any]) -> None:
    if not 0 < len(given) <= MOST:
        raise InvalidInput({field: f"must be 1 to {MOST}"}, "", "input_too_long" if given else "invalid_input")


def _body(name: str, records: list[dict[str, Any]], *, all_or_none: bool) -> dict[str, Any]:
    sent = [{"attributes": {"type": name}} | _named(at, one) for at, one in enumerate(records)]
    return {"allOrNone": all_or_none, "records": sent}


def _read(body: Any, count: int) -> list[Row]:
    if not isinstance(body, list) or len(body) != count:
        raise OutcomeUnknown("Salesforce's answer does not tell what became of the records.")
    return [_row(one) for one in body]


def _counted(rows: list[Row]) -> Rows:
    return Rows(failed=sum(not row.success for row in rows), rows=rows)


def _repeatable(rows: list[Row]) -> Rows:
    """All of it is safe to repeat, so that those that were held by another change get their turn."""
    if any(row.code == LOCKED for row in rows):
        raise Unavailable(ERRORS[LOCKED].advice, LOCK_WAIT)
    return _counted(rows)


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
