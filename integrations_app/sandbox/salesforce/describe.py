"""What describe tells about objects and fields."""

from integrations_app.sandbox.salesforce.calls import Call, Json, Reply, endpoint
from integrations_app.sandbox.salesforce.schema import FieldType, ObjectType


def brief(kind: ObjectType, data: str) -> Json:
    """An object in the list of all."""
    here = f"{data}/sobjects/{kind.name}"
    return {
        "name": kind.name,
        "label": kind.label,
        "labelPlural": kind.plural,
        "keyPrefix": kind.prefix,
        "custom": kind.name.endswith("__c"),
        "customSetting": False,
        "createable": kind.writable,
        "updateable": kind.writable,
        "deletable": kind.writable,
        "queryable": True,
        "searchable": True,
        "retrieveable": True,
        "triggerable": True,
        "deprecatedAndHidden": False,
        "urls": {"sobject": here, "describe": f"{here}/describe", "rowTemplate": f"{here}/{{ID}}"},
    }


def field_view(found: FieldType) -> Json:
    """One field as describe shows it."""
    values = [
        {"active": True, "defaultValue": value == found.default, "label": value, "validFor": None, "value": value}
        for value in found.picklist
    ]
    return {
        "name": found.name,
        "label": found.label,
        "type": found.type,
        "length": found.length,
        "custom": found.custom,
        "createable": not found.read_only,
        "updateable": not found.read_only,
        "nillable": not found.required and found.type != "boolean",
        "defaultedOnCreate": found.default is not None or found.name == "OwnerId" or found.type == "boolean",
        "defaultValue": found.default,
        "externalId": found.external_id,
        "idLookup": found.external_id or found.type == "id",
        "unique": found.external_id,
        "filterable": True,
        "sortable": True,
        "nameField": found.name == "Name",
        "picklistValues": values,
        "restrictedPicklist": found.restricted,
        "referenceTo": list(found.references),
        "relationshipName": found.relationship or None,
        "inlineHelpText": None,
    }


@endpoint("GET", "/sobjects")
def list_objects(call: Call) -> Reply:
    """Every object."""
    views = [brief(kind, call.data) for kind in call.org.objects.values()]
    return Reply(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": views})


@endpoint("GET", "/sobjects/{object}/describe")
def describe(call: Call) -> Reply:
    """One object with its fields and children."""
    kind = call.object()
    children = [
        {"childSObject": one.object, "field": one.field, "relationshipName": one.relationship} for one in kind.children
    ]
    more = {"fields": [field_view(one) for one in kind.fields.values()], "childRelationships": children}
    return Reply(200, brief(kind, call.data) | more)


@endpoint("GET", "/sobjects/{object}")
def basics(call: Call) -> Reply:
    """One object in short, with the records touched last."""
    kind = call.object()
    rows = sorted(call.org.all_rows(kind.name), key=lambda row: str(row.values["LastModifiedDate"]), reverse=True)
    recent = [
        {"attributes": {"type": kind.name, "url": f"{call.data}/sobjects/{kind.name}/{row.id}"}, "Id": row.id}
        for row in rows
        if not row.deleted
    ]
    return Reply(200, {"objectDescribe": brief(kind, call.data), "recentItems": recent[:10]})
