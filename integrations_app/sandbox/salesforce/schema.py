"""The objects of the emulated Salesforce with their fields, as describe tells them."""

from dataclasses import dataclass
from typing import Any

TEXT_TYPES = frozenset({"string", "textarea", "phone", "url", "email", "picklist"})
NUMBER_TYPES = frozenset({"double", "currency", "int", "percent"})


@dataclass(frozen=True)
class FieldType:
    """One field. `references` names the objects a lookup may point to, `relationship` the way through it."""

    name: str
    label: str
    type: str = "string"
    length: int = 0
    required: bool = False
    read_only: bool = False
    picklist: tuple[str, ...] = ()
    restricted: bool = False
    references: tuple[str, ...] = ()
    relationship: str = ""
    external_id: bool = False
    default: Any = None

    @property
    def custom(self) -> bool:
        """Whether the organisation added it."""
        return self.name.endswith("__c")


@dataclass(frozen=True)
class Children:
    """The other side of a lookup: rows of `object` whose `field` points here."""

    relationship: str
    object: str
    field: str


@dataclass(frozen=True)
class ObjectType:
    """One object; `fields` by lower-case name, in the order describe lists them."""

    name: str
    label: str
    plural: str
    prefix: str
    fields: dict[str, FieldType]
    children: tuple[Children, ...] = ()
    writable: bool = True
    numbering: str = ""
    """Pattern of an auto-number Name or CaseNumber, such as `INV-{:04d}`."""

    def field(self, name: str) -> FieldType | None:
        """A field by its name; case does not matter."""
        return self.fields.get(name.lower())

    def through(self, relationship: str) -> FieldType | None:
        """The lookup behind a relationship's name."""
        wanted = relationship.lower()
        return next((one for one in self.fields.values() if one.relationship.lower() == wanted), None)


def _text(name: str, label: str, length: int = 255, **more: Any) -> FieldType:
    return FieldType(name, label, "string", length, **more)


def _choice(name: str, label: str, *values: str, **more: Any) -> FieldType:
    return FieldType(name, label, "picklist", 255, picklist=values, **more)


def _lookup(name: str, label: str, relationship: str, *objects: str, **more: Any) -> FieldType:
    return FieldType(name, label, "reference", 18, references=objects, relationship=relationship, **more)


_ID = FieldType("Id", "Record ID", "id", 18, read_only=True)
_DELETED = FieldType("IsDeleted", "Deleted", "boolean", read_only=True)
_MOMENTS = tuple(
    FieldType(name, label, "datetime", read_only=True)
    for name, label in (
        ("CreatedDate", "Created Date"),
        ("LastModifiedDate", "Last Modified Date"),
        ("SystemModstamp", "System Modstamp"),
    )
)
_OWNER = _lookup("OwnerId", "Owner ID", "Owner", "User")
_NAME = FieldType("Name", "Full Name", "string", 121, read_only=True)
_PHONE = FieldType("Phone", "Phone", "phone", 40)
_EMAIL = FieldType("Email", "Email", "email", 80)
_DESCRIPTION = FieldType("Description", "Description", "textarea", 32000)


def _object(
    name: str, label: str, prefix: str, *own: FieldType, plural: str = "", owned: bool = True, **more: Any
) -> ObjectType:
    listed = (_ID, _DELETED, *own, *((_OWNER,) if owned else ()), *_MOMENTS)
    fields = {one.name.lower(): one for one in listed}
    return ObjectType(name, label, plural or f"{label}s", prefix, fields, **more)


_PUBLISHED_AT = ("Account", "Contact", "Lead", "Opportunity", "Case", "Task", "User", "Invoice__c")
INDUSTRIES = ("Agriculture", "Banking", "Consulting", "Education", "Energy", "Manufacturing", "Technology")

OBJECTS = (
    _object(
        "Account", "Account", "001",
        _text("Name", "Account Name", required=True),
        _choice("Type", "Account Type", "Prospect", "Customer - Direct", "Customer - Channel", "Partner", "Other"),
        _lookup("ParentId", "Parent Account ID", "Parent", "Account"),
        _text("BillingCity", "Billing City", 40),
        _text("BillingCountry", "Billing Country", 80),
        _PHONE,
        FieldType("Website", "Website", "url", 255),
        _choice("Industry", "Industry", *INDUSTRIES),
        FieldType("AnnualRevenue", "Annual Revenue", "currency"),
        FieldType("NumberOfEmployees", "Employees", "int"),
        _DESCRIPTION,
        children=(
            Children("Contacts", "Contact", "AccountId"),
            Children("Opportunities", "Opportunity", "AccountId"),
            Children("Cases", "Case", "AccountId"),
            Children("Tasks", "Task", "WhatId"),
            Children("Invoices__r", "Invoice__c", "Account__c"),
            Children("ChildAccounts", "Account", "ParentId"),
        ),
    ),
    _object(
        "Contact", "Contact", "003",
        _lookup("AccountId", "Account ID", "Account", "Account"),
        _text("FirstName", "First Name", 40),
        _text("LastName", "Last Name", 80, required=True),
        _NAME,
        _EMAIL,
        _PHONE,
        _text("Title", "Title", 128),
        children=(Children("Cases", "Case", "ContactId"), Children("Tasks", "Task", "WhoId")),
    ),
    _object(
        "Lead", "Lead", "00Q",
        _text("FirstName", "First Name", 40),
        _text("LastName", "Last Name", 80, required=True),
        _NAME,
        _text("Company", "Company", required=True),
        _EMAIL,
        _PHONE,
        _text("Title", "Title", 128),
        _choice("LeadSource", "Lead Source", "Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"),
        _choice(
            "Status", "Status", "Open - Not Contacted", "Working - Contacted", "Closed - Converted",
            "Closed - Not Converted", default="Open - Not Contacted",
        ),
        FieldType("IsConverted", "Converted", "boolean", read_only=True, default=False),
        children=(Children("Tasks", "Task", "WhoId"),),
    ),
    _object(
        "Opportunity", "Opportunity", "006",
        _lookup("AccountId", "Account ID", "Account", "Account"),
        _text("Name", "Name", 120, required=True),
        _choice(
            "StageName", "Stage", "Prospecting", "Qualification", "Proposal/Price Quote", "Negotiation/Review",
            "Closed Won", "Closed Lost", required=True,
        ),
        FieldType("CloseDate", "Close Date", "date", required=True),
        FieldType("Amount", "Amount", "currency"),
        FieldType("Probability", "Probability (%)", "percent"),
        _DESCRIPTION,
        plural="Opportunities",
    ),
    _object(
        "Case", "Case", "500",
        FieldType("CaseNumber", "Case Number", "string", 30, read_only=True),
        _lookup("AccountId", "Account ID", "Account", "Account"),
        _lookup("ContactId", "Contact ID", "Contact", "Contact"),
        _text("Subject", "Subject"),
        _DESCRIPTION,
        _choice("Status", "Status", "New", "Working", "Escalated", "Closed", default="New"),
        _choice("Priority", "Priority", "High", "Medium", "Low", default="Medium"),
        _choice("Origin", "Case Origin", "Phone", "Email", "Web"),
        numbering="{:08d}",
    ),
    _object(
        "Task", "Task", "00T",
        _lookup("WhoId", "Name ID", "Who", "Contact", "Lead"),
        _lookup("WhatId", "Related To ID", "What", "Account", "Opportunity", "Case", "Invoice__c"),
        _text("Subject", "Subject"),
        FieldType("ActivityDate", "Due Date Only", "date"),
        _choice("Status", "Status", "Not Started", "In Progress", "Completed", default="Not Started"),
        _choice("Priority", "Priority", "High", "Normal", "Low", default="Normal"),
        _DESCRIPTION,
    ),
    _object(
        "User", "User", "005",
        _text("Username", "Username", 80),
        _text("FirstName", "First Name", 40),
        _text("LastName", "Last Name", 80),
        _NAME,
        FieldType("Email", "Email", "email", 128),
        FieldType("IsActive", "Active", "boolean", default=True),
        owned=False,
        writable=False,
    ),
    _object(
        "ContentVersion", "Content Version", "068",
        _text("Title", "Title", required=True),
        _text("PathOnClient", "Path On Client", 500, required=True),
        FieldType("VersionData", "Version Data", "base64", required=True),
        _lookup("FirstPublishLocationId", "First Publish Location ID", "FirstPublishLocation", *_PUBLISHED_AT),
        FieldType("ContentDocumentId", "ContentDocument ID", "string", 18, read_only=True),
        FieldType("ContentSize", "Size", "int", read_only=True),
        FieldType("FileExtension", "File Extension", "string", 40, read_only=True),
    ),
    _object(
        "Invoice__c", "Invoice", "a00",
        FieldType("Name", "Invoice Number", "string", 80, read_only=True),
        FieldType("External_Key__c", "External Key", "string", 64, external_id=True),
        _lookup("Account__c", "Account", "Account__r", "Account"),
        _lookup("Replaces__c", "Replaces", "Replaces__r", "Invoice__c"),
        FieldType("Amount__c", "Amount", "currency"),
        FieldType("Due__c", "Due", "date"),
        FieldType("Paid__c", "Paid", "boolean", default=False),
        _choice("Status__c", "Status", "Draft", "Sent", "Paid", "Cancelled", restricted=True, default="Draft"),
        numbering="INV-{:04d}",
    ),
)  # fmt: skip


FILE = "ContentVersion"
"""Creating one makes the file (ContentDocument) that it is a version of."""


def all_objects() -> dict[str, ObjectType]:
    """Every object by its lower-case name."""
    return {one.name.lower(): one for one in OBJECTS}
