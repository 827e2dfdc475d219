"""Client certificates as people paste them: PEM, read and checked before they are kept."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from integrations_app.kit.secret import Secret
from integrations_app.kit.vault.private_keys import KEY, LONGEST_RSA, open_private_key, refused, too_large

CERTIFICATE = "certificate"
_PURPOSE = "check a client certificate"
_PEM, _PKCS8, _PLAIN = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()


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


def open_client_key(chain: Secret, key: Secret, passphrase: Secret | None, now: datetime) -> Secret:
    """The private key of a certificate that proves something now, as it is to be kept: PKCS #8 without a passphrase.

    Takes up to half a second. Raises InvalidInput for the fields `certificate`, `key` and `passphrase`, with
    `certificate_invalid`, `certificate_expired`, `certificate_not_yet_valid`, `key_too_large`, `key_mismatch`, and
    as `open_private_key`.
    """
    public = _public_key(_certificates(chain)[0])
    if isinstance(public, rsa.RSAPublicKey) and public.key_size > LONGEST_RSA:
        raise too_large(CERTIFICATE)
    opened = open_private_key(key, passphrase)
    if _written(opened.public_key()) != _written(public):
        why = "does not belong to the certificate: the first one of the chain must be the key's"
        raise refused({KEY: why}, "key_mismatch")
    _refuse_ended(read_validity(chain), now)
    return Secret(opened.private_bytes(_PEM, _PKCS8, _PLAIN).strip())  # as typed secrets are kept


def _refuse_ended(validity: Validity, now: datetime) -> None:
    if validity.ends <= now:
        raise refused({CERTIFICATE: f"has expired: it was valid until {_day(validity.ends)}"}, "certificate_expired")
    if validity.begins > now:
        why = f"is not valid yet: it begins on {_day(validity.begins)}"
        raise refused({CERTIFICATE: why}, "certificate_not_yet_valid")


def _certificates(chain: Secret) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(chain.reveal_bytes(_PURPOSE))
    except ValueError:
        why = "is not PEM: paste everything from -----BEGIN CERTIFICATE----- to the last -----END CERTIFICATE-----"
    raise refused({CERTIFICATE: why}, "certificate_invalid")


def _public_key(certificate: x509.Certificate) -> PublicKeyTypes:
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm, InternalError):
        why = "holds a public key of a kind that is not known here"
    raise refused({CERTIFICATE: why}, "certificate_invalid")


def _written(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
