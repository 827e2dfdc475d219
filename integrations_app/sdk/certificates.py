"""Client certificates (mutual TLS) that a connection holds beside another secret, or instead of one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from integrations_app.errors import InvalidInput
from integrations_app.kit.egress import ClientCertificate, check_usable, parse_target
from integrations_app.kit.secret import Secret
from integrations_app.kit.vault import open_client_key, read_validity
from integrations_app.sdk.auth import SecretField

CLIENT_CERTIFICATE = "client_certificate"
CLIENT_KEY = "client_key"
CLIENT_KEY_PASSPHRASE = "client_key_passphrase"  # noqa: S105 - the name of the field, not a secret
_SHOWN_AS = {"certificate": CLIENT_CERTIFICATE, "key": CLIENT_KEY, "passphrase": CLIENT_KEY_PASSPHRASE}
_LINES = 4

CERTIFICATE_FIELDS = (
    SecretField(
        CLIENT_CERTIFICATE,
        "Client certificate",
        "PEM: the certificate, then those that lead to its authority. Shown to the base URL's origin only.",
        lines=_LINES,
    ),
    SecretField(CLIENT_KEY, "Private key", "PEM, encrypted or not.", lines=_LINES, part_of=CLIENT_CERTIFICATE),
    SecretField(
        CLIENT_KEY_PASSPHRASE,
        "Passphrase",
        "Opens an encrypted private key now, and is not kept.",
        optional=True,
        part_of=CLIENT_CERTIFICATE,
    ),
)
"""For a way to connect by the certificate alone."""


def certificate_beside(group: str) -> tuple[SecretField, ...]:
    """The same fields, optional beside another secret and folded away in a group of the form."""
    return tuple(replace(field, optional=True, group=group) for field in CERTIFICATE_FIELDS)


def certificate_of(secrets: Mapping[str, Secret], url: str) -> ClientCertificate | None:
    """The certificate among a connection's secrets, for the origin of `url`; None without one."""
    chain, key = secrets.get(CLIENT_CERTIFICATE), secrets.get(CLIENT_KEY)
    return ClientCertificate(chain, key, url) if chain and key else None


def certificate_ends(secrets: Mapping[str, Secret]) -> datetime | None:
    """When the certificate among the secrets ends; None without one. Raises InvalidInput `certificate_invalid`."""
    chain = secrets.get(CLIENT_CERTIFICATE)
    return read_validity(chain).ends if chain else None


def judge_certificate(secrets: Mapping[str, Secret], url: str, url_field: str, now: datetime) -> Mapping[str, Secret]:
    """Refuse a certificate that could not prove anything at `url`, which stands in the setting `url_field`.

    The secrets come back with the private key opened and without its passphrase: then no call has to derive
    anything from it. Raises InvalidInput by field: what `kit.vault.open_client_key` raises, `certificate_invalid`,
    and `url_scheme`.
    """
    if not any(name in secrets for name in _SHOWN_AS.values()):
        return secrets
    missing = {f"secrets.{name}": "is needed" for name in (CLIENT_CERTIFICATE, CLIENT_KEY) if name not in secrets}
    if missing:
        raise InvalidInput(missing)
    chain, key, passphrase = secrets[CLIENT_CERTIFICATE], secrets[CLIENT_KEY], secrets.get(CLIENT_KEY_PASSPHRASE)
    try:
        opened = open_client_key(chain, key, passphrase, now)
        check_usable(ClientCertificate(chain, opened, url))
    except InvalidInput as error:
        fields = {f"secrets.{_SHOWN_AS[field]}": why for field, why in error.fields.items()}
        raise InvalidInput(fields, "", error.code) from None
    if parse_target(url).scheme != "https":
        why = "must begin with https:// to use a client certificate"
        raise InvalidInput({f"settings.{url_field}": why}, "", "url_scheme")
    return {**{name: one for name, one in secrets.items() if name != CLIENT_KEY_PASSPHRASE}, CLIENT_KEY: opened}
