"""Queries in pages, searches, and the limits of the organisation."""

import re

from integrations_app.sandbox.salesforce.calls import Call, Json, Refusal, Reply, endpoint
from integrations_app.sandbox.salesforce.query import Reader, head, malformed
from integrations_app.sandbox.salesforce.schema import TEXT_TYPES, ObjectType
from integrations_app.sandbox.salesforce.settings import salesforce_settings
from integrations_app.sandbox.salesforce.soql import Malformed, parse
from integrations_app.sandbox.salesforce.state import Cursor, Row

SMALLEST_PAGE, LARGEST_PAGE = 200, 2000
SEARCH_LIMIT = 2000
SHORTEST_SEARCH = 2


@endpoint("GET", "/query")
def query(call: Call) -> Reply:
    """Answer a query."""
    return _query(call, deleted_too=False)


@endpoint("GET", "/queryAll")
def query_all(call: Call) -> Reply:
    """Answer a query, deleted records included."""
    return _query(call, deleted_too=True)


def _query(call: Call, *, deleted_too: bool) -> Reply:
    text = call.query.get("q")
    if text is None:
        raise malformed("A query string has to be specified")
    try:
        tree = parse(text)
    except Malformed as error:
        raise malformed(str(error)) from error
    total, records = Reader(call.org, call.data, call.world.clock(), deleted_too).answer(tree)
    return _page(call, total, records, _page_size(call))


def _page_size(call: Call) -> int:
    asked = re.search(r"batchSize=(\d+)", call.headers.get("sforce-query-options", ""))
    if asked:
        return min(max(int(asked.group(1)), SMALLEST_PAGE), LARGEST_PAGE)
    return salesforce_settings(call.world).page_size


def _page(call: Call, total: int, records: list[Json], size: int) -> Reply:
    answer: Json = {"totalSize": total, "done": len(records) <= size, "records": records[:size]}
    if not answer["done"]:
        name = f"01g{call.world.new_token(15)}"
        call.org.cursors[name] = Cursor(records, size)
        answer["nextRecordsUrl"] = f"{call.data}/query/{name}-{size}"
    return Reply(200, answer)


@endpoint("GET", "/query/{locator}")
def more(call: Call) -> Reply:
    """The next page of a long answer."""
    name, _, start = call.path["locator"].rpartition("-")
    cursor = call.org.cursors.get(name)
    if cursor is None or not start.isdigit():
        raise Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    at = int(start)
    answer: Json = {"totalSize": len(cursor.records), "records": cursor.records[at : at + cursor.size]}
    answer["done"] = at + cursor.size >= len(cursor.records)
    if not answer["done"]:
        answer["nextRecordsUrl"] = f"{call.data}/query/{name}-{at + cursor.size}"
    return Reply(200, answer)


@endpoint("GET", "/parameterizedSearch")
def search(call: Call) -> Reply:
    """Records whose texts hold every word of `q`; `sobject` and `fields` narrow and widen what is shown."""
    given = re.sub(r"\\(.)", r"\1", call.query.get("q", ""))
    words = re.findall(r"[\w*]+", given.casefold())
    if len("".join(words)) < SHORTEST_SEARCH:
        raise Refusal(400, "MALFORMED_SEARCH", "search term must be longer than one character")
    name = call.query.get("sobject", "")
    if "fields" in call.query and not name:
        raise Refusal(400, "INVALID_SEARCH", "fields needs at least one sobject")
    kinds = [call.object(name)] if name else list(call.org.objects.values())
    limit = call.query.get("defaultLimit", str(SEARCH_LIMIT))
    if not limit.isdigit():
        raise Refusal(400, "INVALID_SEARCH", f"defaultLimit is no number: {limit}")
    hits = [(kind, row) for kind in kinds for row in _hits(call, kind, words)[: int(limit)]]
    return Reply(200, {"searchRecords": [head(call.data, row) | _shown(call, kind, row) for kind, row in hits]})


def _hits(call: Call, kind: ObjectType, words: list[str]) -> list[Row]:
    names = [one.name for one in kind.fields.values() if one.type in TEXT_TYPES]
    hits = []
    for row in call.org.all_rows(kind.name):
        text = " ".join(str(row.values.get(name) or "") for name in names).casefold()
        if not row.deleted and all(word.strip("*") in text for word in words):
            hits.append(row)
    return hits


def _shown(call: Call, kind: ObjectType, row: Row) -> Json:
    names = [name.strip() for name in call.query.get("fields", "Id").split(",") if name.strip()]
    unknown = [name for name in names if kind.field(name) is None]
    if unknown:
        raise Refusal(400, "INVALID_FIELD", f"No such column '{unknown[0]}' on entity '{kind.name}'")
    return {one.name: row.values.get(one.name) for name in names if (one := kind.field(name))}


@endpoint("GET", "/limits")
def limits(call: Call) -> Reply:
    """What is left of the organisation's budget."""
    most = salesforce_settings(call.world).api_limit
    left = max(most - call.org.calls, 0)
    return Reply(
        200,
        {
            "DailyApiRequests": {"Max": most, "Remaining": left},
            "DataStorageMB": {"Max": 5, "Remaining": 5},
            "FileStorageMB": {"Max": 20, "Remaining": 20},
        },
    )


@endpoint("GET", "/")
def resources(call: Call) -> Reply:
    """Where everything is."""
    names = ("sobjects", "query", "queryAll", "parameterizedSearch", "composite", "limits")
    return Reply(200, {name: f"{call.data}/{name}" for name in names})
