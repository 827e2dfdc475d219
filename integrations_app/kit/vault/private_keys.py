"""Private keys as people paste them, opened at a bounded cost: who made one has chosen how much work it is to open.

`cryptography` derives and checks keys while holding the interpreter, so that a thread alone would not help.
"""

import base64
import re
from collections.abc import Mapping

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from integrations_app.errors import InvalidInput
from integrations_app.kit.secret import Secret

KEY, PASSPHRASE = "key", "passphrase"
LONGEST_RSA = 4096
MOST_ROUNDS = 600_000
"""What OWASP advises for PBKDF2 of SHA-256; OpenSSL takes 2,048 unless told otherwise."""
MOST_SCRYPT_BYTES = 64 * 1024 * 1024
"""OpenSSL takes 16 MiB."""
_LONGEST = 3 * 1024
"""Bytes in DER; an RSA key of 4,096 bits has 2,400. Bounds what other kinds of key may cost."""
_PURPOSE = "open a private key"
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)
_ENCRYPTED = b"ENCRYPTED PRIVATE KEY"
_PBES2 = bytes.fromhex("2a864886f70d01050d")
_SCRYPT = bytes.fromhex("2b06010401da47040b")
_HEADERS = re.compile(rb"^[\w-]+:.*$", re.MULTILINE)


def open_private_key(key: Secret, passphrase: Secret | None) -> PrivateKeyTypes:
    """Read the first private key of a PEM text; the passphrase of one that is not encrypted is ignored.

    Raises InvalidInput for the field `key` with `key_invalid`, `key_too_large` (RSA above 4,096 bits) or
    `key_too_costly` (its passphrase takes too much work), for `passphrase` with `passphrase_wrong`.
    """
    block = _BLOCK.search(key.reveal_bytes(_PURPOSE))
    if block is None:
        raise _invalid()
    der = _der(block[2])
    if len(der) > _LONGEST:
        raise too_large(KEY)
    if block[1] == _ENCRYPTED:
        _refuse_costly(der)
    return _checked(_loaded(block, der, passphrase.reveal_bytes(_PURPOSE) if passphrase else None))


def _loaded(block: re.Match[bytes], der: bytes, password: bytes | None) -> PrivateKeyTypes:
    encrypted = b"ENCRYPTED" in block[0]
    try:
        if block[1] == _ENCRYPTED:
            return serialization.load_der_private_key(der, password, unsafe_skip_rsa_key_validation=True)
        password = password if encrypted else None
        return serialization.load_pem_private_key(block[0], password, unsafe_skip_rsa_key_validation=True)
    except TypeError:
        fields, code = {PASSPHRASE: "is needed: the private key is encrypted"}, "passphrase_wrong"
    except (ValueError, UnsupportedAlgorithm, InternalError):
        if not encrypted or password is None:
            raise _invalid() from None
        fields, code = {PASSPHRASE: "does not open the private key"}, "passphrase_wrong"
    raise refused(fields, code)


def too_large(field: str) -> InvalidInput:
    """The refusal of a key in `field` whose every signature would take too long."""
    return refused({field: f"is too large: an RSA key may have at most {LONGEST_RSA:,} bits"}, "key_too_large")


def refused(fields: Mapping[str, str], code: str) -> InvalidInput:
    """What is wrong, by field."""
    return InvalidInput(fields, "", code)


def _invalid() -> InvalidInput:
    why = "is no private key in PEM: it begins with -----BEGIN PRIVATE KEY----- or alike"
    return refused({KEY: why}, "key_invalid")


def _der(body: bytes) -> bytes:
    """What stands between the marks, without the headers of the traditional form."""
    try:
        return base64.b64decode(b"".join(_HEADERS.sub(b"", body).split()), validate=True)
    except ValueError:
        raise _invalid() from None


def _checked(key: PrivateKeyTypes) -> PrivateKeyTypes:
    """The key; RSA is judged by size before its primes are tested, which takes 18 s for 8,676 bits."""
    if not isinstance(key, rsa.RSAPrivateKey):
        return key
    numbers = key.private_numbers()
    if max(key.key_size, 2 * numbers.p.bit_length(), 2 * numbers.q.bit_length()) > LONGEST_RSA:
        raise too_large(KEY)
    try:
        return numbers.private_key()
    except ValueError:
        raise _invalid() from None


def _refuse_costly(der: bytes) -> None:
    """Look into an EncryptedPrivateKeyInfo (RFC 5958 section 3) before anything is derived from the passphrase.

    Raises InvalidInput `key_invalid`, `key_too_costly`.
    """
    try:
        name, parameters = _parts(_parts(_parts(der)[0])[0])[:2]
        if name == _PBES2:  # RFC 8018 appendix A.4
            name, parameters = _parts(_parts(parameters)[0])[:2]
        if name == _SCRYPT:  # RFC 7914 section 7
            cost, block, parallel = map(_number, _parts(parameters)[1:4])
            costly = 128 * cost * block * parallel > MOST_SCRYPT_BYTES
        else:  # PBKDF2 and the schemes of PKCS #12
            costly = _number(_parts(parameters)[1]) > MOST_ROUNDS
    except (ValueError, IndexError):
        raise _invalid() from None
    if costly:
        why = f"takes too much work to open: at most {MOST_ROUNDS:,} rounds, or 64 MiB with scrypt"
        raise refused({KEY: f"{why}. Encrypt it again with fewer, or paste it unencrypted"}, "key_too_costly")


def _parts(der: bytes) -> list[bytes]:
    """The contents of the elements that stand one behind the other in DER (X.690 section 8.1)."""
    found = []
    while der:
        length, start = der[1], 2
        if length > 127:  # noqa: PLR2004 - the long form: so many bytes hold the length
            start += length - 128
            length = int.from_bytes(der[2:start])
        if start + length > len(der):
            raise ValueError("cut short")
        found.append(der[start : start + length])
        der = der[start + length :]
    return found


def _number(contents: bytes) -> int:
    return int.from_bytes(contents, signed=True)
