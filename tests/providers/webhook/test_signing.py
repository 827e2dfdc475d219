"""Signed calls: what the receiver's own library, or its own few lines, make of them."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from integrations_app.errors import InvalidInput, ReconnectRequired, SignatureInvalid
from integrations_app.kit.secret import Secret
from integrations_app.kit.signing import verify_standard
from tests.receiver import Receiver

SECRET = "whsec_" + base64.b64encode(b"CNRY_standard_0123456789abcdef").decode()


class TestStandardWebhooks:
    async def test_the_reference_library_takes_our_calls(self, webhook: Any, receiver: Receiver) -> None:
        await webhook(standard_secret=SECRET).run("call", body={"grün": [1, "ö"]})
        sent = receiver.last
        assert Webhook(SECRET).verify(sent.body, sent.headers) == {"grün": [1, "ö"]}
        assert sent.headers["webhook-id"] == sent.headers["idempotency-key"]
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(sent.body + b" ", sent.headers)
        other = "whsec_" + base64.b64encode(b"x" * 24).decode()
        with pytest.raises(WebhookVerificationError):
            Webhook(other).verify(sent.body, sent.headers)

    async def test_a_call_without_a_body(self, webhook: Any, receiver: Receiver) -> None:
        await webhook(standard_secret=SECRET).run("call", method="DELETE", path_or_url="x")
        Webhook(SECRET).verify(b"", receiver.last.headers, json_parse=False)
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(b"x", receiver.last.headers, json_parse=False)

    def test_we_take_what_the_reference_library_signs(self) -> None:
        now = datetime(2026, 11, 23, 12, tzinfo=UTC)
        body = json.dumps({"a": "ö"})
        headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp()))}
        headers["webhook-signature"] = Webhook(SECRET).sign("msg_1", now, body)
        assert verify_standard([Secret(SECRET)], headers, body.encode(), now) == "msg_1"
        with pytest.raises(SignatureInvalid):
            verify_standard([Secret(SECRET)], headers, b"{}", now)

    @pytest.mark.parametrize("secret", ["not base64!", "whsec_c2hvcnQ="])
    async def test_a_secret_that_is_none(self, webhook: Any, receiver: Receiver, secret: str) -> None:
        with pytest.raises(ReconnectRequired) as refused:
            await webhook(standard_secret=secret).run("call", body={})
        assert (refused.value.vendor_code, receiver.requests) == ("secret_invalid", [])


class TestHmac:
    @pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
    @pytest.mark.parametrize("encoding", ["hex", "base64"])
    @pytest.mark.parametrize("stamped", [False, True])
    async def test_header_algorithm_encoding_prefix_and_time(
        self, webhook: Any, receiver: Receiver, algorithm: str, encoding: str, stamped: bool
    ) -> None:
        settings = {
            "signature_header": "X-Sig",
            "signature_algorithm": algorithm,
            "signature_encoding": encoding,
            "signature_prefix": f"{algorithm}=",
            "timestamp_header": "X-Time" if stamped else "",
        }
        await webhook(settings, signing_secret="CNRY-key").run("call", body_kind="form", form={"a": "ö"})
        sent = receiver.last
        signed = (sent.headers["x-time"].encode() + b"." if stamped else b"") + sent.body
        raw = hmac.new(b"CNRY-key", signed, getattr(hashlib, algorithm)).digest()
        wanted = raw.hex() if encoding == "hex" else base64.b64encode(raw).decode()
        assert sent.headers["x-sig"] == f"{algorithm}={wanted}"
        assert ("x-time" in sent.headers) is stamped
        assert b"CNRY" not in sent.raw

    @pytest.mark.parametrize("name", ["X-Signature", "x-signature"])
    async def test_the_signature_cannot_be_replaced(self, webhook: Any, receiver: Receiver, name: str) -> None:
        with pytest.raises(InvalidInput):
            await webhook(signing_secret="CNRY-key").run("call", headers={name: "mine"})
        assert receiver.requests == []

    async def test_signed_calls_stay_at_their_origin(self, webhook: Any) -> None:
        for secrets in ({"signing_secret": "CNRY-key"}, {"standard_secret": SECRET}):
            with pytest.raises(InvalidInput) as refused:
                await webhook(**secrets).run("call", path_or_url="http://127.0.0.1:9/x")
            assert refused.value.code == "origin_changed"
