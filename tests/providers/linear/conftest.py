"""Connections to the emulated workspace, and short ways to look into it."""

from dataclasses import dataclass
from typing import Any

import pytest

ADA, GRACE = "ada@acme.sandbox.example", "grace@acme.sandbox.example"


@dataclass
class Workspace:
    """What is there at the vendor."""

    sandbox: Any

    def issues(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.get("linear/issues")["issues"]
        return found

    def issue(self, identifier: str) -> dict[str, Any]:
        return next(one for one in self.issues() if one["identifier"] == identifier)

    def team(self, key: str) -> str:
        return next(str(one["team"]["id"]) for one in self.issues() if one["team"]["key"] == key)

    def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.requests("/linear/api")
        return found


@pytest.fixture
def workspace(sandbox: Any) -> Workspace:
    return Workspace(sandbox)


@pytest.fixture
def linear(connect: Any, sandbox: Any) -> Any:
    """Ada's connection, who may do everything."""
    return connect("linear", access_token=sandbox.token("linear", ADA, ["write", "admin"]))


@pytest.fixture
def reader(connect: Any, sandbox: Any) -> Any:
    """A connection that may only read."""
    return connect("linear", access_token=sandbox.token("linear", ADA, []))
