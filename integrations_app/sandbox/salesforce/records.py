"""Writing records: every value checked as strictly as Salesforce checks it."""

import base64
import binascii
import re
from datetime import date, datetime
from typing import Any

from integrations_app.sandbox.salesforce.calls import Json, Refusal
from integrations_app.sandbox.salesforce.ids import full_id
from integrations_app.sandbox.salesforce.schema import FILE, NUMBER_TYPES, FieldType, ObjectType
from integrations_app.sandbox.salesforce.state import Row, Salesforce, stamp

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def create(org: Salesforce, owner: str, kind: ObjectType, given: Json, now: float) -> Row:
    """Add a row, owned by the person with this id unless it says otherwise; raises Refusal."""
    _check_writable(kind)
    values = _checked(org, kind, given)
    missing = [one.name for one in kind.fields.values() if one.required and values.get(one.name) in (None, "")]
    if missing:
        names = ", ".join(missing)
        raise Refusal(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{names}]", missing)
    _check_unique(org, kind, values, "")
    row = Row(org.next_id(kind.prefix), kind, {one.name: one.default for one in kind.fields.values()})
    row.values |= {"Id": row.id, "IsDeleted": False, "CreatedDate": stamp(now)}
    if kind.numbering:
        name = "CaseNumber" if kind.field("CaseNumber") else "Name"
        row.values[name] = kind.numbering.format(org.last_id)
    if kind.field("OwnerId") and not values.get("OwnerId"):
        values["OwnerId"] = owner
    if kind.name == FILE:
        content = str(values["VersionData"])
        extension = str(values["PathOnClient"]).rpartition(".")[2]
        row.values |= {"ContentDocumentId": org.next_id("069"), "FileExtension": extension}
        row.values["ContentSize"] = len(base64.b64decode(content))
    _settle(row, values, now)
    org.keep(row)
    return row


def update(org: Salesforce, row: Row, given: Json, now: float) -> None:
    """Change a row; raises Refusal and then changes nothing."""
    _check_writable(row.object)
    values = _checked(org, row.object, given)
    empty = [name for name, value in values.items() if value in (None, "") and _is_required(row.object, name)]
    if empty:
        raise Refusal(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(empty)}]", empty)
    _check_unique(org, row.object, values, row.id)
    _settle(row, values, now)


def delete(row: Row, now: float) -> None:
    """Put a row into the recycle bin."""
    _check_writable(row.object)
    row.deleted = True
    row.values |= {"IsDeleted": True, "LastModifiedDate": stamp(now), "SystemModstamp": stamp(now)}


def find_by(org: Salesforce, kind: ObjectType, name: str, text: str) -> list[Row]:
    """Living rows whose external id has this value; raises NOT_FOUND for a field that is none."""
    found = kind.field(name)
    if found is None or not (found.external_id or found.type == "id"):
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise Refusal(404, "NOT_FOUND", message)
    if found.type == "id":
        row = org.row(kind.name, text)
        return [row] if row and not row.deleted else []
    wanted = text.casefold()
    rows = [row for row in org.all_rows(kind.name) if not row.deleted]
    return [row for row in rows if str(row.values[found.name] or "").casefold() == wanted]


def _is_required(kind: ObjectType, name: str) -> bool:
    found = kind.field(name)
    return found is not None and found.required


def _check_writable(kind: ObjectType) -> None:
    if not kind.writable:
        message = "insufficient access rights on cross-reference id"
        raise Refusal(400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message, [])


def _settle(row: Row, values: Json, now: float) -> None:
    row.values |= values | {"LastModifiedDate": stamp(now), "SystemModstamp": stamp(now)}
    if row.object.field("FirstName"):
        parts = (row.values.get("FirstName"), row.values.get("LastName"))
        row.values["Name"] = " ".join(part for part in parts if part)


def _checked(org: Salesforce, kind: ObjectType, given: Json) -> Json:
    values: Json = {}
    for name, value in given.items():
        if name == "attributes":
            continue
        found = kind.field(name)
        if found is None and isinstance(value, dict) and (found := kind.through(name)):
            values[found.name] = _referred(org, found, value)
            continue
        if found is None:
            message = f"No such column '{name}' on sobject of type {kind.name}"
            raise Refusal(400, "INVALID_FIELD", message)
        if found.read_only:
            message = (
                f"Unable to create/update fields: {found.name}. Please check the security settings of this field "
                "and verify that it is read/write for your profile or permission set."
            )
            raise Refusal(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, [found.name])
        values[found.name] = None if value in (None, "") else _value(org, found, value)
    return values


def _referred(org: Salesforce, lookup: FieldType, wanted: Json) -> str:
    """The id of the row that a foreign key names by its external id."""
    pairs = [(name, value) for name, value in wanted.items() if name != "attributes"]
    kind = org.object(lookup.references[0])
    if len(pairs) != 1 or kind is None:
        raise Refusal(400, "INVALID_FIELD", f"Foreign key {lookup.relationship} needs exactly one external id.")
    name, value = pairs[0]
    rows = find_by(org, kind, name, str(value))
    if len(rows) != 1:
        message = f"Foreign key external ID: {value} not found for field {name} in entity {kind.name}"
        raise Refusal(400, "INVALID_FIELD", message)
    return rows[0].id


def _value(org: Salesforce, found: FieldType, value: Any) -> Any:
    if found.type == "reference":
        return _reference(org, found, value)
    if found.type == "boolean":
        if isinstance(value, bool):
            return value
        raise _unreadable("boolean", value)
    if found.type in NUMBER_TYPES:
        return _number(found, value)
    if found.type == "base64":
        return _bytes(value)
    if found.type in ("date", "datetime"):
        return _moment(found, value)
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise _unreadable("string", value)
    return _text(found, str(value))


def _unreadable(wanted: str, value: Any) -> Refusal:
    kind = {str: "VALUE_STRING", bool: "VALUE_TRUE", dict: "START_OBJECT", list: "START_ARRAY"}
    seen = kind.get(type(value), "VALUE_NUMBER_INT")
    message = (
        f"Cannot deserialize instance of {wanted} from {seen} value {value} or request may be missing a required "
        "field at [line:1, column:2]"
    )
    return Refusal(400, "JSON_PARSER_ERROR", message)


def _text(found: FieldType, value: str) -> str:
    if len(value) > found.length:
        message = f"{found.label}: data value too large: {value[:255]} (max length={found.length})"
        raise Refusal(400, "STRING_TOO_LONG", message, [found.name])
    if found.type == "email" and not _EMAIL.fullmatch(value):
        message = f"{found.label}: invalid email address: {value}"
        raise Refusal(400, "INVALID_EMAIL_ADDRESS", message, [found.name])
    if found.restricted and value not in found.picklist:
        message = f"{found.label}: bad value for restricted picklist field: {value}"
        raise Refusal(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [found.name])
    return value


def _bytes(value: Any) -> str:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise _unreadable("base64Binary", value) from None
    return str(value)


def _number(found: FieldType, value: Any) -> float | int:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise _unreadable("double", value) from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _unreadable("double", value)
    return int(value) if found.type == "int" else float(value)


def _moment(found: FieldType, value: Any) -> str:
    try:
        if found.type == "date":
            return date.fromisoformat(str(value)[:10]).isoformat()
        return stamp(datetime.fromisoformat(str(value)).timestamp())
    except ValueError:
        raise _unreadable(found.type, value) from None


def _reference(org: Salesforce, found: FieldType, value: Any) -> str:
    identifier = full_id(value) if isinstance(value, str) else None
    if identifier is None:
        message = f"{found.label}: id value of incorrect type: {value}"
        raise Refusal(400, "MALFORMED_ID", message, [found.name])
    rows = [row for name in found.references if (row := org.row(name, identifier))]
    if not rows:
        raise Refusal(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
    if rows[0].deleted:
        raise Refusal(400, "ENTITY_IS_DELETED", "entity is deleted", [])
    return rows[0].id


def _check_unique(org: Salesforce, kind: ObjectType, values: Json, own_id: str) -> None:
    for name, value in values.items():
        found = kind.field(name)
        if found is None or not found.external_id or value is None:
            continue
        for other in find_by(org, kind, found.name, str(value)):
            if other.id != own_id:
                message = f"duplicate value found: {found.name} duplicates value on record with id: {other.id}"
                raise Refusal(400, "DUPLICATE_VALUE", message, [])
