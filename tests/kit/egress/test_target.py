"""How URLs are read, and which are refused before anything is looked up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.errors import EgressDenied
from integrations_app.kit.egress import EgressPolicy, parse_target
from integrations_app.kit.egress.policy import NO_PASSPORT
from integrations_app.kit.egress.target import path_is_under

BAD = {
    "file:///etc/passwd": "url_scheme",
    "ftp://example.com/": "url_scheme",
    "gopher://example.com/": "url_scheme",
    "data:text/plain,x": "url_scheme",
    "unix:/run/x": "url_scheme",
    "http+unix://%2Frun%2Fx/": "url_scheme",
    "javascript:alert(1)": "url_scheme",
    "http:///x": "url_invalid",
    "http:x": "url_invalid",
    "//example.com/": "url_invalid",
    "example.com": "url_invalid",
    "": "url_invalid",
    "http://a@127.0.0.1/": "url_userinfo",
    "http://a:b@example.com/": "url_userinfo",
    "http://a\\@b/": "url_invalid",
    "http://example.com\\@b/": "url_invalid",
    "http://exa mple.com/": "url_invalid",
    "http://example.com/a\r\nX-Evil: 1": "url_invalid",
    "http://example.com/\x00": "url_invalid",
    "http://example.com:99999/": "url_invalid",
    "http://example.com:0/": "url_invalid",
    "http://[::1/": "url_invalid",
    "http://ex%61mple.com/": "url_invalid",
    "http://2130706433/": "url_invalid",
    "http://0x7f.1/": "url_invalid",
    "http://0177.0.0.1/": "url_invalid",
    "http://127.1/": "url_invalid",
    "http://0/": "url_invalid",
    "http://0x7f000001/": "url_invalid",
    "http://①②⑦.0.0.1/": "url_invalid",
    "http://1.2.3.4.5/": "url_invalid",
    "http://-a.com/": "url_invalid",
    "http://a..b/": "url_invalid",
    f"http://example.com/{'a' * 9000}": "url_invalid",
}


@pytest.mark.parametrize(("url", "reason"), BAD.items())
def test_refused_text(url: str, reason: str) -> None:
    with pytest.raises(EgressDenied) as caught:
        parse_target(url)
    assert caught.value.reason == reason


def test_reading_is_canonical() -> None:
    target = parse_target("HTTPS://Bücher.Example.:8443/a%2Fb?q=1#f")
    assert (target.scheme, target.host, target.port, target.path) == (
        "https",
        "xn--bcher-kva.example",
        8443,
        "/a%2Fb",
    )
    assert parse_target("http://x.test").port == 80
    assert parse_target("http://127。0。0。1/").host == "127.0.0.1"
    assert parse_target("http://[fe80::1%25eth0]/").host == "fe80::1"


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/sandbox/slack/api/x", True),
        ("/sandbox/slack/", True),
        ("/sandbox/slack/a%2Fb", True),
        ("/sandbox/slack", False),
        ("/sandbox/slackline/", False),
        ("/sandbox/slack/../github/", False),
        ("/sandbox/slack/%2e%2e/github", False),
        ("/sandbox/slack/.%2E/github", False),
        ("/sandbox/slack/%252e%252e/github", False),
        ("/sandbox/slack/a%2f..%2f..%2fx", False),
        ("/sandbox/slack/..%5c..%5cx", False),
        ("/sandbox/slack/%25252525252e", False),
        ("//sandbox/slack/", False),
    ],
)
def test_path_prefix(path: str, inside: bool) -> None:
    assert path_is_under(path, "/sandbox/slack/") is inside


def spell(octets: tuple[int, int, int, int], style: int, bases: list[int]) -> str:
    """Write an IPv4 address as libc would still read it: fewer parts, octal, hex, other digits and dots."""
    a, b, c, d = octets
    parts = [[a, b, c, d], [a, b, c << 8 | d], [a, b << 16 | c << 8 | d], [a << 24 | b << 16 | c << 8 | d]][style]
    formats = ["{}", "0x{:x}", "0{:o}", "0X{:X}", "{:04d}"]
    return ".".join(formats[base].format(part) for part, base in zip(parts, bases, strict=False))


LOOPBACK = st.tuples(st.just(127), *[st.integers(0, 255)] * 3)


@given(
    LOOPBACK,
    st.integers(0, 3),
    st.lists(st.integers(0, 4), min_size=4, max_size=4),
    st.sampled_from([".", "。", ".", "。"]),
    st.sampled_from(["", "."]),
    st.booleans(),
)
def test_no_spelling_of_loopback_passes(
    octets: tuple[int, int, int, int], style: int, bases: list[int], dot: str, end: str, wide: bool
) -> None:
    host = spell(octets, style, bases).replace(".", dot) + end
    if wide:
        host = "".join(chr(ord(char) + 0xFEE0) if char.isdigit() else char for char in host)
    assert_refused(f"http://{host}/")


@given(LOOPBACK, st.sampled_from(["::ffff:", "::", "::ffff:0:", "64:ff9b::"]), st.booleans())
def test_no_ipv6_spelling_of_loopback_passes(octets: tuple[int, int, int, int], prefix: str, dotted: bool) -> None:
    a, b, c, d = octets
    tail = f"{a}.{b}.{c}.{d}" if dotted else f"{a << 8 | b:x}:{c << 8 | d:x}"
    assert_refused(f"http://[{prefix}{tail}]/")


def assert_refused(url: str) -> None:
    with pytest.raises(EgressDenied) as caught:
        EgressPolicy().judge_target(parse_target(url), NO_PASSPORT)
    assert caught.value.reason in {"loopback", "url_invalid"}
