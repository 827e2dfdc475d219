"""What a workflow can do with many records at Salesforce in one call; and what an object looks like."""

from typing import Annotated, Any

from pydantic import Field

from integrations_app.providers.salesforce import choices, several
from integrations_app.providers.salesforce.client import SalesforceClient
from integrations_app.providers.salesforce.names import api_name, fields
from integrations_app.sdk.actions import Effect, Params, Repeat, Result, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.forms import Choices, Json

WritableObject = Annotated[
    str, Choices(choices.list_writable_objects), Field(title="Object", min_length=1, description="Its API name.")
]
Records = Annotated[
    list[dict[str, Any]], Json(8), Field(title="Records", description="Values by API name; at most 200 records.")
]
AllOrNone = Annotated[bool, Field(title="All or none", description="One refused record takes all back.")]


class CreateRecords(Params):
    """Which records to create."""

    object: WritableObject
    records: Records
    all_or_none: AllOrNone = False


class UpdateRecords(Params):
    """What to change in which records."""

    object: WritableObject
    records: Annotated[
        list[dict[str, Any]], Json(8), Field(title="Records", description="Each with its Id; at most 200.")
    ]
    all_or_none: AllOrNone = False


class DeleteRecords(Params):
    """Which records to delete."""

    ids: list[str] = Field(title="Record ids", description="At most 200, of any objects.")
    all_or_none: AllOrNone = False


class DescribeObject(Params):
    """Which object to describe."""

    object: Annotated[
        str, Choices(choices.list_objects), Field(title="Object", min_length=1, description="Its API name.")
    ]


class Described(Result):
    """An object and its fields under the vendor's own names."""

    name: str
    fields: list[dict[str, Any]]


@action(scopes=("api",), repeat=Repeat.UNKNOWABLE)
async def create_records(params: CreateRecords, ctx: ActionContext[SalesforceClient]) -> several.Rows:
    """Create many records.

    Each record has its own result. To be safe against doubles after a lost answer, create or update by external id.
    """
    name = api_name("object", params.object)
    done = await several.create(ctx.client, name, params.records, all_or_none=params.all_or_none)
    return several.refuse_partly(done, all_or_none=params.all_or_none)


@action(scopes=("api",), repeat=Repeat.IDEMPOTENT)
async def update_records(params: UpdateRecords, ctx: ActionContext[SalesforceClient]) -> several.Rows:
    """Update many records.

    Each record has its own result: a refused one does not fail the step unless all or none was asked for.
    """
    name = api_name("object", params.object)
    done = await several.update(ctx.client, name, params.records, all_or_none=params.all_or_none)
    return several.refuse_partly(done, all_or_none=params.all_or_none)


@action(scopes=("api",), repeat=Repeat.IDEMPOTENT, effect=Effect.DESTRUCTIVE)
async def delete_records(params: DeleteRecords, ctx: ActionContext[SalesforceClient]) -> several.Rows:
    """Delete many records.

    They go to the recycle bin. One that was deleted before is no mistake.
    """
    done = await several.delete(ctx.client, [one.strip() for one in params.ids], all_or_none=params.all_or_none)
    return several.refuse_partly(done, all_or_none=params.all_or_none)


_KEPT = ("name", "label", "type", "length", "nillable", "createable", "updateable", "externalId", "referenceTo")


@action(scopes=("api",), repeat=Repeat.IDEMPOTENT, effect=Effect.READ)
async def describe_object(params: DescribeObject, ctx: ActionContext[SalesforceClient]) -> Described:
    """Describe an object.

    Its fields with their types, for steps that have to know them.
    """
    name = api_name("object", params.object)
    found = [{key: one[key] for key in _KEPT if key in one} for one in await fields(ctx.client, name)]
    return Described(name=name, fields=found)
