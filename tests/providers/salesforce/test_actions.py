"""Every Salesforce action over HTTP against the emulated vendor, with its main refusals."""

import base64
from typing import Any

import pytest

from integrations_app.errors import (
    IntegrationsError,
    InvalidInput,
    MissingScope,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    Unavailable,
)
from integrations_app.providers.salesforce.actions import ApiCall
from integrations_app.providers.salesforce.errors import ERRORS
from integrations_app.sdk.actions import Repeat

GONE = "001Hs00000zzzzzIAA"


class TestCreateRecord:
    async def test_makes_one_with_typed_values(self, salesforce: Any, organisation: Any) -> None:
        fields = {"Name": 'Neu "& Söhne"', "AnnualRevenue": 12.5, "NumberOfEmployees": 3, "Industry": "Banking"}
        made = await salesforce.run("create_record", object="Account", fields=fields)
        there = organisation.one("Account", Id=made.id)
        assert fields.items() <= there.items()
        assert there["OwnerId"] == organisation.rows("User")[0]["Id"]
        assert len(organisation.calls()) == 1

    async def test_names_another_record_by_its_external_id(self, salesforce: Any, organisation: Any) -> None:
        fields = {"External_Key__c": "N-1", "Replaces__r": {"External_Key__c": "ERP-1"}}
        made = await salesforce.run("create_record", object="Invoice__c", fields=fields)
        old = organisation.one("Invoice__c", External_Key__c="ERP-1")
        assert organisation.one("Invoice__c", Id=made.id)["Replaces__c"] == old["Id"]

    @pytest.mark.parametrize(
        ("name", "fields", "code"),
        [
            ("Account", {"Phone": "1"}, "required_field_missing"),
            ("Account", {"Name": "x" * 256}, "string_too_long"),
            ("Account", {"Name": "x", "Nope": 1}, "invalid_field"),
            ("Account", {"Name": "x", "Id": GONE}, "invalid_field_for_insert_update"),
            ("Account", {"Name": "x", "ParentId": "nobody"}, "malformed_id"),
            ("Account", {"Name": "x", "ParentId": GONE}, "invalid_cross_reference_key"),
            ("Account", {"Name": "x", "AnnualRevenue": "much"}, "json_parser_error"),
            ("Contact", {"LastName": "x", "Email": "no address"}, "invalid_email_address"),
            ("Invoice__c", {"External_Key__c": "erp-1"}, "duplicate_value"),
            ("Invoice__c", {"Status__c": "Lost"}, "invalid_or_null_for_restricted_picklist"),
            ("Nope__c", {"Name": "x"}, "not_found"),
        ],
    )
    async def test_values_it_does_not_accept(
        self, salesforce: Any, organisation: Any, name: str, fields: dict[str, Any], code: str
    ) -> None:
        before = len(organisation.rows("Account")), len(organisation.rows("Invoice__c"))
        with pytest.raises(Rejected) as refused:
            await salesforce.run("create_record", object=name, fields=fields)
        assert refused.value.code == code
        assert refused.value.message.startswith(ERRORS[code].advice)
        assert len(refused.value.message) > len(ERRORS[code].advice)
        assert (len(organisation.rows("Account")), len(organisation.rows("Invoice__c"))) == before

    @pytest.mark.parametrize(
        "name", ["", "Acc ount", "../limits", "Account/describe", "Account?x", "1Account", "Kontö"]
    )
    async def test_names_that_are_none_are_never_sent(self, salesforce: Any, organisation: Any, name: str) -> None:
        with pytest.raises(InvalidInput if name else ValueError, match="object"):
            await salesforce.run("create_record", object=name, fields={"Name": "x"})
        assert organisation.calls() == []

    @pytest.mark.parametrize("fields", [{}, {"Na me": 1}, {"Account.Name": 1}])
    async def test_fields_that_are_none_are_never_sent(self, salesforce: Any, organisation: Any, fields: Any) -> None:
        with pytest.raises(InvalidInput, match="fields"):
            await salesforce.run("create_record", object="Account", fields=fields)
        assert organisation.calls() == []

    @pytest.mark.parametrize("fault", [{"effect": "lose"}, {"effect": "lose", "status": 502}, {"effect": "drop"}])
    async def test_a_lost_answer_leaves_it_open(
        self, salesforce: Any, sandbox: Any, organisation: Any, fault: dict[str, Any]
    ) -> None:
        sandbox.fault(vendor="salesforce", method="POST", path="/sobjects/Account$", **fault)
        with pytest.raises(OutcomeUnknown):
            await salesforce.run("create_record", object="Account", fields={"Name": "Once"})
        assert len(organisation.calls("POST")) == 1

    @pytest.mark.parametrize("body", ["<html>", "", "[]", {"success": True}])
    async def test_an_answer_that_names_no_record_leaves_it_open(
        self, salesforce: Any, sandbox: Any, body: Any
    ) -> None:
        sandbox.fault(vendor="salesforce", method="POST", path="/sobjects/Account$", status=201, body=body)
        with pytest.raises(OutcomeUnknown):
            await salesforce.run("create_record", object="Account", fields={"Name": "x"})

    def test_it_is_never_repeated_by_itself(self, salesforce: Any) -> None:
        assert salesforce.provider.action("create_record").repeat is Repeat.UNKNOWABLE


class TestUpdateRecord:
    async def test_changes_and_empties_fields(self, salesforce: Any, organisation: Any) -> None:
        acme = organisation.one("Account", Name="Acme")
        done = await salesforce.run(
            "update_record", object="Account", id=acme["Id"][:15], fields={"Phone": "030", "BillingCity": None}
        )
        there = organisation.one("Account", Name="Acme")
        assert (done.success, there["Phone"], there["BillingCity"]) == (True, "030", None)

    async def test_a_lost_answer_may_be_repeated(self, salesforce: Any, sandbox: Any, organisation: Any) -> None:
        acme = organisation.one("Account", Name="Acme")
        sandbox.fault(vendor="salesforce", method="PATCH", path="/sobjects/", effect="lose")
        params = {"object": "Account", "id": acme["Id"], "fields": {"Phone": "1"}}
        with pytest.raises(OutcomeUnknown):
            await salesforce.run("update_record", **params)
        await salesforce.run("update_record", **params)
        assert organisation.one("Account", Name="Acme")["Phone"] == "1"

    async def test_what_is_not_there(self, salesforce: Any, organisation: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await salesforce.run("update_record", object="Account", id=GONE, fields={"Phone": "1"})
        assert refused.value.code == "not_found"
        with pytest.raises(InvalidInput, match="id"):
            await salesforce.run("update_record", object="Account", id="x/../y", fields={"Phone": "1"})
        assert len(organisation.calls()) == 1

    async def test_a_record_held_by_another_change_is_tried_again_soon(self, salesforce: Any, sandbox: Any) -> None:
        body = [{"message": "unable to obtain exclusive access to this record", "errorCode": "UNABLE_TO_LOCK_ROW"}]
        sandbox.fault(vendor="salesforce", method="PATCH", path="/sobjects/", status=400, body=body)
        with pytest.raises(Unavailable) as refused:
            await salesforce.run("update_record", object="Account", id=GONE, fields={"Phone": "1"})
        assert refused.value.after == 2


class TestUpsertRecord:
    async def test_creates_once_and_then_updates(self, salesforce: Any, organisation: Any) -> None:
        key = "a/b 'c' & %2F?ü"
        params = {"object": "Invoice__c", "external_id_field": "External_Key__c", "external_id": key}
        made = await salesforce.run("upsert_record", **params, fields={"Amount__c": 5, "External_Key__c": key})
        again = await salesforce.run("upsert_record", **params, fields={"Amount__c": 6})
        assert (made.created, again.created, made.id) == (True, False, again.id)
        assert organisation.one("Invoice__c", Id=made.id)["External_Key__c"] == key
        assert organisation.one("Invoice__c", Id=made.id)["Amount__c"] == 6

    async def test_a_lost_answer_makes_no_double(self, salesforce: Any, sandbox: Any, organisation: Any) -> None:
        sandbox.fault(vendor="salesforce", method="PATCH", path="/External_Key__c/", effect="lose")
        params: dict[str, Any] = {"object": "Invoice__c", "external_id_field": "External_Key__c", "external_id": "K"}
        with pytest.raises(OutcomeUnknown):
            await salesforce.run("upsert_record", **params, fields={"Amount__c": 5})
        await salesforce.run("upsert_record", **params, fields={"Amount__c": 5})
        assert [row["External_Key__c"] for row in organisation.rows("Invoice__c")] == ["ERP-1", "ERP-2", "K"]

    async def test_an_old_version_says_nothing_when_it_updates(self, salesforce: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="salesforce", method="PATCH", path="/External_Key__c/", effect="answer", status=204)
        found = await salesforce.run(
            "upsert_record", object="Invoice__c", external_id_field="External_Key__c", external_id="ERP-1",
            fields={"Amount__c": 5},
        )  # fmt: skip
        assert found.id.startswith("a00")
        assert found.created is False

    async def test_several_records_and_a_field_that_is_none(self, salesforce: Any, sandbox: Any) -> None:
        params = {"object": "Invoice__c", "external_id": "x", "fields": {"Amount__c": 1}}
        with pytest.raises(Rejected) as refused:
            await salesforce.run("upsert_record", **params, external_id_field="Amount__c")
        assert refused.value.code == "not_found"
        sandbox.fault(vendor="salesforce", method="PATCH", path="/External_Key__c/", status=300, body=["/a", "/b"])
        with pytest.raises(Rejected) as refused:
            await salesforce.run("upsert_record", **params, external_id_field="External_Key__c")
        assert refused.value.code == "duplicate_external_id"

    @pytest.mark.parametrize("value", [" ", ".", ".."])
    async def test_ids_that_would_change_the_address(self, salesforce: Any, organisation: Any, value: str) -> None:
        with pytest.raises(InvalidInput, match="external_id"):
            await salesforce.run(
                "upsert_record", object="Invoice__c", external_id_field="External_Key__c", external_id=value,
                fields={"Amount__c": 1},
            )  # fmt: skip
        assert organisation.calls() == []


class TestUploadFile:
    async def test_stores_text_and_bytes(self, salesforce: Any, organisation: Any) -> None:
        acme = organisation.one("Account", Name="Acme")
        stored = await salesforce.run("upload_file", name="Notes.txt", content="grüße", record_id=acme["Id"])
        there = organisation.one("ContentVersion", Id=stored.id)
        assert (there["Title"], there["FileExtension"], there["ContentSize"]) == ("Notes", "txt", 7)
        assert (there["FirstPublishLocationId"], there["ContentDocumentId"]) == (acme["Id"], stored.ContentDocumentId)
        image = base64.b64encode(bytes(range(256))).decode()
        other = await salesforce.run("upload_file", name="image", content=image, encoding="base64")
        assert organisation.one("ContentVersion", Id=other.id)["VersionData"] == image

    async def test_a_stored_file_is_not_doubted(self, salesforce: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="salesforce", method="GET", path="/ContentVersion/", effect="drop")
        stored = await salesforce.run("upload_file", name="a.txt", content="x")
        assert stored.id.startswith("068")
        assert stored.ContentDocumentId == ""

    async def test_what_cannot_be_stored(self, salesforce: Any, organisation: Any) -> None:
        with pytest.raises(InvalidInput, match="base64"):
            await salesforce.run("upload_file", name="a", content="ä", encoding="base64")
        with pytest.raises(InvalidInput, match="record_id"):
            await salesforce.run("upload_file", name="a", content="x", record_id="acme")
        assert organisation.calls() == []
        with pytest.raises(Rejected) as refused:
            await salesforce.run("upload_file", name="a", content="x", record_id=GONE)
        assert refused.value.code == "invalid_cross_reference_key"


class TestGetAndDelete:
    async def test_reads_all_fields_or_those_asked_for(self, salesforce: Any, organisation: Any) -> None:
        acme = organisation.one("Account", Name="Acme")
        whole = await salesforce.run("get_record", object="Account", id=acme["Id"])
        assert len(whole.record) == 17
        part = await salesforce.run("get_record", object="Account", id=acme["Id"], fields=["Name", "Industry"])
        assert part.record == {"Name": "Acme", "Industry": "Technology", "Id": acme["Id"]}

    async def test_reading_what_is_not_there(self, salesforce: Any) -> None:
        with pytest.raises(Rejected, match="no such"):
            await salesforce.run("get_record", object="Account", id=GONE)
        with pytest.raises(InvalidInput, match="fields"):
            await salesforce.run("get_record", object="Account", id=GONE, fields=["Name,Id"])

    async def test_a_lost_read_may_be_repeated(self, salesforce: Any, sandbox: Any, organisation: Any) -> None:
        sandbox.fault(vendor="salesforce", method="GET", path="/sobjects/", effect="drop")
        with pytest.raises(Unavailable):
            await salesforce.run("get_record", object="Account", id=organisation.rows("Account")[0]["Id"])

    async def test_deletes_and_finds_it_deleted(self, salesforce: Any, sandbox: Any, organisation: Any) -> None:
        lead = organisation.rows("Lead")[0]
        sandbox.fault(vendor="salesforce", method="DELETE", path="/sobjects/", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await salesforce.run("delete_record", object="Lead", id=lead["Id"])
        assert organisation.rows("Lead") == []
        again = await salesforce.run("delete_record", object="Lead", id=lead["Id"])
        assert again.already_deleted is True
        contact = organisation.rows("Contact")[0]
        assert (await salesforce.run("delete_record", object="Contact", id=contact["Id"])).already_deleted is False

    async def test_a_record_that_never_was_is_told_on_the_first_attempt_only(self, salesforce: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await salesforce.run("delete_record", object="Lead", id=GONE)
        assert refused.value.code == "not_found"
        delete = salesforce.provider.action("delete_record")
        done = await delete.run(delete.params(object="Lead", id=GONE), salesforce.context(attempt=2))
        assert done.already_deleted is True


class TestSearchAndApiCall:
    async def test_finds_records_by_words(self, salesforce: Any) -> None:
        found = await salesforce.run("search", text="o'neill &", object="Account", fields=["Id", "Name"])
        assert [one["Name"] for one in found.records] == ["O'Neill & Sons"]
        few = await salesforce.run("search", text="example", object="Contact", fields=["LastName"], limit=2)
        assert (len(few.records), few.done) == (2, False)

    async def test_a_search_it_does_not_accept(self, salesforce: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await salesforce.run("search", text="? !", object="Account")
        assert refused.value.code == "malformed_search"

    async def test_calls_what_has_no_action(self, salesforce: Any, organisation: Any) -> None:
        got = await salesforce.run("api_call", path="/limits")
        assert got.body["DailyApiRequests"]["Max"] == 15000
        part = {"method": "POST", "url": "/services/data/v62.0/sobjects/Account", "referenceId": "a"}
        asked = {"compositeRequest": [{**part, "body": {"Name": "By composite"}}]}
        done = await salesforce.run("api_call", method="POST", path="composite", body=asked)
        assert (done.status, done.body["compositeResponse"][0]["httpStatusCode"]) == (200, 201)
        assert organisation.one("Account", Name="By composite")
        found = await salesforce.run("api_call", path="query", query={"q": "SELECT COUNT() FROM Account"})
        assert found.body["totalSize"] == 5

    @pytest.mark.parametrize(
        "path",
        [
            "/services/oauth2/revoke",
            "../../../id",
            "/services/data/../oauth2/revoke",
            "/services/data/%2e%2e/oauth2/token",
            "//evil.example/",
            "limits?x=1",
            "limits#x",
            "li mits",
            "\\\\evil.example",
        ],
    )
    async def test_calls_that_leave_the_data_are_never_sent(self, salesforce: Any, sandbox: Any, path: str) -> None:
        with pytest.raises(InvalidInput, match="path"):
            await salesforce.run("api_call", path=path)
        assert sandbox.requests("/salesforce/") == []

    def test_only_posts_and_patches_wait_for_a_person(self, salesforce: Any) -> None:
        call = salesforce.provider.action("api_call")
        kinds = {
            m: call.repeat_of(ApiCall(method=m, path="x"), None) for m in ("GET", "PUT", "DELETE", "POST", "PATCH")
        }
        assert [m for m, kind in kinds.items() if kind is Repeat.UNKNOWABLE] == ["POST", "PATCH"]


class TestRefusals:
    async def test_an_expired_session_asks_for_a_new_one(self, salesforce: Any, sandbox: Any) -> None:
        sandbox.post("expire", vendor="salesforce", all=True)
        with pytest.raises(ReconnectRequired) as refused:
            await salesforce.run("create_record", object="Account", fields={"Name": "x"})
        assert refused.value.vendor_code in salesforce.provider.expired_codes

    async def test_a_session_without_the_permission(self, connect: Any, sandbox: Any) -> None:
        weak = connect("salesforce", access_token=sandbox.token("salesforce", "", ["id"]))
        with pytest.raises(MissingScope) as refused:
            await weak.run("create_record", object="Account", fields={"Name": "x"})
        assert refused.value.needed == ("api",)

    async def test_the_daily_limit(self, salesforce: Any, sandbox: Any, organisation: Any) -> None:
        sandbox.settings(salesforce={"api_limit": 1})
        await salesforce.run("get_record", object="Account", id=organisation.rows("Account")[0]["Id"])
        with pytest.raises(RateLimited) as refused:
            await salesforce.run("create_record", object="Account", fields={"Name": "x"})
        assert refused.value.after == 900

    async def test_too_many_long_calls(self, salesforce: Any, sandbox: Any) -> None:
        message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
        body = [{"message": message, "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
        sandbox.fault(vendor="salesforce", path="/services/data", status=403, body=body)
        with pytest.raises(RateLimited) as refused:
            await salesforce.run("query", soql="SELECT Id FROM Account")
        assert refused.value.after == 30

    @pytest.mark.parametrize(
        ("status", "code", "expected"),
        [
            (401, "INVALID_AUTH_HEADER", ReconnectRequired),
            (401, "INVALID_SESSION_ID", ReconnectRequired),
            (403, "REQUEST_LIMIT_EXCEEDED", RateLimited),
            (400, "UNABLE_TO_LOCK_ROW", Unavailable),
            (503, "SERVER_UNAVAILABLE", OutcomeUnknown),
            (500, "UNKNOWN_EXCEPTION", OutcomeUnknown),
            (403, "INSUFFICIENT_ACCESS", Rejected),
            (403, "API_DISABLED_FOR_ORG", Rejected),
            (400, "STORAGE_LIMIT_EXCEEDED", Rejected),
            (400, "ENTITY_IS_LOCKED", Rejected),
            (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", Rejected),
            (400, "SOMETHING_NEW", Rejected),
        ],
    )
    async def test_what_its_codes_mean(
        self, salesforce: Any, sandbox: Any, status: int, code: str, expected: type[IntegrationsError]
    ) -> None:
        body = [{"message": "words of the vendor", "errorCode": code}]
        sandbox.fault(vendor="salesforce", method="POST", path="/sobjects/", status=status, body=body)
        with pytest.raises(expected) as refused:
            await salesforce.run("create_record", object="Account", fields={"Name": "x"})
        if expected is Rejected:
            assert refused.value.code == code.lower()
            assert "words of the vendor" in str(refused.value)

    @pytest.mark.parametrize("status", [500, 502, 503])
    async def test_a_broken_vendor(self, salesforce: Any, sandbox: Any, status: int) -> None:
        sandbox.fault(vendor="salesforce", path="/services/data", status=status, body="<html>", count=2)
        with pytest.raises(Unavailable):
            await salesforce.run("query", soql="SELECT Id FROM Account")
        with pytest.raises(OutcomeUnknown):
            await salesforce.run("create_record", object="Account", fields={"Name": "x"})
