"""Terms: what people set on an endpoint beside its name, kind and secret, checked and written on its row."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from integrations_app.errors import InvalidInput
from integrations_app.kit.jwt import ALGORITHMS, USUAL, TokenRule
from integrations_app.workflows.inbound import JWT
from integrations_app.workflows.models import Endpoint

MOST_ADDRESSES = 50
MAX_CLAIM = 500
MOST_ANSWER_SECONDS = 25
"""Senders and proxies give up after some 30 seconds."""
MOST_PER_MINUTE = 100_000
ALLOWED = "allowed_addresses"
Network = IPv4Network | IPv6Network
_BITS = re.compile(r"[0-9]{1,3}")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


@dataclass(frozen=True, slots=True)
class TokenChange:
    """What to set of a token rule; None leaves it as it is, an empty issuer or audience asks for none."""

    algorithm: str | None = None
    issuer: str | None = None
    audience: str | None = None

    def over(self, rule: TokenRule) -> TokenRule:
        """The rule with what is set."""
        return replace(rule, **{name: text for name, text in asdict(self).items() if text is not None})


@dataclass(frozen=True, slots=True)
class Terms:
    """What to set; None leaves it as it is."""

    allowed_addresses: Sequence[str] | None = None
    """Addresses and networks (CIDR) that deliveries may come from; none for any. Blank ones do not count."""
    jwt: TokenRule | TokenChange | None = None
    """What the senders' tokens must be; for the kind `jwt` only. The algorithm is chosen once."""
    answer_seconds: int | None = None
    """How long a delivery waits for what its run answers; 0: it is answered at once."""
    per_minute: int | None = None
    """Deliveries that each process takes a minute; 0 for no cap."""

    def rule_over(self, rule: TokenRule) -> TokenRule | None:
        """The whole rule, when `rule` was there before; None when nothing is said of it."""
        return self.jwt.over(rule) if isinstance(self.jwt, TokenChange) else self.jwt

    def put_on(self, row: Endpoint) -> dict[str, Any]:
        """Write it on the row; returns what the audit tells of it. Raises InvalidInput."""
        told: dict[str, Any] = {}
        if self.allowed_addresses is not None:
            row.allowed_addresses = list(parse_allowed(self.allowed_addresses))
            told[ALLOWED] = len(row.allowed_addresses)
        rule = self.rule_over(rule_of(row))
        if rule is not None:
            _require_rule(row, rule)
            row.jwt = asdict(rule)
            told["jwt"] = row.jwt
        for name, most in (("answer_seconds", MOST_ANSWER_SECONDS), ("per_minute", MOST_PER_MINUTE)):
            number = getattr(self, name)
            if number is None:
                continue
            if not 0 <= number <= most:
                raise InvalidInput({name: f"is 0 to {most}"})
            setattr(row, name, number)
            told[name] = number
        return told


AS_IT_COMES = Terms()


def rule_of(row: Endpoint) -> TokenRule:
    """What the tokens of the endpoint's senders must be, of the kind `jwt`."""
    return TokenRule(**row.jwt) if row.jwt else USUAL


def _require_rule(row: Endpoint, rule: TokenRule) -> None:
    wrong: dict[str, str] = {}
    if row.kind != JWT:
        wrong["jwt"] = f"is for endpoints of the kind {JWT}"
    if rule.algorithm not in ALGORITHMS:
        wrong["jwt.algorithm"] = f"is one of {', '.join(ALGORITHMS)}"
    elif row.secret is not None and rule.algorithm != rule_of(row).algorithm:
        wrong["jwt.algorithm"] = "cannot be changed: open another endpoint"
    for name in ("issuer", "audience"):
        text = getattr(rule, name)
        if len(text) > MAX_CLAIM or (text and not text.isprintable()):
            wrong[f"jwt.{name}"] = f"has at most {MAX_CLAIM} readable characters"
    if wrong:
        raise InvalidInput(wrong)


def parse_allowed(given: Sequence[str]) -> tuple[str, ...]:
    """The addresses and networks in one spelling, each once; InvalidInput names each wrong one by its place from 0."""
    wrong: dict[str, str] = {}
    found: dict[str, None] = {}
    for place, text in enumerate(given):
        if not text.strip():
            continue
        try:
            found[_written(_network(text.strip()))] = None
        except ValueError as error:
            wrong[f"{ALLOWED}.{place}"] = str(error)
    if len(found) > MOST_ADDRESSES:
        wrong[ALLOWED] = f"are at most {MOST_ADDRESSES}"
    if wrong:
        raise InvalidInput(wrong)
    return tuple(found)


def networks(allowed: Sequence[str]) -> tuple[Network, ...]:
    """Stored addresses, to compare with."""
    return tuple(ipaddress.ip_network(one) for one in allowed)


def is_within(address: str, allowed: Sequence[Network]) -> bool:
    """Whether the address lies in one of the networks; an IPv4 address mapped into IPv6 counts as IPv4."""
    try:
        parsed: IPv4Address | IPv6Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in allowed)


def _network(text: str) -> Network:
    """The network that the text names; ValueError says for people why it names none."""
    address, slash, bits = text.partition("/")
    if "%" in address:
        raise ValueError("has a zone, which no sender's address has")
    try:
        base = ipaddress.ip_address(address)
    except ValueError:
        raise ValueError("is no IP address or network") from None
    if slash and not (_BITS.fullmatch(bits) and int(bits) <= base.max_prefixlen):
        raise ValueError(f"has 0 to {base.max_prefixlen} bits after the slash")
    network = ipaddress.ip_network((base, int(bits) if slash else base.max_prefixlen), strict=False)
    if network.network_address != base:
        raise ValueError(f"is no network: did you mean {network}?")
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        mapped = int(network.network_address) - int(_MAPPED.network_address)
        return IPv4Network((mapped, network.prefixlen - _MAPPED.prefixlen))
    return network


def _written(network: Network) -> str:
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)
