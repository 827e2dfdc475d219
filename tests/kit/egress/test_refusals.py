"""What the door does not dial: every case runs against a tripwire that must count no connection."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Any

import aiohttp
import psutil
import pytest

from integrations_app.assembly import own_addresses
from integrations_app.errors import EgressDenied, InvalidInput
from integrations_app.kit.egress import Door, EgressPolicy, Passport, parse_target
from integrations_app.kit.egress import dial as dialling
from integrations_app.settings import Settings

MakeDoor = Callable[..., Door]


def names(**table: Sequence[str]) -> Callable[[str, int], Any]:
    """A resolver that knows these names only (`_` stands for a dot)."""

    async def resolve(host: str, _: int) -> Sequence[str]:
        found = table.get(host.replace(".", "_"))
        if found is None:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return found

    return resolve


async def refused(door: Door, url: str, passport: Passport | None = None) -> str:
    async with door.client(pool="org", passport=passport, deadline=2) as client:
        with pytest.raises(EgressDenied) as caught:
            await client.get(url)
    session = door.aiohttp_session(pool="org", passport=passport, deadline=2)
    with pytest.raises((EgressDenied, aiohttp.InvalidURL)) as sdk:  # aiohttp's own parser may refuse first
        await session.get(url)
    if isinstance(sdk.value, EgressDenied):  # which drops user names and normalises before we judge
        assert sdk.value.reason in {caught.value.reason, "loopback", "self_connection"}
    return caught.value.reason


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("127.0.0.1", "loopback"),
        ("127.8.9.10", "loopback"),
        ("localhost", "loopback"),
        ("LOCALHOST.", "loopback"),
        ("x.localhost", "loopback"),
        ("[::1]", "loopback"),
        ("[::]", "unspecified"),
        ("0.0.0.0", "unspecified"),  # noqa: S104 - data
        ("2130706433", "url_invalid"),
        ("0x7f.1", "url_invalid"),
        ("0177.0.0.1", "url_invalid"),
        ("127.1", "url_invalid"),
        ("0", "url_invalid"),
        ("127。0。0。1", "loopback"),
        ("①②⑦.0.0.1", "url_invalid"),
        ("[::ffff:127.0.0.1]", "loopback"),
        ("[::ffff:7f00:1]", "loopback"),
        ("[::127.0.0.1]", "loopback"),
        ("[fe80::1%25eth0]", "link_local"),
        ("[fe80::1]", "link_local"),
        ("10.0.0.1", "private"),
        ("user@127.0.0.1", "url_userinfo"),
    ],
)
async def test_literal_hosts(tripwire: Any, open_door: MakeDoor, host: str, reason: str) -> None:
    assert await refused(open_door(EgressPolicy()), f"http://{host}:{tripwire.port}/") == reason


@pytest.mark.parametrize("port", [22, 25, 6379, 5432, 11211])
async def test_ports_of_other_protocols(open_door: MakeDoor, port: int) -> None:
    assert await refused(open_door(EgressPolicy()), f"http://example.com:{port}/") == "port_denied"
    assert open_door(EgressPolicy()).check_url("http://example.com:8443/").port == 8443


async def test_an_operator_may_open_a_denied_port_by_name_only(open_door: MakeDoor) -> None:
    open_door(EgressPolicy.parse(["printer.test:631", "10.0.0.0/8"])).check_url("http://printer.test:631/")
    closed = open_door(EgressPolicy.parse(["10.0.0.0/8"]))
    with pytest.raises(EgressDenied, match="port_denied"):
        closed.check_url("http://10.0.0.1:25/")


METADATA = ["169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "[fd00:ec2::254]"]


@pytest.mark.parametrize("host", [*METADATA, "[::ffff:169.254.169.254]", "metadata.google.internal", "METADATA"])
def test_metadata_stays_closed_with_everything_allowed(host: str) -> None:
    everything = ["0.0.0.0/0", "::/0", "metadata.google.internal", host]
    url = f"http://{host}/latest/"
    passport = Passport(origins=(url,))
    with pytest.raises(EgressDenied) as caught:
        EgressPolicy.parse(everything).judge_target(parse_target(url), passport)
    assert caught.value.reason == "metadata"
    EgressPolicy.parse(everything, allow_metadata=True).judge_target(parse_target(url), passport)


async def test_names_that_lead_inside(tripwire: Any, open_door: MakeDoor) -> None:
    resolve = names(
        inside_test=["10.0.0.5"],
        mixed_test=["1.1.1.1", "127.0.0.1"],
        loop_test=["127.0.0.1"],
        mapped_test=["::ffff:127.0.0.1"],
        empty_test=[],
        cloud_test=["1.1.1.1", "169.254.169.254"],
        zone_test=["fe80::1%eth0"],
    )
    door = open_door(EgressPolicy(), resolve=resolve)
    for host, reason in {
        "inside.test": "private",
        "mixed.test": "mixed_resolution",
        "loop.test": "loopback",
        "mapped.test": "loopback",
        "empty.test": "dns_failed",
        "unknown.test": "dns_failed",
        "cloud.test": "metadata",
        "zone.test": "link_local",
    }.items():
        assert await refused(door, f"http://{host}:{tripwire.port}/") == reason


async def test_a_slow_name_server_ends_in_time(open_door: MakeDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "DNS_TIMEOUT", 0.2)

    async def never(*_: object) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    started = asyncio.get_running_loop().time()
    assert await refused(open_door(EgressPolicy(), resolve=never), "http://slow.test/") == "dns_timeout"
    assert asyncio.get_running_loop().time() - started < 2


def unjudged(*addresses: str) -> Callable[..., Any]:
    """A resolver whose own judgement is missing."""

    async def resolve(_: Any, host: str, port: int, **__: Any) -> Any:
        return [dialling._found(host, port, dialling._plain(address)) for address in addresses]

    return resolve


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["::1", "127.0.0.1"]])
async def test_the_socket_alone_refuses(
    tripwire: Any, open_door: MakeDoor, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    monkeypatch.setattr(dialling.JudgingResolver, "resolve", unjudged(*addresses))
    assert await refused(open_door(EgressPolicy()), f"http://rebind.test:{tripwire.port}/") == "loopback"


async def test_the_peer_alone_refuses(hostile: Any, open_door: MakeDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the resolver's and the socket's judgement the connection is made, but nothing is sent on it."""
    monkeypatch.setattr(dialling.JudgingResolver, "resolve", unjudged("127.0.0.1"))
    monkeypatch.setattr(dialling, "open_socket", lambda info: socket.socket(*info[:3]))
    assert await refused(open_door(EgressPolicy()), f"http://rebind.test:{hostile.port}/ok") == "loopback"
    assert hostile.connections > 0
    assert hostile.requests == []


async def test_nothing_dials_without_the_gate(tripwire: Any) -> None:
    with pytest.raises(OSError, match="no_scope"):
        dialling.open_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", tripwire.port)))


async def test_ourselves_by_any_name(tripwire: Any, open_door: MakeDoor) -> None:
    own = [f"hub.test:{tripwire.port}", f"localhost:{tripwire.port}"]
    policy = EgressPolicy.parse(["0.0.0.0/0", "::/0", "localhost", "hub.test"], own)
    addresses = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    door = open_door(policy, resolve=names(hub_test=["1.1.1.1"], alias_test=sorted(addresses)))
    for host in ("hub.test", "localhost", "127.0.0.1", "[::1]", "alias.test", *addresses):
        assert await refused(door, f"http://{host}:{tripwire.port}/") == "self_connection"
    passport = Passport(origins=(f"http://127.0.0.1:{tripwire.port}",))
    assert await refused(door, f"http://127.0.0.1:{tripwire.port}/", passport) == "self_connection"


async def test_every_address_of_this_machine_is_ourselves_at_our_port(tripwire: Any, open_door: MakeDoor) -> None:
    """Also with the whole local network allowed: the product may listen beyond loopback."""
    interfaces = [one for found in psutil.net_if_addrs().values() for one in found]
    addresses = {one.address for one in interfaces if one.family in {socket.AF_INET, socket.AF_INET6}}
    beyond = sorted(one for one in addresses if "%" not in one and not one.startswith(("127.", "::1")))
    if not beyond:
        pytest.skip("a machine with loopback only")
    policy = EgressPolicy.parse(["0.0.0.0/0", "::/0"], own_addresses(Settings(host="0.0.0.0", port=tripwire.port)))  # noqa: S104 - what the operator may set
    door = open_door(policy, resolve=names(lan_test=beyond))
    for host in ("lan.test", *(f"[{one}]" if ":" in one else one for one in beyond)):
        assert await refused(door, f"http://{host}:{tripwire.port}/") == "self_connection"


async def test_the_sandbox_pass_ends_at_its_prefix(tripwire: Any, open_door: MakeDoor) -> None:
    prefix = f"http://127.0.0.1:{tripwire.port}/sandbox/slack/"
    policy = EgressPolicy.parse([], [f"localhost:{tripwire.port}", f"127.0.0.1:{tripwire.port}"])
    door, passport = open_door(policy), Passport(sandbox_prefix=prefix)
    for path in ("/", "/sandbox/github/", "/sandbox/slack", "/sandbox/slack/%2e%2e/github/", "/sandbox/slack/..%2fx"):
        assert await refused(door, f"http://127.0.0.1:{tripwire.port}{path}", passport) == "self_connection"
    assert await refused(door, f"http://localhost:{tripwire.port}/sandbox/slack/", passport) == "self_connection"
    assert await refused(door, prefix) == "self_connection"
    assert door.check_url(prefix + "api/chat.postMessage", passport).path.endswith("chat.postMessage")


async def test_host_lists_of_built_in_providers(open_door: MakeDoor, hostile: Any) -> None:
    passport = Passport(origins=(hostile.url(),), hosts=("slack.com", "*.salesforce.com"))
    door = open_door(EgressPolicy())
    for host in ("evil.test", "slack.com.evil.test", "xslack.com", "salesforce.com", "my-salesforce.com"):
        assert await refused(door, f"https://{host}/", passport) == "host_not_allowed"
    assert await refused(door, "http://slack.com/", passport) == "url_scheme"
    for host in ("slack.com", "SLACK.com.", "a.my.salesforce.com"):
        door.check_url(f"https://{host}/", passport)
    async with door.client(pool="org", passport=passport) as client:
        assert (await client.get(hostile.url("/ok"))).text == "ok"


async def test_operator_entries_open_what_they_name(hostile: Any, open_door: MakeDoor) -> None:
    resolve = names(intranet_test=["127.0.0.1"], other_test=["127.0.0.1"])
    for entry in ("127.0.0.0/8", f"127.0.0.1:{hostile.port}", "intranet.test", f"intranet.test:{hostile.port}"):
        door = open_door(EgressPolicy.parse([entry]), resolve=resolve)
        async with door.client(pool="org") as client:
            assert (await client.get(f"http://intranet.test:{hostile.port}/ok")).text == "ok"
    door = open_door(EgressPolicy.parse(["intranet.test", "127.0.0.1:1"]), resolve=resolve)
    assert await refused(door, f"http://other.test:{hostile.port}/ok") == "loopback"


@pytest.mark.parametrize("entry", ["10.0.0.0/40", "http://x", "a b", "x:99999", "x:y", "[::1", "*"])
def test_a_bad_allow_entry_is_named(entry: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        EgressPolicy.parse([entry])
    assert list(caught.value.fields) == [entry]


EVIL = ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\0b", " lead", "trail ", "\ttab", "é", "😀", "a\x7f"]


@pytest.mark.parametrize("value", EVIL)
async def test_header_values_that_would_break_out(hostile: Any, open_door: MakeDoor, value: str) -> None:
    door = open_door(EgressPolicy.parse(["127.0.0.0/8"]))
    async with door.client(pool="org") as client:
        for call in (
            client.get(hostile.url("/ok"), headers={"X-Given": value}),
            client.get(hostile.url("/ok"), headers=[(b"X-Given", value.encode())]),
            client.get(hostile.url("/ok"), headers={value: "x"}),
            client.request(value, hostile.url("/ok")),
        ):
            with pytest.raises(InvalidInput) as caught:
                await call
            assert caught.value.code == "header_invalid"
            assert "Evil" not in str(caught.value)
    with pytest.raises(InvalidInput):
        door.client(pool="org", headers={"X-Given": value})
    assert hostile.requests == []


async def test_a_line_break_in_the_query_is_encoded_or_refused(hostile: Any, open_door: MakeDoor) -> None:
    async with open_door(EgressPolicy.parse(["127.0.0.0/8"])).client(pool="org") as client:
        await client.get(hostile.url("/ok"), params={"q": "a\r\nX-Evil: 1"})
        with pytest.raises(EgressDenied):
            await client.get(hostile.url("/ok?q=a\r\nX-Evil: 1"))
    assert len(hostile.requests) == 1
    assert b"\nX-Evil" not in hostile.requests[0]


async def test_framing_headers_cannot_be_given(hostile: Any, open_door: MakeDoor) -> None:
    async with open_door(EgressPolicy.parse(["127.0.0.0/8"])).client(pool="org") as client:
        given = {"Host": "evil.test", "Transfer-Encoding": "chunked", "Proxy-Authorization": "x", "Expect": "100"}
        await client.post(hostile.url("/ok"), headers=given, content=b"abc")
    head = hostile.requests[0].lower()
    assert f"host: 127.0.0.1:{hostile.port}\r\n".encode() in head
    assert b"content-length: 3" in head
    assert not any(word in head for word in (b"evil", b"chunked", b"proxy", b"expect"))
