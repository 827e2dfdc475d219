"""The organisation the emulated Salesforce starts with."""

from datetime import UTC, datetime, timedelta
from typing import Any

from integrations_app.sandbox.salesforce.ids import make_id
from integrations_app.sandbox.salesforce.state import Row, Salesforce, stamp

DAY = 86400.0
PEOPLE = (("ada@acme.sandbox.example", "Ada", "Byron"), ("grace@acme.sandbox.example", "Grace", "Murray"))
_ACCOUNTS: tuple[dict[str, Any], ...] = (
    {
        "Name": "Acme",
        "Industry": "Technology",
        "AnnualRevenue": 1_250_000.0,
        "BillingCity": "Berlin",
        "Type": "Partner",
    },
    {
        "Name": "Burlington Textiles",
        "Industry": "Manufacturing",
        "AnnualRevenue": 350_000.0,
        "BillingCity": "Burlington",
    },
    {"Name": "O'Neill & Sons", "Industry": "Consulting", "BillingCity": "Dublin"},
    {"Name": "100% Organic", "Industry": "Agriculture", "BillingCity": "Porto", "NumberOfEmployees": 12},
)


def seed_salesforce(now: float) -> Salesforce:
    """A fresh organisation with two people and a few records; `now` in unix seconds."""
    org = Salesforce(make_id("00D", 1), "Acme")
    for username, first, last in PEOPLE:
        names = {"FirstName": first, "LastName": last, "Name": f"{first} {last}", "IsActive": True}
        _add(org, "User", now - 400 * DAY, {"Username": username, "Email": username, **names})
    accounts = [_add(org, "Account", now - (90 - at) * DAY, dict(values)) for at, values in enumerate(_ACCOUNTS)]
    acme, burlington = accounts[0], accounts[1]
    for row, first, last in ((acme, "Jane", "Doe"), (acme, "John", "Roe"), (burlington, "Jack", "Rogers")):
        email = f"{first}.{last}@{row.values['Name'].split()[0]}.example".lower()
        values = {"FirstName": first, "LastName": last, "Name": f"{first} {last}", "Email": email}
        _add(org, "Contact", now - 60 * DAY, {"AccountId": row.id, **values})
    lead = {"FirstName": "Lena", "LastName": "Novak", "Name": "Lena Novak", "Company": "Novak Optics"}
    _add(org, "Lead", now - 10 * DAY, lead | {"Email": "lena@novak.example", "Status": "Open - Not Contacted"})
    closes = (datetime.fromtimestamp(now, UTC) + timedelta(days=30)).date().isoformat()
    deal = {"Name": "Acme renewal", "StageName": "Qualification", "CloseDate": closes}
    _add(org, "Opportunity", now - 20 * DAY, {"AccountId": acme.id, "Amount": 45_000.0, **deal})
    case = {"Subject": "Printer on fire", "Status": "New", "Priority": "High", "CaseNumber": "00001001"}
    _add(org, "Case", now - 2 * DAY, {"AccountId": acme.id, **case})
    for key, amount in (("ERP-1", 120.5), ("ERP-2", 980.0)):
        values = {"Name": f"INV-{org.last_id:04d}", "External_Key__c": key, "Status__c": "Sent"}
        _add(org, "Invoice__c", now - 5 * DAY, {"Account__c": acme.id, "Amount__c": amount, **values})
    return org


def _add(org: Salesforce, name: str, at: float, values: dict[str, Any]) -> Row:
    kind = org.objects[name.lower()]
    row = Row(org.next_id(kind.prefix), kind, {one.name: one.default for one in kind.fields.values()})
    people = org.all_rows("User")
    owner = {"OwnerId": people[0].id} if people and kind.field("OwnerId") else {}
    moments = {name: stamp(at) for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp")}
    row.values |= {"Id": row.id, "IsDeleted": False} | owner | moments | values
    org.keep(row)
    return row
