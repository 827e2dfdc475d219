"""Many Salesforce records in one call: a result each, all or none, and what may be repeated."""

from typing import Any, ClassVar

import pytest

from integrations_app.errors import InvalidInput, OutcomeUnknown, Rejected, Unavailable
from integrations_app.sdk.actions import Repeat

GONE = "001Hs00000zzzzzIAA"


class TestUpsertRecords:
    KEYED: ClassVar[dict[str, Any]] = {"object": "Invoice__c", "external_id_field": "External_Key__c"}

    async def test_each_record_has_its_own_result(self, salesforce: Any, organisation: Any) -> None:
        records = [
            {"External_Key__c": "ERP-1", "Amount__c": 1},
            {"External_Key__c": "ERP-9", "Amount__c": 2},
            {"External_Key__c": "ERP-2", "Status__c": "Lost"},
        ]
        done = await salesforce.run("upsert_records", **self.KEYED, records=records)
        assert [(row.success, row.created) for row in done.rows] == [(True, False), (True, True), (False, None)]
        assert (done.failed, done.rows[2].code) == (1, "invalid_or_null_for_restricted_picklist")
        assert "Lost" in done.rows[2].message
        assert organisation.one("Invoice__c", External_Key__c="ERP-9")["Amount__c"] == 2
        assert len(organisation.calls()) == 1

    async def test_all_or_none_writes_nothing_when_one_is_refused(self, salesforce: Any, organisation: Any) -> None:
        records = [{"External_Key__c": "ERP-9"}, {"External_Key__c": "ERP-8", "Nope": 1}]
        with pytest.raises(Rejected, match="Nothing was written") as refused:
            await salesforce.run("upsert_records", **self.KEYED, records=records, all_or_none=True)
        assert refused.value.code == "invalid_field"
        assert len(organisation.rows("Invoice__c")) == 2

    @pytest.mark.parametrize(
        "records", [[], [{"Amount__c": 1}], [{"External_Key__c": ""}], [{"External_Key__c": "x", "a b": 1}]]
    )
    async def test_records_that_are_none_are_never_sent(
        self, salesforce: Any, organisation: Any, records: list[dict[str, Any]]
    ) -> None:
        with pytest.raises(InvalidInput, match="records"):
            await salesforce.run("upsert_records", **self.KEYED, records=records)
        with pytest.raises(InvalidInput, match="200"):
            await salesforce.run("upsert_records", **self.KEYED, records=[{"External_Key__c": "x"}] * 201)
        assert organisation.calls() == []

    async def test_a_record_held_by_another_change_repeats_all(self, salesforce: Any, sandbox: Any) -> None:
        held = {"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "held", "fields": []}]}
        done = {"success": True, "id": GONE, "errors": [], "created": True}
        sandbox.fault(vendor="salesforce", path="/composite/", status=200, body=[done, held])
        records = [{"External_Key__c": "a"}, {"External_Key__c": "b"}]
        with pytest.raises(Unavailable):
            await salesforce.run("upsert_records", **self.KEYED, records=records)
        assert (await salesforce.run("upsert_records", **self.KEYED, records=records)).failed == 0

    async def test_an_answer_that_tells_too_little_leaves_it_open(self, salesforce: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="salesforce", path="/composite/", status=200, body=[])
        with pytest.raises(OutcomeUnknown):
            await salesforce.run("upsert_records", **self.KEYED, records=[{"External_Key__c": "x"}])


class TestManyRecords:
    async def test_creates_changes_and_deletes_with_a_result_each(self, salesforce: Any, organisation: Any) -> None:
        records = [{"Name": "One"}, {"Phone": "no name"}, {"Name": "Two"}]
        made = await salesforce.run("create_records", object="Account", records=records)
        assert (made.failed, [row.success for row in made.rows]) == (1, [True, False, True])
        assert made.rows[1].code == "required_field_missing"
        first, last = made.rows[0].id, made.rows[2].id
        changes = [{"Id": first, "Phone": "1"}, {"id": last, "Phone": "2"}, {"Id": GONE, "Phone": "3"}]
        changed = await salesforce.run("update_records", object="Account", records=changes)
        assert [row.success for row in changed.rows] == [True, True, False]
        assert organisation.one("Account", Id=last)["Phone"] == "2"
        for _ in range(2):  # what is deleted already is no mistake
            deleted = await salesforce.run("delete_records", ids=[first, last])
            assert (deleted.failed, [row.success for row in deleted.rows]) == (0, [True, True])
        living = [row["Id"] for row in organisation.rows("Account") if not row["IsDeleted"]]
        assert first not in living and last not in living

    async def test_all_or_none_takes_everything_back(self, salesforce: Any, organisation: Any) -> None:
        before = len(organisation.rows("Account"))
        with pytest.raises(Rejected, match="Nothing was written") as refused:
            await salesforce.run(
                "create_records", object="Account", records=[{"Name": "One"}, {"Phone": "1"}], all_or_none=True
            )
        assert refused.value.code == "required_field_missing"
        assert len([row for row in organisation.rows("Account") if not row["IsDeleted"]]) == before
        acme = organisation.one("Account", Name="Acme")["Id"]
        with pytest.raises(Rejected):
            await salesforce.run("delete_records", ids=[acme, GONE], all_or_none=True)
        assert not organisation.one("Account", Id=acme)["IsDeleted"]

    @pytest.mark.parametrize(
        ("action", "params"),
        [
            ("create_records", {"object": "Account", "records": []}),
            ("create_records", {"object": "Account", "records": [{"Name": "x"}] * 201}),
            ("update_records", {"object": "Account", "records": [{"Phone": "1"}]}),
            ("update_records", {"object": "Account", "records": [{"Id": "nobody", "Phone": "1"}]}),
            ("delete_records", {"ids": []}),
            ("delete_records", {"ids": ["x&allOrNone=true"]}),
        ],
    )
    async def test_what_cannot_be_is_never_sent(
        self, salesforce: Any, organisation: Any, action: str, params: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidInput):
            await salesforce.run(action, **params)
        assert organisation.calls() == []

    async def test_records_held_by_another_change_get_their_turn(self, salesforce: Any, sandbox: Any) -> None:
        held = {"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "held", "fields": []}]}
        sandbox.fault(vendor="salesforce", path="/composite/", status=200, body=[held])
        with pytest.raises(Unavailable):
            await salesforce.run("update_records", object="Account", records=[{"Id": GONE, "Phone": "1"}])
        sandbox.fault(vendor="salesforce", path="/composite/", status=200, body=[held])
        with pytest.raises(Unavailable):
            await salesforce.run("create_records", object="Account", records=[{"Name": "x"}], all_or_none=True)
        sandbox.fault(vendor="salesforce", path="/composite/", status=200, body=[held])
        made = await salesforce.run("create_records", object="Account", records=[{"Name": "x"}])
        assert (made.failed, made.rows[0].code) == (1, "unable_to_lock_row")  # others may have been created

    @pytest.mark.parametrize("fault", [{"effect": "lose"}, {"effect": "drop"}, {"status": 200, "body": []}])
    async def test_a_lost_answer_leaves_it_open(self, salesforce: Any, sandbox: Any, fault: dict[str, Any]) -> None:
        sandbox.fault(vendor="salesforce", method="POST", path="/composite/", **fault)
        with pytest.raises(OutcomeUnknown):
            await salesforce.run("create_records", object="Account", records=[{"Name": "x"}])
        assert salesforce.provider.action("create_records").repeat is Repeat.UNKNOWABLE

    async def test_describes_an_object(self, salesforce: Any) -> None:
        found = await salesforce.run("describe_object", object="Account")
        kinds = {one["name"]: one["type"] for one in found.fields}
        assert kinds["Name"] == "string" and kinds["Industry"] == "picklist"
        with pytest.raises(Rejected):
            await salesforce.run("describe_object", object="Nope__c")
