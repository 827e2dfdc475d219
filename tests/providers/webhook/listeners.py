"""Servers on loopback that say nothing, or speak TLS with a certificate of a private authority."""

import asyncio
import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.receiver import Answer, Receiver, reply


@asynccontextmanager
async def silent() -> AsyncIterator[str]:
    """Takes every request and never answers."""
    over = asyncio.Event()

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    over.set()
    server.close()


PLAIN = serialization.NoEncryption()


@dataclass(frozen=True)
class Identity:
    """A certificate and its private key, as PEM."""

    certificate: str
    key: str


class Authority:
    """Signs certificates for 127.0.0.1, and for clients."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of a company")])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self._certificate = self._draft(self._name, self._key).add_extension(constraints, critical=True)
        self.certificate = self._certificate.sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def context(self, *, asks_clients: bool = False, name: str = "") -> ssl.SSLContext:
        """For a server of that name, or without one; it may ask clients for a certificate of this authority."""
        plain = x509.IPAddress(ip_address("127.0.0.1"))
        named = x509.SubjectAlternativeName([x509.DNSName(name) if name else plain])
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own = self._identity("127.0.0.1", PLAIN, (-1, 2), named)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "both.pem"
            path.write_text(own.key + own.certificate)
            made.load_cert_chain(path)
        if asks_clients:
            made.verify_mode = ssl.CERT_REQUIRED
            made.load_verify_locations(cadata=self.pem)
        return made

    def client(self, name: str, *, passphrase: str = "", days: tuple[int, int] = (-1, 2)) -> Identity:
        """A certificate for a client, good from the first to the second of the days around now."""
        how = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else PLAIN
        return self._identity(name, how, days, x509.SubjectAlternativeName([x509.DNSName(name)]))

    def _identity(
        self,
        name: str,
        how: serialization.KeySerializationEncryption,
        days: tuple[int, int],
        named: x509.SubjectAlternativeName,
    ) -> Identity:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signed = self._draft(subject, key, days).add_extension(named, critical=False).sign(self._key, hashes.SHA256())
        form = serialization.PrivateFormat.PKCS8
        return Identity(
            signed.public_bytes(serialization.Encoding.PEM).decode(),
            key.private_bytes(serialization.Encoding.PEM, form, how).decode(),
        )

    def _draft(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: tuple[int, int] = (-1, 2)
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
        )


@dataclass
class MutualServer:
    """A server that asks for certificates, and sends the alerts that real servers send: asyncio's hangs up instead."""

    context: ssl.SSLContext
    base: str = ""
    clients: list[str] = field(default_factory=list)
    """The names in the certificates that came, one for each request."""
    requests: list[bytes] = field(default_factory=list)
    answer: Callable[[str], bytes] = lambda _path: reply(200, b"{}", Content_Type="application/json")

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            self._one(self.context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False))

    def _one(self, connection: ssl.SSLSocket) -> None:
        connection.settimeout(5)
        try:
            connection.do_handshake()
            request = connection.recv(65536)
        except OSError:
            plain = socket.socket(fileno=connection.detach())  # read to the end, so that the alert is not cut off
            plain.settimeout(5)
            with contextlib.suppress(OSError):
                plain.shutdown(socket.SHUT_WR)
                while plain.recv(65536):
                    pass
            plain.close()
            return
        if request:
            peer: Any = connection.getpeercert() or {"subject": ()}
            self.clients.append("".join(value for (pair,) in peer["subject"] for value in pair[1:]))
            self.requests.append(request)
            connection.sendall(self.answer(request.split(b" ")[1].decode()))
        connection.close()


@contextmanager
def mutual(context: ssl.SSLContext) -> Iterator[MutualServer]:
    """A server with this context as long as the block lasts."""
    made = MutualServer(context)
    listener = socket.create_server(("127.0.0.1", 0))
    made.base = f"https://127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=made.serve, args=(listener,), daemon=True)
    thread.start()
    yield made
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@asynccontextmanager
async def tls_receiving(
    authority: Authority, answer: Answer = lambda _request: reply(200, b"ok")
) -> AsyncIterator[str]:
    """Answers every request over TLS, with 200 unless `answer` says otherwise."""
    server = await asyncio.start_server(Receiver(answer).serve, "127.0.0.1", 0, ssl=authority.context())
    yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
