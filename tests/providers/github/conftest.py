"""A connection to the emulated GitHub, for the tests of its actions."""

from typing import Any

import pytest


@pytest.fixture
def github(connect: Any, sandbox: Any) -> Any:
    """Octo-hub's connection with no more than the default scopes: an administrator of acme/web."""
    return connect("github", access_token=sandbox.token("github", "octo-hub", ["repo"]))


@pytest.fixture
def mona(connect: Any, sandbox: Any) -> Any:
    """Mona's connection: she may push to acme/web and wrote its pull request 1."""
    return connect("github", access_token=sandbox.token("github", "mona-lisa", ["repo"]))
