"""The client certificate of a connection: shown to one origin only, and never written to a disk that keeps it."""

import hashlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from integrations_app.errors import InvalidInput
from integrations_app.kit.egress.target import Target, parse_target
from integrations_app.kit.secret import Secret

_PURPOSE = "client certificate"


@dataclass(frozen=True, slots=True, eq=False)
class ClientCertificate:
    """A PEM chain, its private key (not encrypted), and the URL whose origin alone may see the proof."""

    chain: Secret
    key: Secret
    url: str
    identity: str = field(init=False)
    """Equal only for the same chain and key: what keeps the connections of two certificates apart."""

    def __post_init__(self) -> None:
        """Name it by its contents, which a hash does not give away: a private key cannot be guessed."""
        contents = self.chain.reveal_bytes(_PURPOSE) + b"\0" + self.key.reveal_bytes(_PURPOSE)
        object.__setattr__(self, "identity", hashlib.sha256(contents).hexdigest())

    def is_for(self, target: Target) -> bool:
        """Whether a target may see it."""
        return target.origin == parse_target(self.url).origin

    def load_into(self, context: ssl.SSLContext) -> None:
        """Let connections of the context prove themselves. Raises InvalidInput `certificate_invalid`."""
        context.post_handshake_auth = True  # some servers ask only once they have seen the path
        try:
            with _readable(self.chain) as chain, _readable(self.key) as key:
                context.load_cert_chain(chain, key, _no_passphrase)
        except (ssl.SSLError, ValueError) as error:
            reason = str(getattr(error, "reason", "") or "it cannot be read").replace("_", " ").lower()
            raise InvalidInput(
                {"certificate": f"is not accepted by OpenSSL: {reason}"}, "", "certificate_invalid"
            ) from None


def check_usable(certificate: ClientCertificate) -> None:
    """Raise InvalidInput `certificate_invalid` unless OpenSSL takes it as it is, weak keys excluded."""
    certificate.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def _no_passphrase() -> bytes:
    """Asked for one, OpenSSL would turn to the terminal, and derive a key however long that takes."""
    raise ValueError("the private key is encrypted")


@contextmanager
def _readable(secret: Secret) -> Iterator[str]:
    """A path with the secret behind it, gone after the block: ssl reads certificates and keys from files only.

    On Linux the file is anonymous memory that this process alone can open. Elsewhere it is a file of one's own
    (mode 0600) in the folder for temporary files, removed at once.
    """
    content = secret.reveal_bytes(_PURPOSE)
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("certificate", os.MFD_CLOEXEC), "wb") as memory:
            memory.write(content)
            memory.flush()
            yield f"/proc/self/fd/{memory.fileno()}"
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file.name
