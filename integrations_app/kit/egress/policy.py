"""What may be reached: the operator's policy for the whole process and the passport of one call site."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal

from integrations_app.errors import EgressDenied, InvalidInput
from integrations_app.kit.egress.addresses import (
    METADATA_HOSTS,
    Address,
    classify,
    embedded,
    is_metadata,
    parse_address,
)
from integrations_app.kit.egress.target import MAX_PORT, Target, canonical_host, parse_target, path_is_under

Network = IPv4Network | IPv6Network
Grant = Literal["none", "origin", "sandbox"]

# Ports of services that read a text protocol and could be driven by an HTTP request; the browsers'
# list (WHATWG fetch, "bad port") with the databases and brokers of this kind of installation added.
DENIED_PORTS = frozenset(
    {
        *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104),
        *(109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 138, 139, 143, 161, 179, 389, 427, 445, 465, 512, 513),
        *(514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 873, 989, 990, 993, 995, 1433, 1521),
        *(1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5433, 5672),
        *(5984, 6000, 6379, 6380, 6432, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 7000, 9042, 9092, 9160, 10080),
        *(10250, 11211, 26379, 27017, 27018, 27019),
    }
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """One entry of the operator's allow list: a network or a host name (or `*.suffix`), at one port or any."""

    network: Network | None
    host: str
    port: int | None

    @classmethod
    def parse(cls, entry: str) -> "Allowed":
        """Read `10.0.0.0/8`, `10.1.2.3:8080`, `[fd00::1]:80`, `intranet`, `*.corp:8443`; raise InvalidInput."""
        text = entry.strip()
        try:
            return cls(ip_network(without_brackets(text), strict=False), "", None)
        except ValueError:
            pass  # not a network: a host, or something with a port
        name, port = split_host_port(text)
        address = parse_address(name)
        if address is not None:
            return cls(ip_network(str(address)), "", port)
        return cls(None, name, port)

    def covers(self, host: str, address: Address | None, port: int) -> bool:
        """True when this entry names the host, or a network with the address, at this port."""
        if self.port is not None and self.port != port:
            return False
        if self.network is None:
            return host_matches(host, self.host)
        return address is not None and (
            address in self.network or any(inner in self.network for inner in embedded(address))
        )


def split_host_port(text: str) -> tuple[str, int | None]:
    """Split `host`, `host:port` or `[v6]:port`; the host comes back canonical. Raises InvalidInput."""
    name, colon, number = text.rpartition(":")
    if not colon or text.endswith("]"):
        name, number = text, ""
    star = name.startswith("*.")
    try:
        host = canonical_host(without_brackets(name.removeprefix("*.")))
        port = int(number) if number else None
    except (EgressDenied, ValueError) as error:
        raise InvalidInput({text: "is not a network, a host or host:port"}) from error
    if port is not None and not 0 < port <= MAX_PORT:
        raise InvalidInput({text: "has no usable port"})
    return (f"*.{host}" if star else host), port


def without_brackets(text: str) -> str:
    """Take `[` and `]` off an IPv6 address in brackets; other text comes back unchanged."""
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def host_matches(host: str, pattern: str) -> bool:
    """True for the exact name, or for a name below `*.suffix` (never the suffix itself)."""
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


@dataclass(frozen=True, slots=True)
class Passport:
    """What one call site may reach beyond, or instead of, public addresses. Frozen, so that it can key a pool.

    `origins`: exact origins an operator set for this provider (`http://127.0.0.1:4100`), loopback included.
    `sandbox_prefix`: a URL below which the product's own port may be called
    (`http://127.0.0.1:3000/sandbox/vendor/`). `hosts`: when given, every other host is refused
    (exact names or `*.suffix`) and listed hosts are called over https only; `origins` and
    `sandbox_prefix` stay open.
    """

    origins: tuple[str, ...] = ()
    sandbox_prefix: str | None = None
    hosts: tuple[str, ...] | None = None
    _origins: frozenset[tuple[str, str, int]] = field(init=False, repr=False, compare=False)
    _sandbox: Target | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Parse once; raises EgressDenied `url_invalid` for an origin or prefix that is not a URL."""
        object.__setattr__(self, "_origins", frozenset(parse_target(origin).origin for origin in self.origins))
        sandbox = parse_target(self.sandbox_prefix.rstrip("/") + "/") if self.sandbox_prefix else None
        object.__setattr__(self, "_sandbox", sandbox)

    def grant(self, target: Target) -> Grant:
        """Tell what this passport grants for a target: `sandbox`, `origin` or `none`."""
        sandbox = self._sandbox
        if sandbox is not None and target.origin == sandbox.origin and path_is_under(target.path, sandbox.path):
            return "sandbox"
        return "origin" if target.origin in self._origins else "none"

    def names(self, host: str) -> bool:
        """True when the host list is absent or holds this host."""
        return self.hosts is None or any(host_matches(host, pattern.lower()) for pattern in self.hosts)


NO_PASSPORT = Passport()


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """The operator's rules. Build it with `EgressPolicy.parse`."""

    allow: tuple[Allowed, ...] = ()
    own: frozenset[tuple[str, int]] = frozenset()
    allow_metadata: bool = False
    denied_ports: frozenset[int] = DENIED_PORTS

    @classmethod
    def parse(
        cls, allow: Iterable[str] = (), own: Iterable[str] = (), *, allow_metadata: bool = False
    ) -> "EgressPolicy":
        """Read the operator's allow list and the product's own `host:port`s; raises InvalidInput."""
        pairs = [split_host_port(entry) for entry in own]
        entries = tuple(Allowed.parse(entry) for entry in allow if entry.strip())
        return cls(entries, frozenset((host, port or 80) for host, port in pairs), allow_metadata)

    def is_own_port(self, port: int) -> bool:
        """True when the product itself listens on, or is published at, this port."""
        return any(own == port for _, own in self.own)

    def judge_target(self, target: Target, passport: Passport) -> None:
        """Judge all that can be known without DNS. Raises EgressDenied with the reason."""
        grant = passport.grant(target)
        if target.host in METADATA_HOSTS and not self.allow_metadata:
            raise EgressDenied("metadata", target.host)
        if grant != "sandbox" and (target.host, target.port) in self.own:
            raise EgressDenied("self_connection", target.host)
        if grant == "none":
            self._judge_unlisted(target, passport)
        if (address := target.address) is not None:
            self.judge_address(target, passport, address)

    def _judge_unlisted(self, target: Target, passport: Passport) -> None:
        if not passport.names(target.host):
            raise EgressDenied("host_not_allowed", target.host)
        if passport.hosts is not None and target.scheme != "https":
            raise EgressDenied("url_scheme", target.host)  # a listed host is sent credentials: never in the clear
        named = any(entry.port is not None and self._covers(entry, target) for entry in self.allow)
        if target.port in self.denied_ports and not named:
            raise EgressDenied("port_denied", target.host)
        if target.host == "localhost" or target.host.endswith(".localhost"):
            if self.is_own_port(target.port):
                raise EgressDenied("self_connection", target.host)
            if not any(self._covers(entry, target) for entry in self.allow):
                raise EgressDenied("loopback", target.host)

    @staticmethod
    def _covers(entry: Allowed, target: Target) -> bool:
        loopback = parse_address("127.0.0.1") if target.host.endswith("localhost") else None
        return entry.covers(target.host, target.address or loopback, target.port)

    def judge_address(self, target: Target, passport: Passport, address: Address) -> None:
        """Judge one address that is about to be dialled for a target. Raises EgressDenied with the reason."""
        if is_metadata(address):
            if self.allow_metadata:
                return
            raise EgressDenied("metadata", target.host)
        grant = passport.grant(target)
        reason = classify(address)
        if grant != "sandbox" and self._is_self(address, target.port, reason):
            raise EgressDenied("self_connection", target.host)
        if reason is None or grant == "origin":
            return
        if grant == "sandbox" and reason == "loopback":
            return
        if not any(entry.covers(target.host, address, target.port) for entry in self.allow):
            raise EgressDenied(reason, target.host)

    def _is_self(self, address: Address, port: int, reason: str | None) -> bool:
        if (str(address), port) in self.own:
            return True
        return reason in {"loopback", "unspecified"} and self.is_own_port(port)
