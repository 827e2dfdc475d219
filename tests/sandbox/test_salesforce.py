"""The data API of the emulated Salesforce: records, queries, composites, limits, pages, each refusal in its shape."""

import re
from typing import Any

import httpx
import pytest

from integrations_app.sandbox.salesforce.ids import full_id, with_suffix
from integrations_app.sandbox.salesforce.soql import Malformed, parse

DATA = "/salesforce/services/data"
V = f"{DATA}/v62.0"


class Api:
    """Calls with a session."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        where = path if path.startswith(DATA) else V + path
        return self._http.request(method, where, headers=self._headers | (headers or {}), **more)

    def query(self, soql: str, **headers: str) -> dict[str, Any]:
        answer = self("GET", "/query", params={"q": soql}, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def names(self, soql: str) -> list[str]:
        return [one["Name"] for one in self.query(soql)["records"]]

    def refused(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        answer = self(method, path, **more)
        [entry] = answer.json()
        assert entry["message"]
        return answer.status_code, entry["errorCode"]


@pytest.fixture
def api(sandbox: Any) -> Api:
    return Api(sandbox.http, sandbox.token("salesforce"))


def test_control_creates_records_that_were_committed_late(sandbox: Any, api: Api) -> None:
    sandbox.control("salesforce/records", object="Account", fields={"Name": "First"})
    sandbox.control("salesforce/records", object="Account", fields={"Name": "Late"}, seconds_ago=90)
    found = api.names("SELECT Name FROM Account ORDER BY SystemModstamp DESC, Id DESC LIMIT 2")
    assert found[0] == "First"
    both = api.query("SELECT Name, CreatedDate FROM Account WHERE Name IN ('First', 'Late') ORDER BY CreatedDate, Id")
    assert [one["Name"] for one in both["records"]] == ["Late", "First"]
    wrong = {"object": "Account", "fields": {"Name": "x"}, "seconds_ago": "much"}
    assert sandbox.http.post("/_control/salesforce/records", json=wrong).status_code == 400


def test_ids_have_a_suffix_that_keeps_their_case() -> None:
    assert with_suffix("0013000000GQi5G") == "0013000000GQi5GAAT"
    assert full_id("0013000000GQi5G") == "0013000000GQi5GAAT"
    assert full_id("0013000000gqi5gaat") == "0013000000GQi5GAAT"
    assert full_id("0013000000GQi5GAA!") is None
    assert full_id("short") is None


def test_versions_need_no_session_and_are_not_counted(sandbox: Any, api: Api) -> None:
    found = sandbox.http.get(DATA).json()
    labels = {one["version"]: one["label"] for one in found}
    assert (labels["62.0"], labels["66.0"], labels["68.0"]) == ("Winter '25", "Spring '26", "Winter '27")
    assert api("GET", "/limits").headers["sforce-limit-info"] == "api-usage=1/15000"
    assert api("GET", "/").json()["query"] == "/services/data/v62.0/query"


def test_a_session_is_needed(sandbox: Any, api: Api) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}):
        answer = sandbox.http.get(f"{V}/limits", headers=headers)
        assert answer.status_code == 401
        assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
        assert "api-usage" in answer.headers["sforce-limit-info"]
    weak = Api(sandbox.http, sandbox.token("salesforce", "", ["id"]))
    assert weak.refused("GET", "/limits") == (403, "INVALID_SESSION_ID")
    assert api.refused("GET", f"{DATA}/v99.0/limits") == (404, "NOT_FOUND")


def test_the_limit_of_the_day(sandbox: Any, api: Api) -> None:
    sandbox.settings(salesforce={"api_limit": 2})
    assert api("GET", "/limits").json()["DailyApiRequests"] == {"Max": 2, "Remaining": 1}
    assert api("GET", "/sobjects").status_code == 200
    answer = api("GET", "/sobjects")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert answer.headers["sforce-limit-info"] == "api-usage=2/2"
    assert "retry-after" not in answer.headers


def test_describe_tells_fields_picklists_and_relations(api: Api) -> None:
    names = [one["name"] for one in api("GET", "/sobjects").json()["sobjects"]]
    assert names == [
        "Account",
        "Contact",
        "Lead",
        "Opportunity",
        "Case",
        "Task",
        "User",
        "ContentVersion",
        "Invoice__c",
    ]
    account = api("GET", "/sobjects/Account/describe").json()
    fields = {one["name"]: one for one in account["fields"]}
    assert len(fields) == 17
    assert fields["Name"]["nillable"] is False
    assert "Banking" in [one["value"] for one in fields["Industry"]["picklistValues"]]
    assert (fields["OwnerId"]["referenceTo"], fields["OwnerId"]["relationshipName"]) == (["User"], "Owner")
    assert {"childSObject": "Contact", "field": "AccountId", "relationshipName": "Contacts"} in account[
        "childRelationships"
    ]
    assert api("GET", "/sobjects/Account").json()["objectDescribe"]["keyPrefix"] == "001"
    assert api.refused("GET", "/sobjects/Nope/describe") == (404, "NOT_FOUND")
    assert api.refused("PUT", "/sobjects/Account") == (405, "METHOD_NOT_ALLOWED")


def test_the_life_of_a_record(api: Api) -> None:
    made = api("POST", "/sobjects/Contact", json={"FirstName": "Eva", "LastName": "Ott"})
    assert made.status_code == 201
    identifier = made.json()["id"]
    assert made.headers["location"] == f"/services/data/v62.0/sobjects/Contact/{identifier}"
    at = f"/sobjects/Contact/{identifier[:15]}"
    assert api("GET", at).json()["Name"] == "Eva Ott"
    assert api("PATCH", at, json={"LastName": "Otto"}).status_code == 204
    assert api("GET", at, params={"fields": "Name"}).json()["Name"] == "Eva Otto"
    assert api.refused("GET", at, params={"fields": "Nope"}) == (400, "INVALID_FIELD")
    assert api.refused("PATCH", at, json={"LastName": None}) == (400, "REQUIRED_FIELD_MISSING")
    assert api("DELETE", at).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        assert api.refused(method, at, json={}) == (404, "ENTITY_IS_DELETED")
    assert api.query("SELECT Id FROM Contact WHERE LastName = 'Otto'")["totalSize"] == 0
    bin_too = api("GET", "/queryAll", params={"q": "SELECT IsDeleted FROM Contact WHERE LastName = 'Otto'"}).json()
    assert bin_too["records"][0]["IsDeleted"] is True


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        ("Account", b"{", 400, "JSON_PARSER_ERROR"),
        ("Account", b"[]", 400, "JSON_PARSER_ERROR"),
        ("Account", b"", 400, "JSON_PARSER_ERROR"),
        ("User", b'{"Username": "x"}', 400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"),
        ("Account", b'{"Name": {"a": 1}}', 400, "JSON_PARSER_ERROR"),
        ("Opportunity", b'{"Name": "x", "StageName": "x", "CloseDate": "soon"}', 400, "JSON_PARSER_ERROR"),
        ("Invoice__c", b'{"Paid__c": "yes"}', 400, "JSON_PARSER_ERROR"),
        ("Invoice__c", b'{"Account__r": {"External_Key__c": "x"}}', 404, "NOT_FOUND"),
        ("Invoice__c", b'{"Replaces__r": {"External_Key__c": "x"}}', 400, "INVALID_FIELD"),
    ],
)
def test_bodies_it_does_not_take(api: Api, path: str, content: bytes, status: int, code: str) -> None:
    headers = {"Content-Type": "application/json"}
    assert api.refused("POST", f"/sobjects/{path}", content=content, headers=headers) == (status, code)


def test_other_media_are_refused(api: Api) -> None:
    headers = {"Content-Type": "text/xml"}
    assert api.refused("POST", "/sobjects/Account", content=b"<a/>", headers=headers) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_upsert_by_external_id(api: Api) -> None:
    at = "/sobjects/Invoice__c/External_Key__c/a%2Fb"
    made = api("PATCH", at, json={"Amount__c": 1})
    assert (made.status_code, made.json()["created"]) == (201, True)
    again = api("PATCH", at, json={"Amount__c": 2})
    assert (again.status_code, again.json()["created"], again.json()["id"]) == (200, False, made.json()["id"])
    assert api("GET", at).json()["External_Key__c"] == "a/b"
    assert api.refused("PATCH", f"{at}x?updateOnly=true", json={}) == (404, "NOT_FOUND")
    assert api.refused("PATCH", "/sobjects/Invoice__c/Amount__c/1", json={}) == (404, "NOT_FOUND")
    assert api("DELETE", at).status_code == 204
    assert api.refused("GET", at) == (404, "NOT_FOUND")


def test_queries_filter_order_and_look_through_relations(api: Api) -> None:
    assert api.names("SELECT Name FROM Account WHERE Industry = 'technology'") == ["Acme"]
    assert api.names("SELECT Name FROM Account ORDER BY NumberOfEmployees DESC NULLS LAST, Name DESC LIMIT 2") == [
        "100% Organic",
        "O'Neill & Sons",
    ]
    assert api.names("SELECT Name FROM Account ORDER BY Name OFFSET 3") == ["O'Neill & Sons"]
    both = (
        "SELECT Name FROM Account WHERE (NOT Name LIKE 'a%') AND (Industry IN ('Banking', 'Consulting') OR Id = null)"
    )
    assert api.names(both) == ["O'Neill & Sons"]
    joined = "SELECT Name FROM Account WHERE Id NOT IN (SELECT AccountId FROM Contact) ORDER BY Name"
    assert api.names(joined) == ["100% Organic", "O'Neill & Sons"]
    assert api.names("SELECT a.Name FROM Account a WHERE AnnualRevenue >= 1250000.0") == ["Acme"]
    [contact] = api.query("SELECT Account.Owner.Name, Account.Parent.Name FROM Contact LIMIT 1")["records"]
    assert contact["Account"]["Owner"]["Name"] == "Ada Byron"
    assert contact["Account"]["Parent"] is None
    [account] = api.query("SELECT (SELECT LastName FROM Contacts WHERE LastName = 'Roe') FROM Account LIMIT 1")[
        "records"
    ]
    assert [one["LastName"] for one in account["Contacts"]["records"]] == ["Roe"]


def test_counts_sums_and_all_fields(api: Api) -> None:
    assert api.query("SELECT COUNT() FROM Account") == {"totalSize": 4, "done": True, "records": []}
    soql = "SELECT COUNT(Id), SUM(Amount__c) total, MIN(External_Key__c), AVG(Amount__c) FROM Invoice__c"
    [found] = api.query(soql)["records"]
    assert found == {
        "attributes": {"type": "AggregateResult"}, "expr0": 2, "total": 1100.5, "expr2": "ERP-1", "expr3": 550.25,
    }  # fmt: skip
    [row] = api.query("SELECT FIELDS(ALL) FROM Invoice__c LIMIT 1")["records"]
    assert {"External_Key__c", "OwnerId"} <= set(row)
    [custom] = api.query("SELECT FIELDS(CUSTOM) FROM Invoice__c LIMIT 1")["records"]
    assert all(name.endswith("__c") for name in custom if name != "attributes")


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Id FROM Nope", "INVALID_TYPE"),
        ("SELECT Nope FROM Account", "INVALID_FIELD"),
        ("SELECT Nope.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE AnnualRevenue = '5'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE CreatedDate > '2026-01-01'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE CreatedDate > 2026-01-01", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Account WHERE Id LIKE 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY"),
        ("SELECT COUNT(Id), Name FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT Name FROM Contact)", "MALFORMED_QUERY"),
        ("SELECT (SELECT Id FROM Contact) FROM Account", "INVALID_TYPE"),
        ("SELECT Id FROM Account WHERE Name = 'x", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
    ],
)
def test_queries_it_does_not_take(api: Api, soql: str, code: str) -> None:
    assert api.refused("GET", "/query", params={"q": soql}) == (400, code)


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Id FROM A WHERE B = 'x' AND C = 'y' OR D = 'z'",
        r"SELECT Id FROM A WHERE B = '\q'",
        "SELECT Id FROM A WHERE B = 'line\nbreak'",
        "SELECT Id FROM A WHERE B = word",
        "SELECT Id FROM A LIMIT -1",
        "SELECT Id FROM A extra words",
        "SELECT Id; DROP",
        "DELETE FROM A",
        "SELECT Id FROM A GROUP BY Id",
        "SELECT UPPER(Id) FROM A",
    ],
)
def test_what_is_no_soql(soql: str) -> None:
    with pytest.raises(Malformed):
        parse(soql)


def test_long_answers_come_in_pages(sandbox: Any, api: Api) -> None:
    sandbox.settings(salesforce={"page_size": 3})
    first = api.query("SELECT Name FROM Account ORDER BY Name")
    assert (first["totalSize"], first["done"], len(first["records"])) == (4, False, 3)
    second = api("GET", f"/salesforce{first['nextRecordsUrl']}").json()
    assert (second["totalSize"], second["done"], len(second["records"])) == (4, True, 1)
    assert api.query("SELECT Name FROM Account", **{"Sforce-Query-Options": "batchSize=200"})["done"] is True
    assert api.refused("GET", "/query/01gnothing-2000") == (400, "INVALID_QUERY_LOCATOR")


def test_searches_find_words(api: Api) -> None:
    found = api("GET", "/parameterizedSearch", params={"q": "jane acme", "sobject": "Contact", "fields": "Name"}).json()
    assert [one["Name"] for one in found["searchRecords"]] == ["Jane Doe"]
    assert len(api("GET", "/parameterizedSearch", params={"q": "acme"}).json()["searchRecords"]) > 3
    assert api.refused("GET", "/parameterizedSearch", params={"q": "a"}) == (400, "MALFORMED_SEARCH")


def part(reference: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    return {"referenceId": reference, "method": method, "url": f"/services/data/v62.0{path}", "body": body}


def test_composite_parts_name_those_before_them(api: Api) -> None:
    parts = [
        part("a", "POST", "/sobjects/Account", {"Name": "Composed"}),
        part("c", "POST", "/sobjects/Contact", {"LastName": "Part", "AccountId": "@{a.id}"}),
        part("q", "GET", "/query?q=SELECT+Account.Name+FROM+Contact+WHERE+Id='@{c.id}'"),
        part("x", "POST", "/sobjects/Account", {}),
        part("y", "GET", "/sobjects/Account/@{x.id}"),
    ]
    answer = api("POST", "/composite", json={"compositeRequest": parts})
    assert answer.headers["sforce-limit-info"] == "api-usage=1/15000"
    results = answer.json()["compositeResponse"]
    assert [one["httpStatusCode"] for one in results] == [201, 201, 200, 400, 400]
    assert results[2]["body"]["records"][0]["Account"]["Name"] == "Composed"
    assert results[4]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_composite_all_or_none_takes_everything_back(api: Api) -> None:
    acme = api.query("SELECT Id FROM Account WHERE Name = 'Acme'")["records"][0]["Id"]
    parts = [
        part("a", "POST", "/sobjects/Account", {"Name": "Never"}),
        part("u", "PATCH", f"/sobjects/Account/{acme}", {"Phone": "never"}),
        part("x", "POST", "/sobjects/Account", {}),
    ]
    answer = api("POST", "/composite", json={"allOrNone": True, "compositeRequest": parts})
    codes = [one["body"][0]["errorCode"] for one in answer.json()["compositeResponse"]]
    assert codes == ["PROCESSING_HALTED", "PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert api.query("SELECT Id FROM Account WHERE Name = 'Never' OR Phone = 'never'")["totalSize"] == 0
    too_many = {"compositeRequest": [part(f"r{n}", "GET", "/limits") for n in range(26)]}
    assert api.refused("POST", "/composite", json=too_many) == (400, "EXCEEDED_MAX_SUBREQUESTS")


def test_batches_stop_when_told_to(api: Api) -> None:
    parts = [
        {"method": "GET", "url": "v62.0/limits"},
        {"method": "GET", "url": "v62.0/x"},
        {"method": "GET", "url": "v62.0/limits"},
    ]
    answer = api("POST", "/composite/batch", json={"batchRequests": parts}).json()
    assert (answer["hasErrors"], [one["statusCode"] for one in answer["results"]]) == (True, [200, 404, 200])
    halted = api("POST", "/composite/batch", json={"batchRequests": parts, "haltOnError": True}).json()
    assert [one["statusCode"] for one in halted["results"]] == [200, 404, 412]


def test_collections_answer_row_by_row(api: Api) -> None:
    rows = [{"attributes": {"type": "Account"}, "Name": "One"}, {"attributes": {"type": "Account"}}]
    made = api("POST", "/composite/sobjects", json={"records": rows})
    assert made.status_code == 200
    assert [one["success"] for one in made.json()] == [True, False]
    assert made.json()[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    none = api("POST", "/composite/sobjects", json={"allOrNone": True, "records": rows}).json()
    assert none[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    identifier = made.json()[0]["id"]
    change = [{"attributes": {"type": "Account"}, "id": identifier, "Phone": "5"}]
    assert api("PATCH", "/composite/sobjects", json={"records": change}).json()[0]["success"]
    keys = [{"External_Key__c": "ERP-1", "Amount__c": 7}, {"External_Key__c": "new", "Amount__c": 8}, {"Amount__c": 9}]
    put = api("PATCH", "/composite/sobjects/Invoice__c/External_Key__c", json={"records": keys}).json()
    assert [one.get("created") for one in put] == [False, True, None]
    gone = api("DELETE", f"/composite/sobjects?ids={identifier},001x").json()
    assert [one["success"] for one in gone] == [True, False]
    assert api.query("SELECT COUNT() FROM Account")["totalSize"] == 4


def test_people_write_through_control_and_faults_reach_it(sandbox: Any, api: Api) -> None:
    made = sandbox.control("salesforce/records", object="Lead", fields={"LastName": "New", "Company": "C"})
    assert api("GET", f"/sobjects/Lead/{made['id']}").json()["Name"] == "New"
    wrong = sandbox.http.post("/_control/salesforce/records", json={"object": "Lead", "fields": {}})
    assert (wrong.status_code, wrong.json()["message"][:22]) == (400, "REQUIRED_FIELD_MISSING")
    sandbox.control("faults", vendor="salesforce", path="/limits$", status=503, body="busy")
    assert api("GET", "/limits").status_code == 503
    assert sandbox.journal("salesforce", "/limits")[-1]["fault"] == "answer"


def test_pages_show_objects_records_and_sessions(sandbox: Any, api: Api) -> None:
    front = sandbox.http.get("/salesforce/").text
    assert "Invoice__c" in front and "ada@acme.sandbox.example" in front
    listed = sandbox.http.get("/salesforce/objects/Account/")
    assert "O&#39;Neill &amp; Sons" in listed.text
    record = re.findall(r'href="(http[^"]+/objects/Account/001[^"]+)"', listed.text)[-1]
    assert "Technology" in sandbox.http.get(record).text
    assert sandbox.http.get("/salesforce/objects/Nope/").status_code == 404
    assert sandbox.http.post("/salesforce/tokens/0/revoke").status_code == 303
    assert api.refused("GET", "/limits") == (401, "INVALID_SESSION_ID")
