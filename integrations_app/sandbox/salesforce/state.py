"""Plain rows of the emulated Salesforce, in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from integrations_app.sandbox.salesforce.ids import full_id, make_id
from integrations_app.sandbox.salesforce.schema import ObjectType, all_objects
from integrations_app.sandbox.world import World


def stamp(seconds: float) -> str:
    """Unix seconds as Salesforce writes a moment: UTC with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


@dataclass
class Row:
    """One record; `values` under the fields' own names."""

    id: str
    object: ObjectType
    values: dict[str, Any]
    deleted: bool = False


@dataclass
class Grant:
    """One approval of an app by a person. With rotation `past` are the refresh tokens that were replaced."""

    user_id: str
    client_id: str
    scopes: list[str]
    created_at: float
    refresh: str = ""
    past: list[str] = field(default_factory=list)
    revoked: bool = False


@dataclass
class Token:
    """A session; it ends after a time without use. Times in unix seconds."""

    value: str
    username: str
    user_id: str
    client_id: str
    scopes: list[str]
    created_at: float
    expires_at: float
    grant: Grant
    revoked: bool = False

    @property
    def refresh(self) -> str:
        """The refresh token that belongs to it now."""
        return self.grant.refresh


@dataclass
class Cursor:
    """What is left of a long answer to a query."""

    records: list[dict[str, Any]]
    size: int


@dataclass
class Salesforce:
    """One whole emulated organisation."""

    org_id: str
    name: str
    objects: dict[str, ObjectType] = field(default_factory=all_objects)
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    calls: int = 0
    last_id: int = 0

    def next_number(self) -> int:
        """A number no other record has."""
        self.last_id += 1
        return self.last_id

    def next_id(self, prefix: str) -> str:
        """An id no other record has."""
        return make_id(prefix, self.next_number())

    def object(self, name: str) -> ObjectType | None:
        """An object by its name; case does not matter."""
        return self.objects.get(name.lower())

    def all_rows(self, name: str) -> list[Row]:
        """Every row of an object, the oldest first, deleted ones included."""
        return list(self.rows.get(name.lower(), {}).values())

    def row(self, name: str, text: str) -> Row | None:
        """A row by its id of 15 or 18 characters, deleted ones included."""
        return self.rows.get(name.lower(), {}).get(full_id(text) or "")

    def keep(self, row: Row) -> None:
        """Put a row where it belongs."""
        self.rows.setdefault(row.object.name.lower(), {})[row.id] = row

    def user(self, username: str) -> Row | None:
        """A person by user name or id."""
        for row in self.all_rows("User"):
            if username in (row.values["Username"], row.id):
                return row
        return None


def salesforce_of(world: World) -> Salesforce:
    """The emulated Salesforce."""
    return world.state(Salesforce)
