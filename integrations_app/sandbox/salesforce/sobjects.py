"""One record at a time: create, read, update, delete, upsert by external id."""

from typing import Any

from integrations_app.sandbox.salesforce import records
from integrations_app.sandbox.salesforce.calls import Call, Refusal, Reply, endpoint, not_found
from integrations_app.sandbox.salesforce.query import head
from integrations_app.sandbox.salesforce.schema import ObjectType
from integrations_app.sandbox.salesforce.state import Row


def made(row: Row, **more: Any) -> dict[str, Any]:
    """What a successful write answers."""
    return {"id": row.id, "success": True, "errors": []} | more


def upsert(call: Call, kind: ObjectType, name: str, value: str, given: dict[str, Any]) -> tuple[Row, bool]:
    """Update the row with this external id, or create it; raises Refusal, 300 for several."""
    rows = records.find_by(call.org, kind, name, value)
    if len(rows) > 1:
        raise SeveralRows(rows)
    values = {key: one for key, one in given.items() if key.lower() != name.lower()}
    found = kind.field(name)
    if rows:
        records.update(call.org, rows[0], values, call.world.clock())
        return rows[0], False
    if found is None or found.type == "id" or call.query.get("updateOnly") == "true":
        raise not_found()
    values[found.name] = value
    return records.create(call.org, call.token.user_id, kind, values, call.world.clock()), True


class SeveralRows(Exception):
    """Several rows have the same external id."""

    def __init__(self, rows: list[Row]) -> None:
        super().__init__()
        self.rows = rows


@endpoint("POST", "/sobjects/{object}")
def create(call: Call) -> Reply:
    """Add a record."""
    row = records.create(call.org, call.token.user_id, call.object(), call.values(), call.world.clock())
    headers = {"Location": f"{call.data}/sobjects/{row.object.name}/{row.id}"}
    return Reply(201, made(row), headers)


@endpoint("GET", "/sobjects/{object}/{id}")
def read(call: Call) -> Reply:
    """A record, with all its fields or with those asked for."""
    kind = call.object()
    return _view(call, kind, call.row(kind, call.path["id"]))


def _view(call: Call, kind: ObjectType, row: Row) -> Reply:
    names = [name for name in call.query.get("fields", "").split(",") if name.strip()]
    fields = []
    for name in names:
        found = kind.field(name.strip())
        if found is None:
            raise Refusal(400, "INVALID_FIELD", f"No such column '{name.strip()}' on sobject of type {kind.name}")
        fields.append(found)
    shown = fields or list(kind.fields.values())
    values = {found.name: row.values.get(found.name) for found in shown}
    return Reply(200, head(call.data, row) | values | {"Id": row.id})


@endpoint("PATCH", "/sobjects/{object}/{id}")
def update(call: Call) -> Reply:
    """Change a record."""
    kind = call.object()
    records.update(call.org, call.row(kind, call.path["id"]), call.values(), call.world.clock())
    return Reply(204)


@endpoint("DELETE", "/sobjects/{object}/{id}")
def delete(call: Call) -> Reply:
    """Put a record into the recycle bin."""
    records.delete(call.row(call.object(), call.path["id"]), call.world.clock())
    return Reply(204)


def _one(call: Call, kind: ObjectType) -> Row:
    rows = records.find_by(call.org, kind, call.path["field"], call.path["value"])
    if len(rows) > 1:
        raise SeveralRows(rows)
    if not rows:
        raise not_found()
    return rows[0]


def _several(call: Call, error: SeveralRows) -> Reply:
    return Reply(300, [f"{call.data}/sobjects/{row.object.name}/{row.id}" for row in error.rows])


@endpoint("GET", "/sobjects/{object}/{field}/{value}")
def read_by_key(call: Call) -> Reply:
    """The record with this external id."""
    kind = call.object()
    try:
        return _view(call, kind, _one(call, kind))
    except SeveralRows as error:
        return _several(call, error)


@endpoint("PATCH", "/sobjects/{object}/{field}/{value}")
def upsert_by_key(call: Call) -> Reply:
    """Create (201) or update (200) the record with this external id."""
    try:
        row, created = upsert(call, call.object(), call.path["field"], call.path["value"], call.values())
    except SeveralRows as error:
        return _several(call, error)
    return Reply(201 if created else 200, made(row, created=created))


@endpoint("DELETE", "/sobjects/{object}/{field}/{value}")
def delete_by_key(call: Call) -> Reply:
    """Delete the record with this external id."""
    try:
        records.delete(_one(call, call.object()), call.world.clock())
    except SeveralRows as error:
        return _several(call, error)
    return Reply(204)
