"""Tokens of senders: the algorithm is the receiver's, times have a leeway, and nothing malformed breaks."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from integrations_app.errors import SignatureInvalid
from integrations_app.kit.jwt import (
    MAX_TOKEN_CHARS,
    TokenRule,
    require_key,
    sign_token,
    token_id,
    verify_token,
)
from integrations_app.kit.secret import Secret

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
SHARED = Secret("CNRY_jwt_" + "0" * 64)
GOOD = {"exp": AT + 300}
PRIVATE: dict[str, Any] = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
KINDS: dict[str, Any] = {"RS256": RSAKey, "ES256": ECKey, "EdDSA": OKPKey}


def public_pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def private_pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def signed(algorithm: str, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    key = KINDS[algorithm].import_key(private_pem(PRIVATE[algorithm]))
    registry = jws.JWSRegistry(algorithms=[algorithm, "Ed25519"], strict_check_header=False)
    return jws.serialize_compact({"alg": algorithm, **(header or {})}, json.dumps(claims), key, registry=registry)


def encoded(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hand(header: object, claims: object, key: bytes) -> str:
    """A token with an HMAC-SHA256 over whatever stands in it."""
    text = f"{encoded(header)}.{encoded(claims)}"
    return f"{text}.{encoded(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


def refusal(rule: TokenRule, key: Secret, token: str | None) -> str:
    with pytest.raises(SignatureInvalid) as refused:
        verify_token(rule, key, token, NOW)
    return refused.value.code


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_shared_secret_signs_and_verifies(algorithm: str) -> None:
    require_key(algorithm, SHARED)
    token = sign_token(algorithm, SHARED, GOOD | {"jti": "t-1"})
    verify_token(TokenRule(algorithm), SHARED, token, NOW)
    assert token_id(token) == "t-1"
    assert refusal(TokenRule(algorithm), Secret("x" * 64), token) == "signature_invalid"
    for other in {"HS256", "HS384", "HS512"} - {algorithm}:
        assert refusal(TokenRule(other), SHARED, token) == "signature_invalid"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_verifies(algorithm: str) -> None:
    key = Secret(public_pem(PRIVATE[algorithm]))
    require_key(algorithm, key)
    token = signed(algorithm, GOOD, {"kid": "k1", "typ": "JWT", "unknown": "is ignored"})
    verify_token(TokenRule(algorithm), key, token, NOW)
    if algorithm == "EdDSA":  # by its newer name
        verify_token(TokenRule(algorithm), key, signed(algorithm, GOOD, {"alg": "Ed25519"}), NOW)
    head, claims, signature = token.split(".")
    changed = f"{head}.{encoded(GOOD | {'sub': 'admin'})}.{signature}"
    assert refusal(TokenRule(algorithm), key, changed) == "signature_invalid"
    assert refusal(TokenRule(algorithm), key, f"{head}.{claims}.") == "signature_invalid"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_the_token_does_not_choose_the_algorithm(algorithm: str) -> None:
    pem = public_pem(PRIVATE[algorithm])
    rule = TokenRule(algorithm)
    for spelling in ("none", "None", "NONE", "", None, 0, ["none"]):
        unsigned = f"{encoded({'alg': spelling})}.{encoded(GOOD)}."
        assert refusal(rule, Secret(pem), unsigned) == "signature_invalid"
        assert refusal(TokenRule("HS256"), SHARED, unsigned) == "signature_invalid"
    for key in (pem, pem.strip(), pem + "\n"):  # the public key taken for an HMAC's secret
        for claimed in ("HS256", algorithm):
            assert refusal(rule, Secret(pem), by_hand({"alg": claimed}, GOOD, key.encode())) == "signature_invalid"
    with pytest.raises(ValueError, match="another kind"):
        require_key("HS256", Secret(pem))
    own = {"alg": algorithm, "jwk": {"kty": "oct", "k": "AAAA"}, "jku": "http://127.0.0.1/", "x5u": "http://127.0.0.1/"}
    assert refusal(rule, Secret(pem), by_hand(own, GOOD, b"\0" * 3)) == "signature_invalid"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_no_public_key_is_taken_for_a_shared_secret(algorithm: str) -> None:
    """Whoever knows it could sign: it is refused in each form in which people hold it."""
    public = PRIVATE[algorithm].public_key()
    ssh = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    jwk = KINDS[algorithm].import_key(public_pem(PRIVATE[algorithm])).as_dict(private=False)
    bare = base64.b64encode(der).decode()
    for text in (
        public_pem(PRIVATE[algorithm]),
        public_pem(PRIVATE[algorithm]).replace("\n", "\\n"),
        ssh,
        f"no-pty {ssh} somebody@there",
        ssh.split()[1],
        json.dumps(jwk),
        json.dumps({"keys": [jwk]}, indent=2),
        json.dumps([jwk]),
        bare,
        f"  {bare}\n",
        bare.rstrip("="),
        "\n".join(bare[at : at + 64] for at in range(0, len(bare), 64)),
        base64.urlsafe_b64encode(der).decode(),
    ):
        with pytest.raises(ValueError, match=r"another kind, .* choose RS256, ES256, EdDSA and give it in PEM form"):
            require_key("HS256", Secret(text))


def test_private_keys_and_bare_forms_are_no_shared_secrets_either() -> None:
    rsa_key = PRIVATE["RS256"]
    pkcs1 = rsa_key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    pkcs8 = rsa_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    for text in (base64.b64encode(pkcs1).decode(), base64.b64encode(pkcs8).decode(), private_pem(rsa_key)):
        with pytest.raises(ValueError, match="another kind"):
            require_key("HS256", Secret(text))


@given(st.one_of(st.binary(min_size=48, max_size=200), st.binary(min_size=44, max_size=130).map(lambda it: b"0" + it)))
def test_what_is_no_key_is_taken_as_a_secret(raw: bytes) -> None:
    begins = raw[:2] == b"0" + bytes([len(raw) - 2]) or raw[:2] in {b"0\x81", b"0\x82"}
    if not begins:
        require_key("HS256", Secret(base64.b64encode(raw).decode()))
    require_key("HS256", Secret(raw.hex()))


def test_only_fitting_keys_are_taken() -> None:
    small = public_pem(rsa.generate_private_key(65537, 1024))  # noqa: S505 - too small on purpose
    p384 = public_pem(ec.generate_private_key(ec.SECP384R1()))
    for algorithm, key, why in (
        ("RS256", small, "2048 bits"),
        ("RS256", public_pem(PRIVATE["ES256"]), "RSA key"),
        ("ES256", p384, "P-256"),
        ("ES256", public_pem(PRIVATE["RS256"]), "P-256"),
        ("EdDSA", public_pem(PRIVATE["ES256"]), "Ed25519"),
        ("RS256", private_pem(PRIVATE["RS256"]), "stays with the sender"),
        ("RS256", "a secret", "no public key"),
        ("RS256", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "RSA key"),
        ("HS256", "x" * 31, "at least 32 bytes"),
        ("HS512", "x" * 63, "at least 64 bytes"),
    ):
        with pytest.raises(ValueError, match=why):
            require_key(algorithm, Secret(key))


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({}, "token_claims"),
        ({"exp": None}, "token_claims"),
        ({"exp": str(AT + 300)}, "token_claims"),
        ({"exp": True}, "token_claims"),
        ({"exp": float("nan")}, "token_claims"),
        ({"exp": float("inf")}, "token_claims"),
        ({"exp": [AT + 300]}, "token_claims"),
        ({"exp": 10**400}, "token_claims"),
        ({"exp": -(10**400)}, "token_claims"),
        (GOOD | {"nbf": 10**400}, "token_claims"),
        (GOOD | {"iat": -(10**400)}, "token_claims"),
        ({"exp": AT - 60}, "token_expired"),
        ({"exp": -1}, "token_expired"),
        (GOOD | {"nbf": AT + 61}, "token_not_yet_valid"),
        (GOOD | {"iat": AT + 61}, "token_not_yet_valid"),
        (GOOD | {"nbf": "soon"}, "token_claims"),
        ({"exp": AT - 59}, ""),
        ({"exp": AT + 0.5, "nbf": AT + 60, "iat": AT + 60}, ""),
        ({"exp": 10**30}, ""),
    ],
)
def test_times_are_honoured_with_a_leeway(claims: dict[str, Any], code: str) -> None:
    token = sign_token("HS256", SHARED, claims)
    if code:
        assert refusal(TokenRule(), SHARED, token) == code
    else:
        verify_token(TokenRule(), SHARED, token, NOW)


def test_issuer_and_audience_are_asked_for_when_they_are_set() -> None:
    rule = TokenRule("HS256", "https://shop.example", "hub")
    for claims, code in (
        ({"iss": "https://shop.example", "aud": "hub"}, ""),
        ({"iss": "https://shop.example", "aud": ["other", "hub"]}, ""),
        ({"iss": "https://shop.example/", "aud": "hub"}, "token_issuer"),
        ({"aud": "hub"}, "token_issuer"),
        ({"iss": ["https://shop.example"], "aud": "hub"}, "token_issuer"),
        ({"iss": "https://shop.example"}, "token_audience"),
        ({"iss": "https://shop.example", "aud": "hubs"}, "token_audience"),
        ({"iss": "https://shop.example", "aud": {"hub": 1}}, "token_audience"),
        ({"iss": "https://shop.example", "aud": []}, "token_audience"),
    ):
        token = sign_token("HS256", SHARED, GOOD | claims)
        if code:
            assert refusal(rule, SHARED, token) == code
        else:
            verify_token(rule, SHARED, token, NOW)
        verify_token(TokenRule(), SHARED, token, NOW)


@pytest.mark.parametrize("claims", [[], "text", 1, None, b"\xff", b"[" * 3000, b'{"exp":' * 900, b"9" * 5000])
def test_odd_parts_are_no_tokens(claims: object) -> None:
    key = SHARED.reveal_bytes("a test signs by hand")
    assert refusal(TokenRule(), SHARED, by_hand({"alg": "HS256"}, claims, key)) == "signature_invalid"
    assert refusal(TokenRule(), SHARED, by_hand(claims, GOOD, key)) == "signature_invalid"


def test_what_is_marked_critical_is_not_passed_over() -> None:
    key = SHARED.reveal_bytes("a test signs by hand")
    odd: tuple[dict[str, Any], ...] = (
        {"crit": ["x"], "x": 1},
        {"crit": "x"},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
    )
    for header in odd:
        assert refusal(TokenRule(), SHARED, by_hand({"alg": "HS256", **header}, GOOD, key)) == "signature_invalid"


def test_a_token_has_bounds() -> None:
    long = sign_token("HS256", SHARED, GOOD | {"x": "y" * MAX_TOKEN_CHARS})
    for token in (None, "", long, "é.é.é", "a.b", "a.b.c.d.e", "..", " . . "):
        assert refusal(TokenRule(), SHARED, token) == "signature_invalid"


NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), 10**4000, AT, AT + 300])
ODD = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["exp", "nbf", "iat", "iss", "aud", "jti", "crit"]), ODD), st.booleans())
def test_no_signed_claim_breaks_it(claims: dict[str, Any], in_time: bool) -> None:
    token = sign_token("HS256", SHARED, claims | (GOOD if in_time else {}))
    try:
        verify_token(TokenRule("HS256", "https://shop.example", "hub"), SHARED, token, NOW)
    except SignatureInvalid as refused:
        assert refused.code.startswith(("token_", "signature_"))  # noqa: PT017 - most are refused, each in its words
    assert isinstance(token_id(token), str)


@given(st.text(alphabet="abc.=-_ é\0", max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    for algorithm, key in (("HS256", SHARED), ("RS256", Secret(public_pem(PRIVATE["RS256"])))):
        assert refusal(TokenRule(algorithm), key, text) == "signature_invalid"
    assert token_id(text) == ""
