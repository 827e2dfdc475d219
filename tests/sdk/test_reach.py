"""Which hosts nobody on the internet reaches."""

import pytest

from integrations_app.sdk.reach import is_private_host


@pytest.mark.parametrize("host", ["localhost", "hub", "10.0.0.8", "::1", "a.localhost", "hub.internal", ""])
def test_what_is_private(host: str) -> None:
    assert is_private_host(host)


@pytest.mark.parametrize("host", ["hub.example.com", "8.8.8.8", "2606:4700::1111"])
def test_what_is_not(host: str) -> None:
    assert not is_private_host(host)
