"""JSON Web Tokens of senders: judged by the one algorithm that the receiver has fixed, with the clock passed in."""

import base64
import binascii
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from integrations_app.errors import SignatureInvalid
from integrations_app.kit.secret import Secret

SHARED = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Algorithms with a secret that both sides know, and its shortest length in bytes (RFC 7518, 3.2)."""
PUBLIC: Mapping[str, tuple[type[RSAKey | ECKey | OKPKey], str, str]] = {
    "RS256": (RSAKey, "", "an RSA key of 2048 bits or more"),
    "ES256": (ECKey, "P-256", "a key on the curve P-256"),
    "EdDSA": (OKPKey, "Ed25519", "an Ed25519 key"),
}
"""Algorithms of which only the public key is known here."""
ALGORITHMS = (*SHARED, *PUBLIC)
LEEWAY_SECONDS = 60
MAX_TOKEN_CHARS = 8192
MIN_RSA_BITS = 2048
_PEM = "-----BEGIN "
_ARMOUR = re.compile(r"-{4,5} ?BEGIN ")
_SSH = re.compile(r"AAAA(B3NzaC1|C3NzaC1|E2VjZHNh)")
"""How the base64 of ssh-rsa, ssh-ed25519 and ecdsa-sha2 keys begins."""
_SEQUENCE, _INTEGER, _LONG_LENGTH = b"\x30", b"\x02", 0x80
_SHORTEST_DER = 44
"""Bytes of a public Ed25519 key, the shortest there is."""
_NAMES = {"EdDSA": ("EdDSA", "Ed25519")}
"""What a token may call the algorithm, where it has two names (RFC 9864)."""


class _Only(jws.JWSRegistry):
    """One algorithm, without the library's warning that EdDSA has a newer name; unknown headers are ignored."""

    max_header_length = MAX_TOKEN_CHARS

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=_NAMES.get(algorithm, (algorithm,)), strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


_ONLY = {name: _Only(name) for name in ALGORITHMS}


@dataclass(frozen=True, slots=True)
class TokenRule:
    """What a token must be: signed with `algorithm`, and by `issuer` and for `audience` where these are not empty."""

    algorithm: str = "HS256"
    issuer: str = ""
    audience: str = ""

    @property
    def is_shared(self) -> bool:
        """Whether sender and receiver know the same secret."""
        return self.algorithm in SHARED


USUAL = TokenRule()


def require_key(algorithm: str, key: Secret) -> None:
    """Raise ValueError, in words for people, unless `key` is one for `algorithm`: a shared secret, or a public PEM."""
    text = key.reveal("check the form of a key")
    if algorithm in SHARED:
        if _is_key_pair(text):
            raise ValueError(
                f"is a key of another kind, with which others could sign: {algorithm} takes a secret that only you and "
                f"the sender know. For a public key choose {', '.join(PUBLIC)} and give it in PEM form"
            )
        if len(text.encode("utf-8", "surrogatepass")) < SHARED[algorithm]:
            raise ValueError(f"has at least {SHARED[algorithm]} bytes for {algorithm}")
        return
    kind, curve, wanted = PUBLIC[algorithm]
    if "PRIVATE KEY" in text:
        raise ValueError("is a private key, which stays with the sender: give the public one")
    if not text.lstrip().startswith(f"{_PEM}PUBLIC KEY"):
        raise ValueError("is no public key in PEM form (-----BEGIN PUBLIC KEY-----)")
    try:
        found = kind.import_key(text.strip())
    except (JoseError, ValueError, TypeError):
        raise ValueError(f"is not {wanted}") from None
    fits = found.public_key.key_size >= MIN_RSA_BITS if isinstance(found, RSAKey) else found.curve_name == curve
    if not fits:
        raise ValueError(f"is not {wanted}")


def _is_key_pair(text: str) -> bool:
    """Whether the text is half of a key pair, in any of the forms in which it travels, or a JSON Web Key."""
    return bool(_ARMOUR.search(text) or _SSH.search(text)) or _is_jwk(text) or _is_der(text)


def _is_jwk(text: str) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, list | dict) and ('"kty"' in text or '"keys"' in text)


def _is_der(text: str) -> bool:
    """Whether it is base64 of one ASN.1 sequence that begins as keys and certificates do."""
    written = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    if len(raw) < _SHORTEST_DER or not raw.startswith(_SEQUENCE):
        return False
    more = raw[1] - _LONG_LENGTH if raw[1] > _LONG_LENGTH else 0
    begins = 2 + more
    length = int.from_bytes(raw[2:begins]) if more else raw[1]
    return begins + length == len(raw) and raw[begins : begins + 1] in {_SEQUENCE, _INTEGER}


def verify_token(rule: TokenRule, key: Secret, token: str | None, now: datetime) -> None:
    """Check the signature by the rule's algorithm, whatever the token says of itself, then its claims.

    `exp` is needed; `nbf` and `iat` are honoured; all with LEEWAY_SECONDS. SignatureInvalid `signature_invalid`, or of
    a signed token `token_expired`, `token_not_yet_valid`, `token_issuer`, `token_audience`, `token_claims`.
    """
    if not token or len(token) > MAX_TOKEN_CHARS or not token.isascii():
        raise _invalid()
    try:
        _require_header(_part(token, 0), rule.algorithm)
        jws.deserialize_compact(token, _key(rule.algorithm, key), registry=_ONLY[rule.algorithm])
        claims = _part(token, 1)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise _invalid() from None
    _require_time(claims, now.timestamp())
    _require_names(rule, claims)


def token_id(token: str) -> str:
    """The `jti` of a token that was verified; empty when it has none."""
    try:
        found = _part(token, 1).get("jti")
    except (ValueError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


def sign_token(algorithm: str, secret: Secret, claims: Mapping[str, Any]) -> str:
    """A token over `claims`, signed with a shared secret (SHARED)."""
    header = {"alg": algorithm, "typ": "JWT"}
    return jws.serialize_compact(header, json.dumps(claims), _key(algorithm, secret), registry=_ONLY[algorithm])


def _key(algorithm: str, key: Secret) -> Key:
    if algorithm in SHARED:
        return OctKey.import_key(key.reveal_bytes("sign or verify a token"))
    return PUBLIC[algorithm][0].import_key(key.reveal("verify a token").strip())


def _part(token: str, place: int) -> dict[str, Any]:
    """Header (0) or claims (1); ValueError when it is no JSON object."""
    parts = token.split(".")
    if len(parts) != len(("header", "claims", "signature")):
        raise ValueError("has not three parts")
    text = parts[place]
    try:
        value = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("is not base64url") from error
    if not isinstance(value, dict):
        raise ValueError("is no object")  # noqa: TRY004 - the caller asks for one kind of error
    return value


def _require_header(header: Mapping[str, Any], algorithm: str) -> None:
    """The algorithm is the rule's, and nothing is critical: no extension is known here."""
    if header.get("alg") not in _NAMES.get(algorithm, (algorithm,)) or "crit" in header:
        raise _invalid()


def _require_time(claims: Mapping[str, Any], now: float) -> None:
    ends, begins, made = (_moment(claims, name) for name in ("exp", "nbf", "iat"))
    if ends is None:
        raise SignatureInvalid("token_claims", "The token does not say when it expires (exp).")
    if now >= ends + LEEWAY_SECONDS:
        raise SignatureInvalid("token_expired", "The token has expired.")
    if any(one is not None and now < one - LEEWAY_SECONDS for one in (begins, made)):
        raise SignatureInvalid("token_not_yet_valid", "The token is not valid yet.")


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    """Unix seconds; None when the claim is not there."""
    value = claims.get(name)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and abs(value) <= sys.float_info.max):  # neither infinite nor an integer that no float can hold
        raise SignatureInvalid("token_claims", f"The token's {name} is no time.")
    return float(value)


def _require_names(rule: TokenRule, claims: Mapping[str, Any]) -> None:
    if rule.issuer and claims.get("iss") != rule.issuer:
        raise SignatureInvalid("token_issuer", "The token is of another issuer.")
    audience = claims.get("aud")
    if rule.audience and rule.audience not in (audience if isinstance(audience, list) else [audience]):
        raise SignatureInvalid("token_audience", "The token is for another audience.")


def _invalid() -> SignatureInvalid:
    return SignatureInvalid("signature_invalid", "The signature does not match.")
