"""A connection to the emulated organisation, and short ways to look into it."""

from dataclasses import dataclass
from typing import Any

import pytest

ADA, GRACE = "ada@acme.sandbox.example", "grace@acme.sandbox.example"
DATA = "/salesforce/services/data/v62.0"


@dataclass
class Organisation:
    """What is there at the vendor."""

    sandbox: Any

    def rows(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.get("salesforce/records", object=name)["records"]
        return [row for row in found if not row["IsDeleted"]]

    def one(self, name: str, **values: Any) -> dict[str, Any]:
        return next(row for row in self.rows(name) if values.items() <= row.items())

    def calls(self, method: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.requests("/salesforce/services/data", method)
        return found


@pytest.fixture
def organisation(sandbox: Any) -> Organisation:
    return Organisation(sandbox)


@pytest.fixture
def salesforce(connect: Any, sandbox: Any) -> Any:
    """A connection of Ada with the default permissions."""
    return connect("salesforce", access_token=sandbox.token("salesforce", ADA, ["api", "refresh_token", "id"]))
