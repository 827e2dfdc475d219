"""The address table, edge by edge, and at random."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.kit.egress.addresses import classify

EDGES = {
    "127.0.0.1": "loopback",
    "127.255.255.255": "loopback",
    "0.0.0.0": "unspecified",  # noqa: S104 - data
    "0.1.2.3": "unspecified",
    "10.0.0.5": "private",
    "172.15.255.255": None,
    "172.16.0.0": "private",
    "172.31.255.255": "private",
    "172.32.0.0": None,
    "192.168.1.1": "private",
    "100.64.0.1": "cgnat",
    "100.63.255.255": None,
    "100.128.0.0": None,
    "169.254.1.1": "link_local",
    "169.254.169.254": "metadata",
    "169.254.170.2": "metadata",
    "168.63.129.16": "metadata",
    "168.63.129.17": None,
    "100.100.100.200": "metadata",
    "192.0.0.8": "reserved",
    "192.0.2.1": "documentation",
    "192.88.99.1": "reserved",
    "198.18.0.1": "reserved",
    "198.51.100.7": "documentation",
    "203.0.113.7": "documentation",
    "224.0.0.1": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "1.1.1.1": None,
    "8.8.8.8": None,
    "::": "unspecified",
    "::1": "loopback",
    "::127.0.0.1": "loopback",
    "::ffff:127.0.0.1": "loopback",
    "::ffff:7f00:1": "loopback",
    "::ffff:0:127.0.0.1": "loopback",
    "::ffff:169.254.169.254": "metadata",
    "::ffff:8.8.8.8": "reserved",
    "64:ff9b::7f00:1": "loopback",
    "64:ff9b::a9fe:a9fe": "metadata",
    "64:ff9b::808:808": None,
    "64:ff9b:1::1": "unspecified",
    "2002:7f00:1::": "loopback",
    "2002:a9fe:a9fe::1": "metadata",
    "2002:808:808::1": "reserved",
    "2001:0:4136:e378:8000:63bf:80ff:fffe": "loopback",  # Teredo for 127.0.0.1
    "2001:0:4136:e378:8000:63bf:f7f7:f7f7": "reserved",  # Teredo for 8.8.8.8
    "2001:4860:4860::5efe:7f00:1": "loopback",  # ISATAP
    "fe80::1": "link_local",
    "fe80::1%eth0": "link_local",
    "fc00::1": "private",
    "fd00:ec2::254": "metadata",
    "fec0::1": "private",
    "ff02::1": "multicast",
    "2001:db8::1": "documentation",
    "3fff::1": "documentation",
    "5f00::1": "reserved",
    "100::1": "reserved",
    "2001:2::1": "reserved",
    "4000::1": "reserved",
    "2606:4700:4700::1111": None,
    "2001:4860:4860::8888": None,
}


@pytest.mark.parametrize(("text", "reason"), EDGES.items())
def test_edge(text: str, reason: str | None) -> None:
    assert classify(ip_address(text.partition("%")[0])) == reason


@given(st.ip_addresses(v=6))
def test_ipv6_that_python_calls_private_is_never_public(address: IPv6Address) -> None:
    if address.is_private or address.is_multicast or address.is_link_local or address.is_site_local:
        assert classify(address) is not None


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:0:0", "::", "64:ff9b::", "2002::", "::ffff:0:0:0"]))
def test_an_inner_address_keeps_its_reason(inner: IPv4Address, prefix: str) -> None:
    shift = 80 if prefix == "2002::" else 0
    outer = IPv6Address(int(IPv6Address(prefix)) | int(inner) << shift)
    reason = classify(inner)
    if reason is not None and int(outer) > 1:
        assert classify(outer) == reason
