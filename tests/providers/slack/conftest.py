"""A connection to the emulated workspace that may do everything."""

from typing import Any

import pytest


@pytest.fixture
def full(connect: Any, sandbox: Any) -> Any:
    """A connection with every permission, as a pasted token of one's own app has."""
    return connect("slack", access_token=sandbox.token("slack"))
