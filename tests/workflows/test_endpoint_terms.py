"""What is set on an endpoint: addresses read strictly, written in one spelling, and compared as senders have them."""

import pytest

from integrations_app.errors import InvalidInput
from integrations_app.workflows.endpoint_terms import ALLOWED, MOST_ADDRESSES, is_within, networks, parse_allowed


def test_addresses_are_kept_in_one_spelling_each_once() -> None:
    given = ["203.0.113.7", " 203.0.113.7/32 ", "", "198.51.100.0/24", "2001:DB8:0::/32", "2001:db8::1", "0.0.0.0/0"]
    kept = ("203.0.113.7", "198.51.100.0/24", "2001:db8::/32", "2001:db8::1", "0.0.0.0/0")
    assert parse_allowed(given) == kept
    assert parse_allowed(["::ffff:203.0.113.7", "::ffff:198.51.100.0/120"]) == ("203.0.113.7", "198.51.100.0/24")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("203.0.113.7/24", "is no network: did you mean 203.0.113.0/24?"),
        ("2001:db8::1/32", "is no network: did you mean 2001:db8::/32?"),
        ("203.0.113.0/33", "has 0 to 32 bits after the slash"),
        ("203.0.113.0/255.255.255.0", "has 0 to 32 bits after the slash"),
        ("203.0.113.0/", "has 0 to 32 bits after the slash"),
        ("203.0.113.0/-1", "has 0 to 32 bits after the slash"),
        ("203.0.113.0/\uff12\uff14", "has 0 to 32 bits after the slash"),
        ("::/129", "has 0 to 128 bits after the slash"),
        ("::/" + "0" * 5000, "has 0 to 128 bits after the slash"),
        ("fe80::1%eth0", "has a zone, which no sender's address has"),
        ("203.0.113", "is no IP address or network"),
        ("0203.0.113.7", "is no IP address or network"),
        ("hub.example.com", "is no IP address or network"),
        ("1", "is no IP address or network"),
    ],
)
def test_what_is_no_address_is_named_by_its_line(text: str, why: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_allowed(["203.0.113.7", "", text])
    assert refusal.value.fields == {f"{ALLOWED}.2": why}


def test_there_are_bounds() -> None:
    most = [f"203.0.113.{number}" for number in range(MOST_ADDRESSES)]
    assert len(parse_allowed(most)) == MOST_ADDRESSES
    with pytest.raises(InvalidInput):
        parse_allowed([*most, "198.51.100.1"])


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("198.51.100.255", True),
        ("::ffff:198.51.100.9", True),
        ("198.51.101.0", False),
        ("2001:db8:ffff::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("unix:/run/x", False),
        ("198.51.100.9, 10.0.0.1", False),
    ],
)
def test_an_address_is_compared_as_ipv4_when_it_is_one(address: str, inside: bool) -> None:
    assert is_within(address, networks(("198.51.100.0/24", "2001:db8::/32"))) is inside
