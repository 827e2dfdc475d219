"""Salesforce: create, update, find and delete records."""

from pathlib import Path

from integrations_app.providers.salesforce import actions, batches
from integrations_app.providers.salesforce.client import address, check, open_client
from integrations_app.providers.salesforce.errors import ERRORS
from integrations_app.providers.salesforce.limits import LIMITS
from integrations_app.providers.salesforce.oauth import OAUTH
from integrations_app.providers.salesforce.settings import SalesforceSettings, sign_in_bases
from integrations_app.providers.salesforce.triggers import TRIGGERS
from integrations_app.sdk.provider import BaseAddress, Provider, SandboxApp

provider = Provider(
    key="salesforce",
    name="Salesforce",
    summary="Create, update, find and delete records; start on new, changed and deleted ones.",
    docs_url="https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/",
    logo="logo.svg",
    folder=Path(__file__).parent,
    auth=(OAUTH,),
    settings=SalesforceSettings,
    open_client=open_client,
    check=check,
    address=address,
    actions=(
        actions.create_record,
        actions.update_record,
        actions.upsert_record,
        actions.upsert_records,
        actions.upload_file,
        actions.get_record,
        actions.delete_record,
        actions.query,
        actions.search,
        batches.create_records,
        batches.update_records,
        batches.delete_records,
        batches.describe_object,
        actions.api_call,
    ),
    triggers=TRIGGERS,
    bases={"web": BaseAddress("https://login.salesforce.com", "LOGIN_URL")},
    moved_bases=sign_in_bases,
    hosts=("*.salesforce.com",),
    sandbox=SandboxApp("sandbox-salesforce-client", "sandbox-salesforce-secret", {"web": "/salesforce"}),
    secret_patterns=(r"00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{20,}", r"5Aep[A-Za-z0-9._]{40,}"),
    reconnect_codes=frozenset({"invalid_grant"}),
    app_codes=frozenset({"invalid_client", "invalid_client_id"}),
    expired_codes=frozenset({"invalid_session_id", "bad_oauth_token"}),
    errors=ERRORS,
    limits=LIMITS,
)
