"""Client certificates as people paste them: PEM, read and checked before they are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from integrations_app.errors import InvalidInput
from integrations_app.kit.secret import Secret

CERTIFICATE, KEY, PASSPHRASE = "certificate", "key", "passphrase"
_PURPOSE = "check a client certificate"


@dataclass(frozen=True, slots=True)
class Validity:
    """When every certificate of a chain is good."""

    begins: datetime
    ends: datetime


def read_validity(chain: Secret) -> Validity:
    """When a PEM chain is good. Raises InvalidInput `certificate_invalid` for the field `certificate`."""
    found = _certificates(chain)
    begins, ends = (one.not_valid_before_utc for one in found), (one.not_valid_after_utc for one in found)
    return Validity(max(begins), min(ends))


def check_client_certificate(chain: Secret, key: Secret, passphrase: Secret | None, now: datetime) -> None:
    """Refuse a certificate that cannot prove anything now.

    Raises InvalidInput for the fields `certificate`, `key` and `passphrase`, with `certificate_invalid`,
    `certificate_expired`, `certificate_not_yet_valid`, `key_invalid`, `key_mismatch` or `passphrase_wrong`.
    """
    first = _certificates(chain)[0]
    if _public(_private_key(key, passphrase).public_key()) != _public(first.public_key()):
        why = "does not belong to the certificate: the first one of the chain must be the key's"
        raise _refused({KEY: why}, "key_mismatch")
    validity = read_validity(chain)
    if validity.ends <= now:
        raise _refused({CERTIFICATE: f"has expired: it was valid until {_day(validity.ends)}"}, "certificate_expired")
    if validity.begins > now:
        why = f"is not valid yet: it begins on {_day(validity.begins)}"
        raise _refused({CERTIFICATE: why}, "certificate_not_yet_valid")


def _certificates(chain: Secret) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(chain.reveal_bytes(_PURPOSE))
    except ValueError:
        why = "is not PEM: paste everything from -----BEGIN CERTIFICATE----- to the last -----END CERTIFICATE-----"
    raise _refused({CERTIFICATE: why}, "certificate_invalid")


def _private_key(key: Secret, passphrase: Secret | None) -> PrivateKeyTypes:
    pem, password = key.reveal_bytes(_PURPOSE), passphrase.reveal_bytes(_PURPOSE) if passphrase else None
    try:
        return serialization.load_pem_private_key(pem, password if b"ENCRYPTED" in pem else None)
    except TypeError:
        field, why, code = PASSPHRASE, "is needed: the private key is encrypted", "passphrase_wrong"
    except (ValueError, UnsupportedAlgorithm):
        encrypted = b"ENCRYPTED" in pem and password is not None
        field, why, code = (
            (PASSPHRASE, "does not open the private key", "passphrase_wrong")
            if encrypted
            else (KEY, "is no private key in PEM: it begins with -----BEGIN PRIVATE KEY----- or alike", "key_invalid")
        )
    raise _refused({field: why}, code)


def _public(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _refused(fields: Mapping[str, str], code: str) -> InvalidInput:
    return InvalidInput(fields, "", code)
