"""What a call can send beside JSON, how long it waits, whom it trusts and where it follows."""

import base64
import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pytest

from integrations_app.errors import (
    EgressDenied,
    InvalidInput,
    OutcomeUnknown,
    Rejected,
    ResponseRefused,
    Unavailable,
)
from integrations_app.providers.webhook.settings import WebhookSettings
from tests.providers.webhook.listeners import Authority, silent, tls_receiving
from tests.receiver import Received, Receiver, receiving, reply


class TestBodies:
    async def test_a_form(self, webhook: Any, receiver: Receiver) -> None:
        await webhook().run("call", body_kind="form", form={"a": "1&2=ö", "b": ""})
        assert receiver.last.body == b"a=1%262%3D%C3%B6&b="
        assert receiver.last.headers["content-type"] == "application/x-www-form-urlencoded"

    async def test_text(self, webhook: Any, receiver: Receiver) -> None:
        await webhook().run("call", body_kind="text", text='{"not": parsed}', content_type="application/xml")
        assert (receiver.last.body, receiver.last.headers["content-type"]) == (b'{"not": parsed}', "application/xml")

    async def test_graphql_values_stay_values(self, webhook: Any, receiver: Receiver) -> None:
        evil = '"}) { delete } #'
        query = "query($id: ID!) { user(id: $id) { name } }"
        await webhook().run("call", body_kind="graphql", graphql_query=query, graphql_variables={"id": evil})
        assert json.loads(receiver.last.body) == {"query": query, "variables": {"id": evil}}
        with pytest.raises(InvalidInput):
            await webhook().run("call", body_kind="graphql")

    async def test_an_error_of_graphql_is_no_success(self, webhook: Any, receiver: Receiver) -> None:
        asked = {"body_kind": "graphql", "graphql_query": "{ a }"}
        receiver.answer = lambda _r: reply(
            200, b'{"errors":[{"message":"no such field"}]}', Content_Type="application/json"
        )
        with pytest.raises(Rejected, match="no such field"):
            await webhook().run("call", **asked)
        assert (await webhook().run("call", never_fail=True, **asked)).ok is False

    async def test_parts_with_a_file(self, webhook: Any, receiver: Receiver) -> None:
        parts = [
            {"name": "note", "text": "grün"},
            {"name": 'f"\r\nX: y', "filename": "a\r\n.bin", "base64": base64.b64encode(b"\x00\xff").decode()},
            {"name": "page", "filename": "a.html", "text": "<p>", "content_type": "text/html"},
        ]
        await webhook().run("call", body_kind="multipart", parts=parts)
        kind = receiver.last.headers["content-type"]
        message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + receiver.last.body)
        found = [
            (part.get_param("name", header="content-disposition"), part.get_filename(), part.get_payload(decode=True))
            for part in message.iter_parts()
        ]
        assert found == [
            ("note", None, "grün".encode()),
            ("f%22%0D%0AX: y", "a%0D%0A.bin", b"\x00\xff"),
            ("page", "a.html", b"<p>"),
        ]
        first = receiver.last.body
        await webhook().run("call", body_kind="multipart", parts=parts)
        assert receiver.last.body == first  # the same key, the same bytes

    @pytest.mark.parametrize(
        "part",
        [
            {"name": "a"},
            {"text": "x"},
            {"name": "a", "text": "x", "base64": "eA=="},
            {"name": "a", "base64": "?"},
            {"name": "a", "text": "x", "content_type": "a/b\r\nX: y"},
            {"name": "a", "text": "x", "path": "/etc/passwd"},
        ],
    )
    async def test_bad_parts_are_never_sent(self, webhook: Any, receiver: Receiver, part: dict[str, str]) -> None:
        with pytest.raises(InvalidInput):
            await webhook().run("call", body_kind="multipart", parts=[part])
        assert receiver.requests == []


class TestHeaders:
    async def test_headers_of_every_call_and_the_key_under_another_name(self, webhook: Any, receiver: Receiver) -> None:
        connection = webhook({"headers": {"X-Team": "ops", "X-A": "1"}, "idempotency_header": "X-Request-Key"})
        await connection.run("call", headers={"x-team": "mine"})
        sent = receiver.last.headers
        assert (sent["x-team"], sent["x-a"], sent["x-request-key"]) == ("mine", "1", "run-1:step")
        assert "idempotency-key" not in sent

    @pytest.mark.parametrize(
        "change", [{"headers": {"Host": "x"}}, {"headers": {"a": "\n"}}, {"idempotency_header": "a b"}, {"ca": "x"}]
    )
    def test_settings_that_cannot_be_sent(self, change: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="validation error"):
            WebhookSettings(**({"base_url": "https://x.example"} | change))


class TestPatience:
    @pytest.mark.parametrize(("method", "error"), [("GET", Unavailable), ("POST", OutcomeUnknown)])
    async def test_silence_ends_before_the_deadline(self, webhook: Any, method: str, error: type[Exception]) -> None:
        async with silent() as base:
            connection = webhook.to(base, {"read_seconds": 0.1})
            with pytest.raises(error):
                await connection.run("call", method=method)

    async def test_a_total_of_its_own(self, webhook: Any) -> None:
        async with silent() as base:
            with pytest.raises(Unavailable):
                await webhook.to(base, {"total_seconds": 0.1}).run("call", method="GET")

    async def test_the_step_may_want_no_second_try(self, webhook: Any) -> None:
        async with silent() as base:
            connection = webhook.to(base, {"read_seconds": 0.1})
            for method in ("GET", "PUT"):
                with pytest.raises(Rejected) as refused:
                    await connection.run("call", method=method, retry_lost=False)
                assert refused.value.code == "no_answer"
            with pytest.raises(OutcomeUnknown):  # nobody can tell, whatever the step wants
                await connection.run("call", method="POST", retry_lost=False)


class TestTrust:
    async def test_a_private_authority_is_trusted_for_its_connection_only(self, webhook: Any) -> None:
        authority = Authority()
        async with tls_receiving(authority) as base:
            trusting = webhook.to(base, {"ca": authority.pem})
            assert (await trusting.run("call", method="GET")).status == 200
            with pytest.raises(ResponseRefused) as refused:
                await webhook.to(base).run("call", method="GET")
            assert refused.value.code == "tls_error"

    def test_a_key_is_no_certificate(self) -> None:
        pem = Authority().pem + "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
        with pytest.raises(ValueError, match="certificates only"):
            WebhookSettings(base_url="https://x.example", ca=pem)


class TestRedirects:
    async def test_followed_where_the_step_says_so(self, webhook: Any, receiver: Receiver) -> None:
        def answer(request: Received) -> bytes:
            if request.target == "/v1/last":
                return reply(200, b"there")
            return reply(302, Location="/v1/last")

        receiver.answer = answer
        got = await webhook(token="CNRY-t").run("call", method="GET", redirects=1)
        assert (got.status, got.body) == (200, "there")
        assert [one.headers.get("authorization") for one in receiver.requests] == ["Bearer CNRY-t"] * 2

    async def test_secrets_stay_behind_when_the_origin_changes(self, webhook: Any, receiver: Receiver) -> None:
        async with receiving() as other:
            receiver.answer = lambda _r: reply(307, Location=f"{other.base}/x")
            ways: list[tuple[dict[str, Any], dict[str, str]]] = [
                ({}, {"token": "CNRY-t"}),
                ({"username": "u"}, {"password": "CNRY-p"}),
                ({"api_key_name": "X-K"}, {"api_key": "CNRY-k"}),
                ({"api_key_name": "k", "api_key_in": "query"}, {"api_key": "CNRY-k"}),
                ({"signature_header": "X-Sig"}, {"signing_secret": "CNRY-s"}),
                ({}, {"standard_secret": "whsec_" + base64.b64encode(b"CNRY_standard_0123456789abcdef").decode()}),
                ({}, {"client_secret": "CNRY-client", "access_token": "CNRY-bought"}),
            ]
            proofs = {"authorization", "x-k", "x-sig", "idempotency-key"}
            proofs |= {"webhook-id", "webhook-timestamp", "webhook-signature"}
            for settings, secrets in ways:
                connection = webhook.to(receiver.base, settings, other.base, **secrets)
                await connection.run("call", body={"a": 1}, redirects=3)
                assert not proofs & set(other.last.headers)
                assert b"CNRY" not in other.last.raw

    async def test_each_hop_is_judged_and_counted(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: reply(302, Location="http://127.0.0.1:9/x")
        with pytest.raises(EgressDenied):
            await webhook().run("call", method="GET", redirects=3)
        receiver.requests.clear()
        receiver.answer = lambda _r: reply(302, Location="/v1")
        with pytest.raises(EgressDenied) as refused:
            await webhook().run("call", method="GET", redirects=3)
        assert (refused.value.reason, len(receiver.requests)) == ("too_many_redirects", 4)
