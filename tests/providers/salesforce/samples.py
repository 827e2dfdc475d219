"""One good call of every action of Salesforce that writes, as its emulation takes it; and the request that does it."""

from typing import Any

from tests.providers.sample import Sample

ROW = "Account"


def _account(vendor: Any) -> str:
    return str(vendor.control("salesforce/records", object=ROW, fields={"Name": "Sample"})["id"])


SAMPLES: dict[str, Sample] = {
    "create_record": Sample("POST", rf"/sobjects/{ROW}$", {"object": ROW, "fields": {"Name": "x"}}),
    "update_record": Sample(
        "PATCH",
        rf"/sobjects/{ROW}/",
        lambda row: {"object": ROW, "id": row, "fields": {"Phone": "1"}},
        _account,
    ),
    "upsert_record": Sample(
        "PATCH",
        r"/sobjects/Invoice__c/",
        {
            "object": "Invoice__c",
            "external_id_field": "External_Key__c",
            "external_id": "S-1",
            "fields": {"Status__c": "Draft"},
        },
    ),
    "upsert_records": Sample(
        "PATCH",
        r"/composite/sobjects/",
        {
            "object": "Invoice__c",
            "external_id_field": "External_Key__c",
            "records": [{"External_Key__c": "S-2", "Status__c": "Draft"}],
        },
    ),
    "create_records": Sample(
        "POST", r"/composite/sobjects$", {"object": ROW, "records": [{"Name": "x"}, {"Name": "y"}]}
    ),
    "update_records": Sample(
        "PATCH",
        r"/composite/sobjects$",
        lambda row: {"object": ROW, "records": [{"Id": row, "Phone": "1"}]},
        _account,
    ),
    "delete_records": Sample("DELETE", r"/composite/sobjects", lambda row: {"ids": [row]}, _account),
    "upload_file": Sample("POST", r"/sobjects/ContentVersion$", {"name": "a.txt", "content": "x"}),
    "delete_record": Sample("DELETE", rf"/sobjects/{ROW}/", lambda row: {"object": ROW, "id": row}, _account),
    "api_call": Sample(
        "POST", rf"/sobjects/{ROW}$", {"method": "POST", "path": f"sobjects/{ROW}", "body": {"Name": "x"}}
    ),
}

DEAD: dict[str, dict[str, Any]] = {
    "invalid_session_id": {
        "status": 401,
        "body": [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}],
    }
}
"""How Salesforce says that credentials are dead, as its documentation words it, by our code."""
