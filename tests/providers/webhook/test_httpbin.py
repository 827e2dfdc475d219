"""A receiver that others wrote, httpbin on loopback, says what arrived: methods, headers, bodies, authentication."""

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from typing import Any

import httpbin  # type: ignore[import-untyped]
import pytest
from werkzeug.serving import make_server

from integrations_app.errors import RateLimited, ReconnectRequired, Rejected, Unavailable
from integrations_app.providers.webhook.client import check


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """Httpbin's address."""
    server = make_server("127.0.0.1", 0, httpbin.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def bin_(webhook: Any, base: str) -> Any:
    """Makes connections to httpbin; takes settings and secrets."""
    return lambda settings=None, **secrets: webhook.to(base, settings, **secrets)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_methods_queries_and_headers(bin_: Any, method: str) -> None:
    params = {"query": {"a": "1 &ö"}, "headers": {"X-Mine": "v"}}
    said = (await bin_().run("call", method=method, path_or_url="anything/x", **params)).body
    assert (said["method"], said["args"], said["headers"]["X-Mine"]) == (method, {"a": "1 &ö"}, "v")
    assert said["headers"]["Idempotency-Key"] == "run-1:step"


async def test_head_and_options(bin_: Any) -> None:
    answer = await bin_().run("call", method="HEAD", path_or_url="get")
    assert (answer.status, answer.body) == (200, None)
    allowed = (await bin_().run("call", method="OPTIONS", path_or_url="get")).headers["allow"]
    assert {"GET", "OPTIONS"} <= {one.strip() for one in allowed.split(",")}


@pytest.mark.parametrize(
    ("params", "where", "what"),
    [
        ({"body": {"a": [1, "ö"]}}, "json", {"a": [1, "ö"]}),
        ({"body_kind": "form", "form": {"a": "1&2", "b": "ö"}}, "form", {"a": "1&2", "b": "ö"}),
        ({"body_kind": "text", "text": "grün"}, "data", "grün"),
        (
            {"body_kind": "graphql", "graphql_query": "{a}", "graphql_variables": {"v": 1}},
            "json",
            {"query": "{a}", "variables": {"v": 1}},
        ),
    ],
)
async def test_bodies(bin_: Any, params: dict[str, Any], where: str, what: Any) -> None:
    assert (await bin_().run("call", path_or_url="post", **params)).body[where] == what


async def test_parts(bin_: Any) -> None:
    parts = [
        {"name": "note", "text": "ö"},
        {"name": "file", "filename": "a.txt", "text": "hello"},
        {"name": "raw", "filename": "a.bin", "base64": base64.b64encode(b"\x00\xff").decode()},
    ]
    said = (await bin_().run("call", path_or_url="post", body_kind="multipart", parts=parts)).body
    assert said["form"] == {"note": "ö"}
    raw = "data:application/octet-stream;base64," + base64.b64encode(b"\x00\xff").decode()
    assert said["files"] == {"file": "hello", "raw": raw}


class TestAuthentication:
    async def test_basic(self, bin_: Any) -> None:
        connection = bin_({"username": "ada"}, password="pa55")
        said = await connection.run("call", method="GET", path_or_url="basic-auth/ada/pa55")
        assert said.body["authenticated"] is True
        with pytest.raises(Rejected):
            await connection.run("call", method="GET", path_or_url="basic-auth/ada/other")

    @pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
    async def test_digest(self, bin_: Any, algorithm: str) -> None:
        connection = bin_({"username": "ada"}, digest_password="CNRY-digest")
        address = f"digest-auth/auth/ada/CNRY-digest/{algorithm}"
        said = await connection.run("call", method="GET", path_or_url=address)
        assert said.body["authenticated"] is True
        with pytest.raises(Rejected):
            await connection.run("call", method="GET", path_or_url="digest-auth/auth/ada/other")
        with pytest.raises(Rejected):
            await connection.run("call", method="GET", path_or_url="basic-auth/ada/CNRY-digest")

    async def test_bearer(self, bin_: Any) -> None:
        said = await bin_(token="CNRY-bearer").run("call", method="GET", path_or_url="bearer")
        assert said.body == {"authenticated": True, "token": "[redacted]"}
        with pytest.raises(Rejected):
            await bin_().run("call", method="GET", path_or_url="bearer")

    async def test_a_bought_token(self, bin_: Any) -> None:
        connection = bin_(client_secret="CNRY-client", access_token="CNRY-bought")
        said = await connection.run("call", method="GET", path_or_url="bearer")
        assert said.body == {"authenticated": True, "token": "[redacted]"}
        with pytest.raises(ReconnectRequired):
            await connection.run("call", method="GET", path_or_url="status/401")

    async def test_keys_and_signatures(self, bin_: Any) -> None:
        said = await bin_({"api_key_name": "X-K"}, api_key="CNRY-key").run("call", path_or_url="post", body={})
        assert said.body["headers"]["X-K"] == "[redacted]"
        in_query = bin_({"api_key_name": "k", "api_key_in": "query"}, api_key="CNRY-key")
        assert (await in_query.run("call", path_or_url="post", body={})).body["args"] == {"k": "[redacted]"}
        said = await bin_({}, signing_secret="CNRY-sign").run("call", path_or_url="post", body={"a": 1})
        wanted = hmac.new(b"CNRY-sign", said.body["data"].encode(), hashlib.sha256).hexdigest()
        assert said.body["headers"]["X-Signature"] == wanted

    async def test_the_check(self, bin_: Any) -> None:
        assert (await check(bin_(token="CNRY-t").client)).id.startswith("127.0.0.1:")


class TestAnswers:
    @pytest.mark.parametrize(
        ("status", "error"), [(404, Rejected), (418, Rejected), (429, RateLimited), (500, Unavailable)]
    )
    async def test_statuses(self, bin_: Any, status: int, error: type[Exception]) -> None:
        with pytest.raises(error):
            await bin_().run("call", method="GET", path_or_url=f"status/{status}")
        answer = await bin_().run("call", method="GET", path_or_url=f"status/{status}", success=str(status))
        assert (answer.status, answer.ok) == (status, True)

    async def test_redirects_compression_and_files(self, bin_: Any) -> None:
        handed_back = await bin_().run("call", method="GET", path_or_url="redirect/2")
        assert (handed_back.status, handed_back.ok) == (302, False)
        followed = await bin_().run("call", method="GET", path_or_url="redirect/2", redirects=2)
        assert (followed.status, followed.body["headers"]["Accept-Encoding"]) == (200, "identity")
        assert (await bin_().run("call", method="GET", path_or_url="gzip")).body["gzipped"] is True
        picture = (await bin_().run("call", method="GET", path_or_url="image/png", parse_as="file")).body
        assert base64.b64decode(picture["base64"]).startswith(b"\x89PNG")

    async def test_a_drip_ends_in_time(self, bin_: Any) -> None:
        slow = {"duration": "5", "numbytes": "5"}
        with pytest.raises(Unavailable):
            await bin_({"total_seconds": 0.5}).run("call", method="GET", path_or_url="drip", query=slow)
