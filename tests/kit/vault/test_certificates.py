"""Client certificates: what cannot prove anything is refused, by field and with the reason."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from integrations_app.errors import InvalidInput
from integrations_app.kit.secret import Secret
from integrations_app.kit.vault import open_client_key, read_validity
from tests.providers.webhook.listeners import Authority, Identity

NOW = datetime.now(UTC)
AUTHORITY = Authority()
GOOD = AUTHORITY.client("good.test")
LOCKED = AUTHORITY.client("locked.test", passphrase="CNRY pass ö")
OLD = AUTHORITY.client("old.test", days=(-9, -2))


def check(one: Identity, *, key: str | None = None, passphrase: str | None = None, now: datetime = NOW) -> str:
    secret = Secret(passphrase) if passphrase is not None else None
    kept = open_client_key(Secret(one.certificate), Secret(key if key is not None else one.key), secret, now)
    return kept.reveal("look at it")


@pytest.mark.parametrize("passphrase", [None, "not needed"])
def test_a_good_one(passphrase: str | None) -> None:
    check(GOOD, passphrase=passphrase)
    check(Identity(f"Bag Attributes\r\n{GOOD.certificate}\n\n{AUTHORITY.pem}\r\n", GOOD.key))


def test_a_key_is_kept_without_its_passphrase() -> None:
    kept = check(LOCKED, passphrase="CNRY pass ö")
    assert kept.startswith("-----BEGIN PRIVATE KEY-----\n")
    assert check(LOCKED, key=kept) == kept


def test_a_certificate_whose_key_is_too_large() -> None:
    """It is refused without a look at the private key."""
    wide = rsa.RSAPublicNumbers(65537, 2**4100 + 1).public_key()
    name = x509.Name([])
    draft = x509.CertificateBuilder(name, name, wide, 1, NOW, NOW + timedelta(days=1))
    made = draft.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    with pytest.raises(InvalidInput, match="at most 4,096 bits") as refused:
        check(Identity(made.public_bytes(serialization.Encoding.PEM).decode(), "no key"))
    assert (list(refused.value.fields), refused.value.code) == (["certificate"], "key_too_large")


PARAMETERS = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ec", "locked rsa"])
def test_keys_of_every_kind_and_form(kind: str) -> None:
    """They are read, and are found not to be those of the certificate."""
    plain, traditional = serialization.NoEncryption(), serialization.PrivateFormat.TraditionalOpenSSL
    pem, passphrase, before = serialization.Encoding.PEM, None, ""
    if kind == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate().private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    elif kind == "ec":  # as `openssl ecparam -genkey` writes it
        key, before = ec.generate_private_key(ec.SECP256R1()).private_bytes(pem, traditional, plain), PARAMETERS
    else:
        passphrase = "old form" if kind == "locked rsa" else None
        how = serialization.BestAvailableEncryption(b"old form") if passphrase else plain
        key = rsa.generate_private_key(65537, 2048).private_bytes(pem, traditional, how)
    with pytest.raises(InvalidInput) as refused:
        check(GOOD, key=before + key.decode(), passphrase=passphrase)
    assert refused.value.code == "key_mismatch"


@pytest.mark.parametrize(
    ("one", "key", "passphrase", "field", "code"),
    [
        (Identity("hello", GOOD.key), None, None, "certificate", "certificate_invalid"),
        (Identity(GOOD.key, GOOD.key), None, None, "certificate", "certificate_invalid"),
        (Identity(GOOD.certificate.replace("A", "B"), GOOD.key), None, None, "certificate", "certificate_invalid"),
        (Identity(f"{AUTHORITY.pem}{GOOD.certificate}", GOOD.key), None, None, "key", "key_mismatch"),
        (GOOD, OLD.key, None, "key", "key_mismatch"),
        (GOOD, "hello", None, "key", "key_invalid"),
        (GOOD, GOOD.certificate, None, "key", "key_invalid"),
        (GOOD, GOOD.key[:90], "x", "key", "key_invalid"),
        (LOCKED, None, None, "passphrase", "passphrase_wrong"),
        (LOCKED, None, "another", "passphrase", "passphrase_wrong"),
        (OLD, None, None, "certificate", "certificate_expired"),
    ],
    ids=lambda _value: "",
)
def test_what_is_refused(one: Identity, key: str | None, passphrase: str | None, field: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(one, key=key, passphrase=passphrase)
    assert (list(refused.value.fields), refused.value.code) == ([field], code)
    assert "CNRY" not in str(refused.value) and "BEGIN PRIVATE KEY-----\n" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_it_says_until_when_and_from_when() -> None:
    ends = read_validity(Secret(OLD.certificate)).ends
    with pytest.raises(InvalidInput, match=f"valid until {ends:%Y-%m-%d}"):
        check(OLD)
    with pytest.raises(InvalidInput, match="not valid yet: it begins on") as refused:
        check(GOOD, now=NOW - timedelta(days=3))
    assert refused.value.code == "certificate_not_yet_valid"


def test_the_shortest_of_a_chain_counts() -> None:
    validity = read_validity(Secret(GOOD.certificate + OLD.certificate))
    assert validity.ends == read_validity(Secret(OLD.certificate)).ends
    assert validity.begins == read_validity(Secret(GOOD.certificate)).begins
