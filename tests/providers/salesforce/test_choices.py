"""The pickers: objects of the organisation, and the fields of the chosen one."""

from typing import Any

import pytest

from integrations_app.errors import InvalidInput, Rejected
from integrations_app.providers.salesforce.actions import CreateRecord, GetRecord, Search, UpsertRecord


async def values(salesforce: Any, model: Any, name: str, search: str = "", **given: str) -> list[str]:
    page = await salesforce.choices(model, name, search, **given)
    assert page.cursor is None
    return [choice.value for choice in page.choices]


async def test_objects_that_can_be_written(salesforce: Any) -> None:
    found = await values(salesforce, CreateRecord, "object")
    assert found == ["Account", "Case", "Contact", "ContentVersion", "Invoice__c", "Lead", "Opportunity", "Task"]


async def test_objects_that_can_be_read(salesforce: Any) -> None:
    assert "User" in await values(salesforce, GetRecord, "object")
    page = await salesforce.choices(Search, "object", "invoi")
    assert [(c.value, c.label, c.hint) for c in page.choices] == [("Invoice__c", "Invoice", "Invoice__c")]


async def test_fields_of_the_chosen_object(salesforce: Any) -> None:
    found = await values(salesforce, GetRecord, "fields", object="Account")
    assert len(found) == 17
    assert await values(salesforce, GetRecord, "fields", "revenue", object="Account") == ["AnnualRevenue"]


async def test_external_ids_of_the_chosen_object(salesforce: Any) -> None:
    assert await values(salesforce, UpsertRecord, "external_id_field", object="Invoice__c") == ["External_Key__c"]
    assert await values(salesforce, UpsertRecord, "external_id_field", object="Account") == []


async def test_without_an_object_or_with_one_that_is_none(salesforce: Any, sandbox: Any) -> None:
    for name in ("", "../limits"):
        with pytest.raises(InvalidInput, match="object"):
            await values(salesforce, GetRecord, "fields", object=name)
    assert sandbox.requests("/salesforce/") == []
    with pytest.raises(Rejected):
        await values(salesforce, GetRecord, "fields", object="Nope")


async def test_typing_spends_no_calls(salesforce: Any, sandbox: Any) -> None:
    for text in ("", "a", "ac", "acc"):
        await values(salesforce, CreateRecord, "object", text)
    assert len(sandbox.requests("/sobjects")) == 1
