"""Queries: values stay values whatever they hold, names are those the organisation knows, pages are followed."""

from typing import Any
from urllib.parse import parse_qs

import pytest

from integrations_app.errors import InvalidInput, Rejected, ResponseRefused
from integrations_app.providers.salesforce.soql import bind

ODD = ["x' OR Name != '", "\\'", "\\", "%_", "line\nbreak", "'already quoted'", "\u2019", "tab\t\b\f\r", '"', "a\\' b"]
BY_NAME = "SELECT Name FROM Account WHERE Name = :name"


def sent(sandbox: Any) -> str:
    """The last query that arrived."""
    found: str = parse_qs(sandbox.requests("/query")[-1]["query"])["q"][0]
    return found


async def names(salesforce: Any, soql: str, **parameters: Any) -> list[str]:
    found = await salesforce.run("query", soql=soql, parameters=parameters)
    return [one["Name"] for one in found.records]


@pytest.mark.parametrize("value", ODD)
async def test_a_value_finds_exactly_the_rows_that_hold_it(salesforce: Any, sandbox: Any, value: str) -> None:
    sandbox.post("salesforce/records", object="Account", fields={"Name": value})
    assert await names(salesforce, BY_NAME, name=value) == [value]
    assert await names(salesforce, "SELECT Name FROM Account WHERE Name LIKE :contains(part)", part=value) == [value]


async def test_the_sent_literal_is_escaped_as_the_reference_says(salesforce: Any, sandbox: Any) -> None:
    await names(salesforce, BY_NAME, name="O'Re\\il\"ly")
    assert sent(sandbox) == r"""SELECT Name FROM Account WHERE Name = 'O\'Re\\il\"ly'"""


async def test_patterns_match_where_they_say(salesforce: Any) -> None:
    soql = "SELECT Name FROM Account WHERE Name LIKE {} ORDER BY Name"
    assert await names(salesforce, soql.format(":starts(part)"), part="100%") == ["100% Organic"]
    assert await names(salesforce, soql.format(":ends(part)"), part="sons") == ["O'Neill & Sons"]
    assert await names(salesforce, soql.format(":starts(part)"), part="%") == []


async def test_other_kinds_of_values(salesforce: Any, sandbox: Any, organisation: Any) -> None:
    soql = (
        "SELECT Name FROM Invoice__c WHERE Amount__c > :least AND Paid__c = :paid AND Due__c = :due "
        "AND External_Key__c IN :keys AND CreatedDate > :datetime(since) AND CreatedDate = LAST_N_DAYS:30"
    )
    given = {"least": 500, "paid": False, "due": None, "keys": ["ERP-1", "ERP-2"], "since": "2020-01-01T01:00:00+01:00"}
    found = await salesforce.run("query", soql=soql.replace(" AND CreatedDate = LAST_N_DAYS:30", ""), parameters=given)
    assert [one["Name"] for one in found.records] == [organisation.one("Invoice__c", External_Key__c="ERP-2")["Name"]]
    assert "> 2020-01-01T00:00:00.000Z" in sent(sandbox)
    assert "Paid__c = FALSE AND Due__c = null AND External_Key__c IN ('ERP-1', 'ERP-2')" in sent(sandbox)
    dates = "SELECT Name FROM Opportunity WHERE CloseDate > :date(day) AND CreatedDate > LAST_N_DAYS:30"
    assert await names(salesforce, dates, day="2020-01-01") == ["Acme renewal"]


async def test_names_are_those_of_the_organisation(salesforce: Any, sandbox: Any) -> None:
    soql = "SELECT :field(field), (SELECT Id FROM Contacts) FROM :object(object) WHERE Name = 'FROM Contact' LIMIT 1"
    given = {"field": "owner.NAME", "object": "account"}
    await salesforce.run("query", soql=soql, parameters=given)
    assert sent(sandbox).startswith("SELECT Owner.Name, (SELECT Id FROM Contacts) FROM Account WHERE")
    assert len(sandbox.requests("/describe")) == 2


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("object", "Nope"),
        ("object", "Account WHERE Id != null"),
        ("object", "Account, User"),
        ("field", "Password"),
        ("field", "Owner.Nope"),
        ("field", "Id FROM User"),
        ("field", "Id, (SELECT Id FROM Contacts)"),
        ("field", "Parent." * 7 + "Name"),
    ],
)
async def test_other_names_are_never_sent(salesforce: Any, sandbox: Any, kind: str, value: str) -> None:
    soql = "SELECT Id FROM :object(x)" if kind == "object" else "SELECT :field(x) FROM Account"
    with pytest.raises(InvalidInput, match="x"):
        await salesforce.run("query", soql=soql, parameters={"x": value})
    assert sandbox.requests("/query") == []


@pytest.mark.parametrize(
    ("soql", "parameters", "where"),
    [
        (BY_NAME, {}, "parameters.name"),
        (BY_NAME, {"name": "x", "more": 1}, "parameters.more"),
        ("SELECT Id FROM Account WHERE Name = ':name' AND Id = :name", {"name": "x"}, "soql"),
        (BY_NAME, {"name": {"a": 1}}, "parameters.name"),
        (BY_NAME, {"name": []}, "parameters.name"),
        (BY_NAME, {"name": "\0"}, "parameters.name"),
        ("SELECT Id FROM Account WHERE Name LIKE :contains(name)", {"name": 5}, "parameters.name"),
        ("SELECT Id FROM Task WHERE ActivityDate = :date(day)", {"day": "x' OR 1"}, "parameters.day"),
        ("SELECT Id FROM Account WHERE Name = :raw(name)", {"name": "x"}, "soql"),
    ],
)
async def test_what_does_not_fit_is_never_sent(
    salesforce: Any, sandbox: Any, soql: str, parameters: dict[str, Any], where: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await salesforce.run("query", soql=soql, parameters=parameters)
    assert where in refused.value.fields
    assert sandbox.requests("/salesforce/") == []


async def test_placeholders_inside_texts_and_moments_are_left_alone() -> None:
    async def no_names(*_: str) -> str:
        raise AssertionError("no name was asked for")

    soql = r"SELECT Id FROM A WHERE B = ':b \' :c' AND D > 2026-01-01T00:00:00Z AND E = LAST_N_DAYS:7 AND F=:f"
    assert await bind(soql, {"f": ":b"}, no_names) == soql.replace("=:f", "=':b'")


async def test_a_query_it_does_not_accept(salesforce: Any) -> None:
    for soql, code in (
        ("SELECT Nope FROM Account", "invalid_field"),
        ("SELECT Id FROM Nope", "invalid_type"),
        ("SELEC Id", "malformed_query"),
        ("SELECT Id FROM Account WHERE OwnerId LIKE 'x'", "invalid_query_filter_operator"),
    ):
        with pytest.raises(Rejected) as refused:
            await salesforce.run("query", soql=soql)
        assert refused.value.code == code


async def test_parents_and_children_come_without_attributes(salesforce: Any) -> None:
    soql = "SELECT Name, Owner.Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account WHERE Name = 'Acme'"
    found = await salesforce.run("query", soql=soql)
    assert found.records[0] == {
        "Name": "Acme",
        "Owner": {"Name": "Ada Byron"},
        "Contacts": {"totalSize": 2, "done": True, "records": [{"LastName": "Doe"}, {"LastName": "Roe"}]},
    }


async def test_pages_are_followed_to_the_limit(salesforce: Any, sandbox: Any) -> None:
    sandbox.settings(salesforce={"page_size": 2})
    whole = await salesforce.run("query", soql="SELECT Id FROM Account")
    assert (whole.totalSize, whole.done, len(whole.records)) == (4, True, 4)
    assert len(sandbox.requests("/query")) == 2
    part = await salesforce.run("query", soql="SELECT Id FROM Account", limit=3)
    assert (part.totalSize, part.done, len(part.records)) == (4, False, 3)
    one = await salesforce.run("query", soql="SELECT Id FROM Account", limit=1)
    assert (one.done, len(one.records)) == (False, 1)
    assert len(sandbox.requests("/query")) == 5


async def test_deleted_records_only_when_asked_for(salesforce: Any, organisation: Any) -> None:
    await salesforce.run("delete_record", object="Lead", id=organisation.rows("Lead")[0]["Id"])
    assert (await salesforce.run("query", soql="SELECT Id FROM Lead;")).totalSize == 0
    assert (await salesforce.run("query", soql="SELECT Id FROM Lead", include_deleted=True)).totalSize == 1


async def test_a_next_page_elsewhere_is_not_asked_for(salesforce: Any, sandbox: Any) -> None:
    page = {"totalSize": 2, "done": False, "records": [], "nextRecordsUrl": "https://evil.example/services/data/"}
    sandbox.fault(vendor="salesforce", path="/query", status=200, body=page)
    with pytest.raises(Rejected, match="another place"):
        await salesforce.run("query", soql="SELECT Id FROM Lead")
    unreadable: list[Any] = [[], "<html>", {"records": 5}]
    for body in unreadable:
        sandbox.fault(vendor="salesforce", path="/query", status=200, body=body)
        with pytest.raises(ResponseRefused):
            await salesforce.run("query", soql="SELECT Id FROM Lead")
