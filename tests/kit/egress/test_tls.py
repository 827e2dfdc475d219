"""TLS: only a certificate that is trusted, in time and for this name is accepted, whatever the environment says."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations_app.errors import ResponseRefused
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.kit.egress.dial import trust_context

MakeDoor = Callable[..., Door]
NOW = datetime.now(UTC)


class Authority:
    """A certificate authority for one test."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self.certificate = self._sign(self.name, self.key.public_key(), None, 10)

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, host: str | None, days: int
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(NOW - timedelta(days=20)).not_valid_after(NOW + timedelta(days=days))
        builder = builder.add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        if host is not None:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, folder: Path, host: str, days: int = 10) -> ssl.SSLContext:
        """A server context with a certificate for `host`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = self._sign(subject, key.public_key(), host, days)
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain = folder / f"{host}.pem"
        chain.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context

    def save(self, folder: Path) -> Path:
        path = folder / "authority.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path


@pytest.fixture
def authority() -> Authority:
    return Authority()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if await reader.read(65536):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
    writer.close()


@asynccontextmanager
async def listening(context: ssl.SSLContext | None, behave: Any = answer) -> AsyncIterator[str]:
    server = await asyncio.start_server(behave, "127.0.0.1", 0, ssl=context)
    yield f"https://secure.test:{server.sockets[0].getsockname()[1]}/"
    server.close()


async def here(*_: object) -> Sequence[str]:
    return ["127.0.0.1"]


def trusting(open_door: MakeDoor, ca_file: Path | None) -> Door:
    return open_door(EgressPolicy.parse(["127.0.0.0/8"]), resolve=here, extra_ca_file=ca_file)


async def test_a_good_certificate(authority: Authority, tmp_path: Path, open_door: MakeDoor) -> None:
    door = trusting(open_door, authority.save(tmp_path))
    async with listening(authority.issue(tmp_path, "secure.test")) as url, door.client(pool="a") as client:
        assert (await client.get(url)).text == "ok"


@pytest.mark.parametrize(("host", "days"), [("other.test", 10), ("secure.test", -1)])
async def test_wrong_name_and_expired(
    authority: Authority, tmp_path: Path, open_door: MakeDoor, host: str, days: int
) -> None:
    door = trusting(open_door, authority.save(tmp_path))
    async with listening(authority.issue(tmp_path, host, days)) as url:
        await assert_tls_error(door, url)


async def test_an_unknown_authority_even_when_the_environment_trusts_it(
    authority: Authority, tmp_path: Path, open_door: MakeDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.save(tmp_path)))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.save(tmp_path)))
    async with listening(authority.issue(tmp_path, "secure.test")) as url:
        await assert_tls_error(trusting(open_door, None), url)


async def test_an_empty_environment_does_not_take_trust_away(
    authority: Authority, tmp_path: Path, open_door: MakeDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    door = trusting(open_door, authority.save(tmp_path))
    async with listening(authority.issue(tmp_path, "secure.test")) as url, door.client(pool="a") as client:
        assert (await client.get(url)).text == "ok"
    assert trust_context(tmp_path / "authority.pem").cert_store_stats()["x509_ca"] > 50


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_old_versions(authority: Authority, tmp_path: Path, open_door: MakeDoor, version: ssl.TLSVersion) -> None:
    context = authority.issue(tmp_path, "secure.test")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version

    async def shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer with OpenSSL's bytes: asyncio's own TLS server hangs up without the alert that real servers send."""
        received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        received.write(await reader.read(65536))
        with pytest.raises(ssl.SSLError):
            context.wrap_bio(received, to_send, server_side=True).do_handshake()
        writer.write(to_send.read())
        writer.close()

    async with listening(None, shake_hands) as url:
        await assert_tls_error(trusting(open_door, authority.save(tmp_path)), url)


async def test_plain_http_where_tls_is_expected(open_door: MakeDoor) -> None:
    async with listening(None) as url:
        await assert_tls_error(trusting(open_door, None), url)


async def assert_tls_error(door: Door, url: str) -> None:
    async with door.client(pool="a", deadline=5) as client:
        with pytest.raises(ResponseRefused) as caught:
            await client.post(url)
    assert caught.value.code == "tls_error"
    with pytest.raises(ResponseRefused):
        await door.aiohttp_session(pool="a", deadline=5).post(url)
