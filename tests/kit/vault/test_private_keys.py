"""Private keys whose opening would take long are refused before it begins."""

import base64
import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from integrations_app.errors import InvalidInput
from integrations_app.kit.secret import Secret
from integrations_app.kit.vault import private_keys
from integrations_app.kit.vault.private_keys import open_private_key

DER, PKCS8, PLAIN = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
EC = ec.generate_private_key(ec.SECP256R1())
PASSPHRASE = "CNRY_passphrase"
SALT, IV = b"saltsalt", bytes(16)


def element(tag: int, *contents: bytes) -> bytes:
    """One element of DER."""
    whole = b"".join(contents)
    size = len(whole).to_bytes((len(whole).bit_length() + 7) // 8)
    return bytes([tag]) + (bytes([len(whole)]) if len(whole) < 128 else bytes([128 + len(size)]) + size) + whole


def sequence(*contents: bytes) -> bytes:
    return element(0x30, *contents)


def number(value: int) -> bytes:
    return element(2, value.to_bytes(value.bit_length() // 8 + 1))


def named(oid: str, *parameters: bytes) -> bytes:
    return sequence(element(6, bytes.fromhex(oid)), *parameters)


SHA256 = named("2a864886f70d0209", b"\x05\x00")


def pem(label: str, der: bytes) -> str:
    lines = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{lines}-----END {label}-----\n"


def locked(derivation: bytes, secret: bytes) -> str:
    """The key as PKCS #8 says, encrypted with what was derived."""
    padder = padding.PKCS7(128).padder()
    plain = padder.update(EC.private_bytes(DER, PKCS8, PLAIN)) + padder.finalize()
    cipher = Cipher(algorithms.AES(secret), modes.CBC(IV)).encryptor()
    scheme = named("2a864886f70d01050d", sequence(derivation, named("60864801650304012a", element(4, IV))))
    return pem("ENCRYPTED PRIVATE KEY", sequence(scheme, element(4, cipher.update(plain))))


def pbkdf2(rounds: int, derived: int | None = None) -> str:
    """Says that it takes so many rounds; `derived` is how many it was made with."""
    secret = hashlib.pbkdf2_hmac("sha256", PASSPHRASE.encode(), SALT, derived or rounds)
    return locked(named("2a864886f70d01050c", sequence(element(4, SALT), number(rounds), SHA256)), secret)


def scrypt(cost: int, parallel: int, *, derived: bool = True) -> str:
    how = {"salt": SALT, "n": cost, "r": 8, "p": parallel, "dklen": 32, "maxmem": 2**27}
    secret = hashlib.scrypt(PASSPHRASE.encode(), **how) if derived else bytes(32)  # type: ignore[arg-type]
    parameters = sequence(element(4, SALT), number(cost), number(8), number(parallel))
    return locked(named("2b06010401da47040b", parameters), secret)


def pkcs12(rounds: int) -> str:
    scheme = named("2a864886f70d010c0103", sequence(element(4, SALT), number(rounds)))
    return pem("ENCRYPTED PRIVATE KEY", sequence(scheme, element(4, bytes(64))))


def opened(text: str, passphrase: str = PASSPHRASE) -> object:
    return open_private_key(Secret(text), Secret(passphrase))


def refusal(text: str, passphrase: str = PASSPHRASE) -> tuple[list[str], str]:
    with pytest.raises(InvalidInput) as refused:
        opened(text, passphrase)
    assert "CNRY" not in str(refused.value) and refused.value.__cause__ is None
    return list(refused.value.fields), refused.value.code


@pytest.mark.parametrize("made", [lambda: pbkdf2(600_000), lambda: scrypt(2**16, 1), lambda: scrypt(2**14, 4)])
def test_usual_costs(made: Callable[[], str]) -> None:
    key = opened(made())
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.private_numbers() == EC.private_numbers()


@pytest.mark.parametrize(
    "text",
    [
        pbkdf2(20_000_000, 1),
        pbkdf2(600_001, 1),
        scrypt(2**22, 1, derived=False),
        scrypt(2**14, 64, derived=False),
        pkcs12(20_000_000),
    ],
    ids=lambda _value: "",
)
@pytest.mark.parametrize("passphrase", [PASSPHRASE, "wrong", ""])
def test_what_takes_too_much_work_is_refused_unopened(
    monkeypatch: pytest.MonkeyPatch, text: str, passphrase: str
) -> None:
    monkeypatch.delattr(private_keys, "_loaded")
    assert refusal(text, passphrase) == (["key"], "key_too_costly")
    with pytest.raises(InvalidInput, match="600,000 rounds"):
        opened(text, passphrase)


def test_an_old_scheme_at_a_usual_cost_is_opened() -> None:
    assert refusal(pkcs12(2048)) == (["passphrase"], "passphrase_wrong")


GOOD = pbkdf2(1)


@pytest.mark.parametrize(
    "text",
    [
        pem("ENCRYPTED PRIVATE KEY", b""),
        pem("ENCRYPTED PRIVATE KEY", b"\x30\x80\x00\x00"),
        pem("ENCRYPTED PRIVATE KEY", EC.private_bytes(DER, PKCS8, PLAIN)),
        pem("ENCRYPTED PRIVATE KEY", sequence(named("2a864886f70d01050d"), element(4, b"x"))),
        pem("PRIVATE KEY", base64.b64decode("".join(GOOD.splitlines()[1:-1]))),
        GOOD.replace("-----BEGIN", "-----BEGIN PRIVATE KEY-----\nx: -----BEGIN") + "-----END PRIVATE KEY-----",
        GOOD[:200] + "=" + GOOD[200:],
        GOOD[:200],
    ],
    ids=lambda _value: "",
)
def test_what_is_no_key(text: str) -> None:
    assert refusal(text) == (["key"], "key_invalid")


def test_the_first_key_of_a_text_is_the_one_that_is_judged() -> None:
    plain = pem("PRIVATE KEY", EC.private_bytes(DER, PKCS8, PLAIN))
    assert opened(f"Bag Attributes\r\n{plain}{pbkdf2(20_000_000, 1)}")
    assert refusal(pbkdf2(20_000_000, 1) + plain) == (["key"], "key_too_costly")


def product(first: int, second: int) -> str:
    """What has the form of an RSA key; real ones of such a size take minutes to find."""
    numbers = [0, first * second, 65537, first * second - 2, first, second, first - 2, second - 2, second - 4]
    return pem("RSA PRIVATE KEY", sequence(*map(number, numbers)))


@pytest.mark.parametrize(
    "text",
    [
        product(2**4337 + 3, 2**4337 + 1),
        product(2**2050 + 3, 2**2051 + 1),
        product(2**2100 + 3, 2**1000 + 1),
        pem("PRIVATE KEY", sequence(number(2**30_000))),
    ],
    ids=lambda _value: "",
)
def test_what_is_too_large_is_refused_untested(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.delattr(rsa.RSAPrivateNumbers, "private_key", raising=False)
    assert refusal(text) == (["key"], "key_too_large")


def test_what_only_looks_like_rsa() -> None:
    assert refusal(product(2**1030 + 3, 2**1031 + 1)) == (["key"], "key_invalid")
