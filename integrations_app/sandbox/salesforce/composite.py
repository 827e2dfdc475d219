"""Several calls in one: composite, batch, and collections of records."""

import copy
import re
from collections.abc import Callable
from typing import Any

from integrations_app.sandbox.salesforce import records
from integrations_app.sandbox.salesforce.calls import (
    Call,
    Json,
    Refusal,
    Reply,
    as_object,
    dispatch_inner,
    endpoint,
    not_found,
)
from integrations_app.sandbox.salesforce.schema import ObjectType
from integrations_app.sandbox.salesforce.sobjects import SeveralRows, made, upsert

PARTS = 25
ROWS = 200
FAILED = 400
_REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}")


def _list(body: Any, name: str, most: int) -> list[Json]:
    found = as_object(body).get(name)
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        raise Refusal(400, "JSON_PARSER_ERROR", f"Missing or unreadable member {name}")
    if len(found) > most:
        raise Refusal(400, "EXCEEDED_MAX_SUBREQUESTS", f"record limit reached. cannot submit more than {most} records")
    return found


class _Undo:
    """Takes every change of the rows back."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._rows = {name: dict(rows) for name, rows in call.org.rows.items()}
        self._states = {
            id(row): (dict(row.values), row.deleted) for rows in self._rows.values() for row in rows.values()
        }

    def undo(self) -> None:
        self._call.org.rows = self._rows
        for rows in self._rows.values():
            for row in rows.values():
                values, row.deleted = self._states[id(row)]
                row.values = dict(values)


@endpoint("POST", "/composite")
def composite(call: Call) -> Reply:
    """Up to 25 calls in order, each able to name the answers before it with `@{reference.member}`."""
    parts = _list(call.body, "compositeRequest", PARTS)
    undo, known = _Undo(call), dict[str, Any]()
    answers: list[Json] = []
    for part in parts:
        reference = str(part.get("referenceId", ""))
        try:
            url = str(_filled(part.get("url", ""), known))
            reply = dispatch_inner(call, str(part.get("method", "GET")), url, _filled(part.get("body"), known))
        except Refusal as refusal:
            reply = Reply(refusal.status, refusal.body())
        known[reference] = reply.body if reply.status < FAILED else None
        answers.append(
            {
                "body": copy.deepcopy(reply.body),
                "httpHeaders": reply.headers,
                "httpStatusCode": reply.status,
                "referenceId": reference,
            }
        )
    if call.body.get("allOrNone") is True and any(one["httpStatusCode"] >= FAILED for one in answers):
        undo.undo()
        for one in answers:
            if one["httpStatusCode"] < FAILED:
                message = "The transaction was rolled back since another operation in the same transaction failed."
                one["body"] = Refusal(400, "PROCESSING_HALTED", message).body()
                one["httpStatusCode"] = FAILED
    return Reply(200, {"compositeResponse": answers})


def _filled(value: Any, known: dict[str, Any]) -> Any:
    """The value with every `@{…}` replaced by what the earlier answer holds."""
    if isinstance(value, dict):
        return {name: _filled(one, known) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, known) for one in value]
    if not isinstance(value, str):
        return value
    return _REFERENCE.sub(lambda match: str(_looked_up(match, known)), value)


def _looked_up(match: re.Match[str], known: dict[str, Any]) -> Any:
    found: Any = known.get(match.group(1))
    for name, place in re.findall(r"\.(\w+)|\[(\d+)\]", match.group(2)):
        try:
            found = found[int(place)] if place else found[name]
        except (KeyError, IndexError, TypeError):
            found = None
    if found is None:
        message = f"Invalid reference specified. No value for {match.group(0)[2:-1]} found"
        raise Refusal(400, "PROCESSING_HALTED", message)
    return found


@endpoint("POST", "/composite/batch")
def batch(call: Call) -> Reply:
    """Up to 25 calls that know nothing of each other."""
    results, halted = [], False
    for part in _list(call.body, "batchRequests", PARTS):
        if halted:
            reply = Reply(412, Refusal(412, "BATCH_PROCESSING_HALTED", "Batch processing halted").body())
        else:
            url = str(part.get("url", ""))
            reply = dispatch_inner(call, str(part.get("method", "GET")), f"/services/data/{url}", part.get("richInput"))
        halted = halted or (reply.status >= FAILED and call.body.get("haltOnError") is True)
        results.append({"statusCode": reply.status, "result": reply.body})
    return Reply(200, {"hasErrors": any(one["statusCode"] >= FAILED for one in results), "results": results})


def _each(call: Call, act: Callable[[Json], Json]) -> Reply:
    """Do the same with every row; with allOrNone one failure takes all of it back."""
    undo, results = _Undo(call), []
    for given in _list(call.body, "records", ROWS):
        try:
            results.append(act(given))
        except Refusal as refusal:
            results.append({"success": False, "errors": [refusal.row_error()]})
        except SeveralRows:
            error = {"statusCode": "DUPLICATE_EXTERNAL_ID", "message": "duplicate external id", "fields": []}
            results.append({"success": False, "errors": [error]})
    return Reply(200, _all_or_none(call.body.get("allOrNone") is True, results, undo))


def _all_or_none(wanted: bool, results: list[Json], undo: _Undo) -> list[Json]:
    if not wanted or all(one["success"] for one in results):
        return results
    undo.undo()
    message = "Record rolled back because not all records were valid and the request was using AllOrNone header"
    rolled_back = {"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "message": message, "fields": []}
    return [{"success": False, "errors": [rolled_back]} if one["success"] else one for one in results]


def _kind(call: Call, given: Json) -> ObjectType:
    name = (given.get("attributes") or {}).get("type", "")
    found = call.org.object(str(name))
    if found is None:
        raise Refusal(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return found


@endpoint("POST", "/composite/sobjects")
def create_rows(call: Call) -> Reply:
    """Create up to 200 records."""
    owner, now = call.token.user_id, call.world.clock()
    return _each(call, lambda given: made(records.create(call.org, owner, _kind(call, given), given, now)))


@endpoint("PATCH", "/composite/sobjects")
def update_rows(call: Call) -> Reply:
    """Update up to 200 records, each naming its id."""

    def change(given: Json) -> Json:
        identifier = str(given.get("id", given.get("Id", "")))
        row = call.row(_kind(call, given), identifier)
        values = {name: value for name, value in given.items() if name.lower() != "id"}
        records.update(call.org, row, values, call.world.clock())
        return made(row)

    return _each(call, change)


@endpoint("PATCH", "/composite/sobjects/{object}/{field}")
def upsert_rows(call: Call) -> Reply:
    """Upsert up to 200 records by an external id."""
    kind, name = call.object(), call.path["field"]

    def put(given: Json) -> Json:
        value = next((one for key, one in given.items() if key.lower() == name.lower()), None)
        if value is None:
            raise Refusal(400, "MISSING_ARGUMENT", f"{name} not specified")
        row, created = upsert(call, kind, name, str(value), given)
        return made(row, created=created)

    return _each(call, put)


@endpoint("DELETE", "/composite/sobjects")
def delete_rows(call: Call) -> Reply:
    """Delete up to 200 records named in `ids`."""
    identifiers = [one for one in call.query.get("ids", "").split(",") if one]
    if not 0 < len(identifiers) <= ROWS:
        raise Refusal(400, "INVALID_ID_FIELD", "ids must name 1 to 200 records")
    undo, results = _Undo(call), []
    for identifier in identifiers:
        try:
            kind = next((one for one in call.org.objects.values() if identifier.startswith(one.prefix)), None)
            if kind is None:
                raise not_found()
            row = call.row(kind, identifier)
            records.delete(row, call.world.clock())
            results.append(made(row))
        except Refusal as refusal:
            results.append({"id": identifier, "success": False, "errors": [refusal.row_error()]})
    return Reply(200, _all_or_none(call.query.get("allOrNone") == "true", results, undo))
