"""Servers on loopback that say nothing, or speak TLS with a certificate of a private authority."""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

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


class Authority:
    """Signs certificates for 127.0.0.1."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of a company")])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self._certificate = self._draft(self._name, self._key).add_extension(constraints, critical=True)
        self.certificate = self._certificate.sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def context(self) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        named = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        signed = self._draft(name, key).add_extension(named, critical=False).sign(self._key, hashes.SHA256())
        plain = serialization.NoEncryption()
        form = serialization.PrivateFormat.PKCS8
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "both.pem"
            whole = key.private_bytes(serialization.Encoding.PEM, form, plain)
            path.write_bytes(whole + signed.public_bytes(serialization.Encoding.PEM))
            made.load_cert_chain(path)
        return made

    def _draft(self, name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
        )


@asynccontextmanager
async def tls_receiving(
    authority: Authority, answer: Answer = lambda _request: reply(200, b"ok")
) -> AsyncIterator[str]:
    """Answers every request over TLS, with 200 unless `answer` says otherwise."""
    server = await asyncio.start_server(Receiver(answer).serve, "127.0.0.1", 0, ssl=authority.context())
    yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
