"""What a workflow can do at Salesforce: write, read, find and delete records, and any other call."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field

from integrations_app.errors import IntegrationsError, InvalidInput, OutcomeUnknown, Rejected
from integrations_app.providers.salesforce import choices, finding, several
from integrations_app.providers.salesforce.client import Answer, SalesforceClient
from integrations_app.providers.salesforce.names import api_name, known_field, known_object, record_id
from integrations_app.providers.salesforce.soql import bind
from integrations_app.sdk.actions import Effect, Params, Repeat, Result, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choices, Json, Multiline

_OF_OBJECT = ("object",)
WritableObject = Annotated[
    str, Choices(choices.list_writable_objects), Field(title="Object", min_length=1, description="Its API name.")
]
ReadableObject = Annotated[
    str, Choices(choices.list_objects), Field(title="Object", min_length=1, description="Its API name.")
]
Id = Annotated[str, Field(title="Record id", min_length=1)]
Fields = Annotated[
    dict[str, Any],
    Json(),
    Field(
        title="Fields",
        description="Values by API name; null empties a field.",
        json_schema_extra={"placeholder": '{"Name": "Acme", "Industry": "Technology"}'},
    ),
]


class CreateRecord(Params):
    """Which record to create."""

    object: WritableObject
    fields: Fields


class UpdateRecord(Params):
    """What to change in which record."""

    object: WritableObject
    id: Id
    fields: Fields


class UpsertRecord(Params):
    """Which record to create, or to change when it is there already."""

    object: WritableObject
    external_id_field: Annotated[str, Choices(choices.list_external_ids, _OF_OBJECT)] = Field(
        title="External id field", min_length=1, description="The field that tells whether the record is there."
    )
    external_id: str = Field(title="External id", min_length=1, description="The record's value of that field.")
    fields: Fields


class UpsertRecords(Params):
    """Which records to create or to change."""

    object: WritableObject
    external_id_field: Annotated[str, Choices(choices.list_external_ids, _OF_OBJECT)] = Field(
        title="External id field", min_length=1, description="Each record holds its value of it."
    )
    records: Annotated[list[dict[str, Any]], Json(8)] = Field(title="Records", description="At most 200.")
    all_or_none: bool = Field(default=False, title="All or none", description="One refused record takes all back.")


class UploadFile(Params):
    """Which file to store, and where it is shown."""

    name: str = Field(title="File name", min_length=1, max_length=255, description="With its ending.")
    content: Annotated[str, Multiline(8)] = Field(title="Content")
    encoding: several.Encoding = Field(
        default="text", title="Encoding", description="base64 for content that is not text."
    )
    record_id: str = Field(default="", title="Show at record", description="A record's id; empty for your own files.")


class GetRecord(Params):
    """Which record to read."""

    object: ReadableObject
    id: Id
    fields: Annotated[list[str], Choices(choices.list_fields, _OF_OBJECT)] = Field(
        default=[], title="Fields", description="When empty, every field the account may see."
    )


class DeleteRecord(Params):
    """Which record to delete."""

    object: WritableObject
    id: Id


class Query(Params):
    """What to ask."""

    soql: Annotated[str, Multiline(6)] = Field(
        title="SOQL",
        min_length=1,
        description="Values belong into the parameters and are named here: WHERE Name = :name. Also :contains(name), "
        ":starts(name), :ends(name) after LIKE, :date(name), :datetime(name), :object(name), :field(name).",
        json_schema_extra={"placeholder": "SELECT Id, Name FROM Account WHERE Name LIKE :contains(text)"},
    )
    parameters: Annotated[dict[str, Any], Json(3)] = Field(default={}, title="Parameters")
    limit: int = Field(default=200, title="Most records", ge=1, le=2000)
    include_deleted: bool = Field(default=False, title="Include deleted records")


class Search(Params):
    """What to look for."""

    text: str = Field(title="Text", min_length=1, description="Every word must be found.")
    object: ReadableObject
    fields: Annotated[list[str], Choices(choices.list_fields, _OF_OBJECT)] = Field(
        default=[], title="Fields", description="To be read from each record found; when empty, Id only."
    )
    limit: int = Field(default=25, title="Most records", ge=1, le=2000)


class ApiCall(Params):
    """Any call of the REST interface."""

    method: Literal["GET", "POST", "PATCH", "PUT", "DELETE"] = Field(default="GET", title="Method")
    path: str = Field(
        title="Path",
        min_length=1,
        description="Below the API version, such as composite, or from /services/data/ or /services/apexrest/ on.",
    )
    query: dict[str, str] = Field(default={}, title="Query parameters")
    body: Annotated[Any, Json()] = Field(default=None, title="Body")


class Written(Result):
    """A record that was written; `created` where the action could do either."""

    id: str
    success: bool = True
    created: bool | None = None


class StoredFile(Result):
    """A stored file: the version's id and the file's own."""

    id: str
    ContentDocumentId: str


class Deleted(Result):
    """A record that is deleted now; `already_deleted` when it was before."""

    id: str
    already_deleted: bool = False


class Record(Result):
    """One record, its fields under their API names."""

    id: str
    record: dict[str, Any]


class Called(Result):
    """An answer of the REST interface."""

    status: int
    body: Any = None


@action(scopes=("api",), repeat=Repeat.UNKNOWABLE)
async def create_record(params: CreateRecord, ctx: ActionContext[SalesforceClient]) -> Written:
    """Create a record.

    To be safe against doubles after a lost answer, use the action that creates or updates by external id.
    """
    path = f"/sobjects/{api_name('object', params.object)}"
    answer = await ctx.client.change("POST", path, _named(params.fields))
    return Written(id=_id_of(answer))


@action(scopes=("api",), repeat=Repeat.IDEMPOTENT)
async def update_record(params: UpdateRecord, ctx: ActionContext[SalesforceClient]) -> Written:
    """Update a record."""
    identifier = record_id("id", params.id)
    await ctx.client.change(
        "PATCH", f"/sobjects/{api_name('object', params.object)}/{identifier}", _named(params.fields)
    )
    return Written(id=identifier)


@action(scopes=("api",), repeat=Repeat.IDEMPOTENT)
async def upsert_record(params: UpsertRecord, ctx: ActionContext[SalesforceClient]) -> Written:
    """Create or update a record by external id."""
    name, key = api_name("object", params.object), api_name("external_id_field", params.external_id_field)
    value = params.external_id.strip()
    if not value or value in {".", ".."}:
        raise InvalidInput({"external_id": "is needed"})
    fields = {field: one for field, one in _named(params.fields).items() if field.lower() != key.lower()}
    answer = await ctx.client.change("PATCH", f"/sobjects/{name}/{key}/{quote(value, safe='')}", fields)
    if answer.body is None:  # versions before 46 say nothing when they update
        found = await ctx.client.read(f"/sobjects/{name}/{key}/{quote(value, safe='')}", {"fields": "Id"})
        return Written(id=str(found["Id"]), created=False)
    return Written(id=_id_of(answer), created=bool(answer.body.get("created", answer.status == 201)))  # noqa: PLR2004


@action(scopes=("api",), repeat=Repeat.IDEMPOTENT)
async def upsert_records(params: UpsertRecords, ctx: ActionContext[SalesforceClient]) -> several.Rows:
    """Create or update many records by external id.

    Each record has its own result: a refused one does not fail the step unless all or none was asked for.
    """
    name, key = api_name("object", params.object), api_name("external_id_field", params.external_id_field)
    done = await several.upsert(ctx.client, name, key, params.records, all_or_none=params.all_or_none)
    return several.refuse_partly(done, all_or_none=params.all_or_none)


@action(scopes=("api",), repeat=Repeat.UNKNOWABLE)
async def upload_file(params: UploadFile, ctx: ActionContext[SalesforceClient]) -> StoredFile:
    """Upload a file."""
    fields = {"Title": params.name.rpartition(".")[0] or params.name, "PathOnClient": params.name}
    fields["VersionData"] = several.file_content(params.content, params.encoding)
    if params.record_id.strip():
        fields["FirstPublishLocationId"] = record_id("record_id", params.record_id)
    identifier = _id_of(await ctx.client.change("POST", "/sobjects/ContentVersion", fields))
    try:
        found = await ctx.client.read(f"/sobjects/ContentVersion/{identifier}", {"fields": "ContentDocumentId"})
    except IntegrationsError:
        # The file is there: a look at its other id that fails must not make the run doubt it.
        found = {}
    return StoredFile(id=identifier, ContentDocumentId=str(found.get("ContentDocumentId") or ""))


@action(scopes=("api",), repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def get_record(params: GetRecord, ctx: ActionContext[SalesforceClient]) -> Record:
    """Read a record."""
    identifier = record_id("id", params.id)
    wanted = ",".join(api_name("fields", name) for name in params.fields)
    path = f"/sobjects/{api_name('object', params.object)}/{identifier}"
    found = await ctx.client.read(path, {"fields": wanted} if wanted else None)
    return Record(id=str(found.get("Id") or identifier), record=finding.plain(found))


@action(scopes=("api",), repeat=Repeat.IDEMPOTENT, effect=Effect.DESTRUCTIVE)
async def delete_record(params: DeleteRecord, ctx: ActionContext[SalesforceClient]) -> Deleted:
    """Delete a record.

    It goes to the recycle bin. One that was deleted before is no mistake.
    """
    identifier = record_id("id", params.id)
    try:
        await ctx.client.change("DELETE", f"/sobjects/{api_name('object', params.object)}/{identifier}")
    except Rejected as error:
        gone = error.code == "entity_is_deleted" or (error.code == "not_found" and ctx.attempt > 1)
        if not gone:
            raise
        return Deleted(id=identifier, already_deleted=True)
    return Deleted(id=identifier)


@action(scopes=("api",), repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def query(params: Query, ctx: ActionContext[SalesforceClient]) -> finding.Records:
    """Query records with SOQL.

    Values never become part of the query's text: name them as parameters.
    """
    client = ctx.client

    async def name_of(kind: str, parameter: str, source: str, text: str) -> str:
        if kind == "object":
            return await known_object(client, parameter, text)
        return await known_field(client, parameter, source, text)

    soql = await bind(params.soql.strip().rstrip(";"), params.parameters, name_of)
    return await finding.query(client, soql, params.limit, deleted_too=params.include_deleted)


@action(scopes=("api",), repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def search(params: Search, ctx: ActionContext[SalesforceClient]) -> finding.Records:
    """Search records by text."""
    name = api_name("object", params.object)
    wanted = [api_name("fields", field) for field in params.fields] or ["Id"]
    return await finding.search(ctx.client, params.text, name, wanted, params.limit)


def _repeat_of(params: ApiCall, _settings: Any) -> Repeat:
    return Repeat.UNKNOWABLE if params.method in ("POST", "PATCH") else Repeat.IDEMPOTENT


@action(scopes=("api",), repeat=Repeat.UNKNOWABLE, repeat_for=_repeat_of)
async def api_call(params: ApiCall, ctx: ActionContext[SalesforceClient]) -> Called:
    """Call the REST interface.

    For what has no action of its own, such as composite calls and reports. After a lost answer only GET, PUT and
    DELETE are repeated.
    """
    path = finding.api_path(ctx.client.data, params.path)
    answer = await ctx.client.call(params.method, path, params.query, params.body)
    return Called(status=answer.status, body=answer.body)


def _named(fields: dict[str, Any]) -> dict[str, Any]:
    if not fields:
        raise InvalidInput({"fields": "hold nothing"})
    return {api_name(f"fields.{name}", name): value for name, value in fields.items()}


def _id_of(answer: Answer) -> str:
    found = answer.body.get("id") if isinstance(answer.body, dict) else None
    if not found:
        raise OutcomeUnknown("Salesforce's answer names no record: the call may have taken effect.")
    return str(found)
