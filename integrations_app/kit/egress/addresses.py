"""Which network addresses are public: an own table, because `ipaddress.is_global` passes many that are not.

Sources: the IANA special-purpose registries for IPv4 and IPv6, the cloud vendors' pages on instance
metadata, and the edges listed by stripe/smokescreen. Python 3.11.7's `is_global` is True for
64:ff9b::7f00:1, 2002:7f00:1::, ::127.0.0.1, fec0::1, 224.0.0.1 and 192.88.99.1, among others.
"""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, GCP, Azure, Oracle, DigitalOcean, OpenStack
        "169.254.169.253",  # AWS resolver
        "169.254.170.2",  # AWS ECS task credentials
        "169.254.170.23",  # AWS EKS pod identity
        "169.254.0.23",  # Tencent
        "169.254.10.10",  # Tencent
        "168.63.129.16",  # Azure wire server, a public address
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle, first generation
        "fd00:ec2::254",  # AWS
        "fd00:ec2::253",  # AWS resolver
        "fd00:ec2::23",  # AWS EKS pod identity
        "fd20:ce::254",  # GCP
        "fd00:42::42",  # Scaleway
    )
)
METADATA_HOSTS = frozenset(
    {"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"}
)

_IPV4 = tuple(
    (IPv4Network(cidr), reason)
    for cidr, reason in (
        ("0.0.0.0/8", "unspecified"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link_local"),
        ("10.0.0.0/8", "private"),
        ("172.16.0.0/12", "private"),
        ("192.168.0.0/16", "private"),
        ("100.64.0.0/10", "cgnat"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("192.31.196.0/24", "reserved"),
        ("192.52.193.0/24", "reserved"),
        ("192.175.48.0/24", "reserved"),
        ("192.88.99.0/24", "reserved"),
        ("198.18.0.0/15", "reserved"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_IPV6 = tuple(
    (IPv6Network(cidr), reason)
    for cidr, reason in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("fe80::/10", "link_local"),
        ("fc00::/7", "private"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
        ("2001::/23", "reserved"),
        ("2002::/16", "reserved"),
        ("2620:4f:8000::/48", "reserved"),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_V4_IN_LOW_BITS = tuple(IPv6Network(cidr) for cidr in ("::ffff:0:0/96", "::ffff:0:0:0/96", "::/96", "64:ff9b::/96"))
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})


def embedded(address: Address) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses that an IPv6 address carries inside (mapped, NAT64, 6to4, Teredo, ISATAP)."""
    if isinstance(address, IPv4Address):
        return
    bits = int(address)
    low = IPv4Address(bits & 0xFFFFFFFF)
    if any(address in network for network in (*_V4_IN_LOW_BITS, _NAT64_LOCAL)) and bits > 1:
        yield low
    if address in _SIX_TO_FOUR:
        yield IPv4Address((bits >> 80) & 0xFFFFFFFF)
    if address in _TEREDO:
        yield IPv4Address((bits >> 64) & 0xFFFFFFFF)
        yield IPv4Address(~bits & 0xFFFFFFFF)
    if (bits >> 32) & 0xFFFFFFFF in _ISATAP:
        yield low


def without_zone(text: str) -> str:
    """Drop the zone of `fe80::1%eth0` (written `%25eth0` in URLs); other text comes back unchanged."""
    return text.partition("%")[0]


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address | None:
    """Read a canonical IPv4 or IPv6 address, or None when the text is something else."""
    try:
        return ip_address(without_zone(text))
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def is_metadata(address: Address) -> bool:
    """True when the address, or one it carries inside, answers with a cloud machine's credentials."""
    return address in _METADATA or any(inner in _METADATA for inner in embedded(address))


@lru_cache(maxsize=4096)
def classify(address: Address) -> str | None:
    """Return why an address is not public (`loopback`, `private`, `metadata`, ...), or None when it is."""
    if is_metadata(address):
        return "metadata"
    if isinstance(address, IPv4Address):
        return next((reason for network, reason in _IPV4 if address in network), None)
    for inner in embedded(address):
        if (reason := classify(inner)) is not None:
            return reason
    if (reason := next((why for network, why in _IPV6 if address in network), None)) is not None:
        return reason
    # A machine with IPv6 only reaches public IPv4 through the well-known NAT64 prefix.
    if address in _GLOBAL_UNICAST or address in _NAT64:
        return "reserved" if any(True for _ in embedded(address)) and address not in _NAT64 else None
    return "reserved"
