"""The action `call` over HTTP: what is sent, what comes back, and what is never sent."""

import base64
import json
from typing import Any
from urllib.parse import quote_plus

import pytest

from integrations_app.errors import (
    EgressDenied,
    InvalidInput,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    ResponseRefused,
    Unavailable,
)
from integrations_app.providers.webhook import provider
from integrations_app.providers.webhook.answer import TEXT_LIMIT
from integrations_app.providers.webhook.settings import WebhookSettings
from integrations_app.sdk.actions import Repeat
from tests.receiver import Receiver, reply

CALL = provider.actions[0]
SECRET = 's3cr3t/+=&"ö value'


class TestSending:
    async def test_json_with_query_headers_and_the_operation(self, webhook: Any, receiver: Receiver) -> None:
        await webhook().run(
            "call", path_or_url="items", query={"a": "1 &2"}, headers={"X-Trace": "t"}, body={"n": [1, "ö"]}
        )
        sent = receiver.last
        assert (sent.method, sent.target) == ("POST", "/v1/items?a=1+%262") or sent.target == "/v1/items?a=1%20%262"
        assert json.loads(sent.body) == {"n": [1, "ö"]}
        assert sent.headers["content-type"] == "application/json"
        assert (sent.headers["x-trace"], sent.headers["idempotency-key"]) == ("t", "run-1:step")

    @pytest.mark.parametrize("attempt", [1, 2])
    async def test_the_key_is_the_same_on_every_attempt(self, webhook: Any, receiver: Receiver, attempt: int) -> None:
        for _ in range(attempt):
            await webhook().run("call", path_or_url="x", body={})
        assert {request.headers["idempotency-key"] for request in receiver.requests} == {"run-1:step"}

    @pytest.mark.parametrize(
        ("params", "body", "kind"),
        [
            ({"body": "plain ö"}, "plain ö".encode(), "text/plain; charset=utf-8"),
            ({"body": "<a/>", "content_type": "application/xml"}, b"<a/>", "application/xml"),
            (
                {"body": {"a": "1&2", "b": 3}, "content_type": "application/x-www-form-urlencoded"},
                b"a=1%262&b=3",
                "application/x-www-form-urlencoded",
            ),
            ({"body": [1]}, b"[1]", "application/json"),
            ({"body": False}, b"false", "application/json"),
            ({"body": {}, "headers": {"content-type": "application/vnd.x+json"}}, b"{}", "application/vnd.x+json"),
        ],
    )
    async def test_kinds_of_body(
        self, webhook: Any, receiver: Receiver, params: dict[str, Any], body: bytes, kind: str
    ) -> None:
        await webhook().run("call", **params)
        assert (receiver.last.body, receiver.last.headers["content-type"]) == (body, kind)

    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "PUT", "PATCH", "POST"])
    async def test_methods_without_a_body(self, webhook: Any, receiver: Receiver, method: str) -> None:
        receiver.answer = lambda _request: reply(204)
        answer = await webhook().run("call", method=method, path_or_url="x")
        assert (receiver.last.method, receiver.last.body, answer.status) == (method, b"", 204)

    @pytest.mark.parametrize(
        ("path", "target"),
        [("", "/v1"), ("?a=1", "/v1?a=1"), ("x", "/v1/x"), ("/x/", "/v1/x/"), ("x?a=1#f", "/v1/x?a=1")],
    )
    async def test_paths_stay_below_the_base(self, webhook: Any, receiver: Receiver, path: str, target: str) -> None:
        await webhook().run("call", method="GET", path_or_url=path)
        assert receiver.last.target == target


class TestAuthentication:
    async def test_api_key_in_a_header(self, webhook: Any, receiver: Receiver) -> None:
        await webhook({"api_key_name": "X-Key"}, api_key="k-123").run("call", body={})
        assert receiver.last.headers["x-key"] == "k-123"

    async def test_api_key_in_the_query(self, webhook: Any, receiver: Receiver) -> None:
        await webhook({"api_key_in": "query", "api_key_name": "key"}, api_key="k&1").run("call", query={"a": "b"})
        assert receiver.last.target == "/v1?a=b&key=k%261"

    async def test_bearer(self, webhook: Any, receiver: Receiver) -> None:
        await webhook(token="t-123").run("call", body={})
        assert receiver.last.headers["authorization"] == "Bearer t-123"

    async def test_basic(self, webhook: Any, receiver: Receiver) -> None:
        await webhook({"username": "ada"}, password="pä:ss").run("call", body={})
        scheme, _, value = receiver.last.headers["authorization"].partition(" ")
        assert (scheme, base64.b64decode(value).decode()) == ("Basic", "ada:pä:ss")

    async def test_none(self, webhook: Any, receiver: Receiver) -> None:
        await webhook().run("call", body={})
        assert "authorization" not in receiver.last.headers

    @pytest.mark.parametrize("name", ["Authorization", "AUTHORIZATION"])
    async def test_the_secret_cannot_be_replaced(self, webhook: Any, receiver: Receiver, name: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            await webhook(token="t").run("call", headers={name: "Bearer other"})
        assert refused.value.code == "header_invalid"
        assert receiver.requests == []

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "https://127.0.0.1/x", "http://localhost:1/x"])
    async def test_the_secret_never_leaves_its_origin(self, webhook: Any, url: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            await webhook(token="t").run("call", path_or_url=url)
        assert refused.value.code == "origin_changed"

    async def test_without_a_secret_the_door_alone_decides(self, webhook: Any) -> None:
        with pytest.raises(EgressDenied):
            await webhook().run("call", path_or_url="http://127.0.0.1:9/x")

    async def test_a_full_address_of_the_same_origin_is_fine(self, webhook: Any, receiver: Receiver) -> None:
        await webhook(token="t").run("call", method="GET", path_or_url=f"{receiver.base}/elsewhere")
        assert receiver.last.target == "/elsewhere"


class TestNeverSent:
    @pytest.mark.parametrize(
        ("params", "code"),
        [
            ({"headers": {"X-A": "1\r\nX-Evil: 1"}}, "header_invalid"),
            ({"headers": {"X-A": "1\n"}}, "header_invalid"),
            ({"headers": {"X-A": "\0"}}, "header_invalid"),
            ({"headers": {"X-A": " 1"}}, "header_invalid"),
            ({"headers": {"X-A": "é"}}, "header_invalid"),
            ({"headers": {"X-A\r\nX-Evil": "1"}}, "header_invalid"),
            ({"headers": {"Host": "other"}}, "header_invalid"),
            ({"headers": {"Content-Length": "0"}}, "header_invalid"),
            ({"headers": {"Transfer-Encoding": "chunked"}}, "header_invalid"),
            ({"headers": {"Proxy-Authorization": "x"}}, "header_invalid"),
            ({"body": {}, "content_type": "a/b\r\nX-Evil: 1"}, "header_invalid"),
            ({"path_or_url": "file:///etc/passwd"}, "url_scheme"),
            ({"path_or_url": "gopher://x/"}, "url_scheme"),
            ({"path_or_url": "http://a@127.0.0.1/"}, "url_userinfo"),
            ({"path_or_url": "//127.0.0.1/x"}, "url_invalid"),
            ({"path_or_url": "\\\\127.0.0.1\\x"}, "url_invalid"),
            ({"path_or_url": "x\r\nX-Evil: 1"}, "url_invalid"),
            ({"path_or_url": "http://2130706433/"}, "url_invalid"),
            ({"body": "x" * 5_000_001}, "input_too_long"),
            ({"body": {"n": float("nan")}}, "invalid_input"),
        ],
    )
    async def test_refused_before_the_call(
        self, webhook: Any, receiver: Receiver, params: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            await webhook().run("call", **params)
        assert refused.value.code == code
        assert receiver.requests == []

    async def test_a_line_break_in_the_query_adds_no_header(self, webhook: Any, receiver: Receiver) -> None:
        await webhook().run("call", query={"a": "1\r\nX-Evil: 1"})
        assert b"\r\nX-Evil" not in receiver.last.raw


class TestAnswers:
    async def test_json(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: reply(201, b'{"id": 7}', Content_Type="application/json", Set_Cookie="a=b")
        answer = await webhook().run("call", body={})
        assert (answer.status, answer.ok, answer.body) == (201, True, {"id": 7})
        assert "set-cookie" not in answer.headers

    async def test_text_and_json_that_is_none(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: reply(200, "grün".encode("latin-1"), Content_Type="text/plain; charset=latin-1")
        assert (await webhook().run("call")).body == "grün"
        receiver.answer = lambda _r: reply(200, b"{broken", Content_Type="application/problem+json; charset=nonsense")
        assert (await webhook().run("call")).body == "{broken"

    @pytest.mark.parametrize("charset", ["punycode", "idna", "unicode_escape", "hex", "utf-7", "none"])
    async def test_other_charsets_are_not_tried(self, webhook: Any, receiver: Receiver, charset: str) -> None:
        receiver.answer = lambda _r: reply(200, b"a\\u0041-\xff", Content_Type=f"text/plain; charset={charset}")
        assert (await webhook().run("call")).body == "a\\u0041-\ufffd"

    async def test_a_written_query_keeps_its_form(self, webhook: Any, receiver: Receiver) -> None:
        await webhook().run("call", method="GET", path_or_url="x?a=%7e&b", query={"c": "d"})
        assert receiver.last.target == "/v1/x?a=%7e&b&c=d"
        connection = webhook({"api_key_in": "query", "api_key_name": "key"}, api_key="mine")
        await connection.run("call", method="GET", path_or_url="x?key=theirs&b=1")
        assert receiver.last.target == "/v1/x?b=1&key=mine"

    async def test_a_redirect_is_handed_back(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: reply(302, Location="http://127.0.0.1:9/next")
        answer = await webhook().run("call", method="GET")
        assert (answer.status, answer.ok, answer.headers["location"]) == (302, False, "http://127.0.0.1:9/next")
        assert len(receiver.requests) == 1

    async def test_a_long_text_is_cut_and_says_so(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: reply(200, b"[" + b"1," * TEXT_LIMIT + b"1]", Content_Type="application/json")
        answer = await webhook().run("call")
        assert (len(answer.body), answer.truncated) == (TEXT_LIMIT, True)

    async def test_too_large_an_answer_is_not_read(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: reply(200, b"x" * (10 * 1024 * 1024 + 1))
        with pytest.raises(ResponseRefused) as refused:
            await webhook().run("call", method="GET")
        assert refused.value.code == "response_too_large"

    @pytest.mark.parametrize("how", ["body", "json", "escaped", "error", "location", "query"])
    async def test_our_secret_never_comes_back(self, webhook: Any, receiver: Receiver, how: str) -> None:
        def echo(_request: Any) -> bytes:
            plain = json.dumps({"you said": SECRET}, ensure_ascii=False).encode()
            odd = b'{"a": "%s"}' % b"".join(b"\\u%04x" % ord(char) for char in SECRET)
            percent = quote_plus(SECRET)
            kinds = {
                "body": reply(200, f"Authorization: Bearer {SECRET}".encode()),
                "json": reply(200, plain, Content_Type="application/json"),
                "escaped": reply(200, odd, Content_Type="application/json"),
                "error": reply(401, f"bad token {SECRET}".encode()),
                "location": reply(302, Location=f"http://127.0.0.1/?t={percent}"),
                "query": reply(200, percent.encode()),
            }
            return kinds[how]

        receiver.answer = echo
        connection = webhook({"api_key_in": "query", "api_key_name": "k"}, api_key=SECRET)
        try:
            seen = (await connection.run("call")).model_dump_json()
        except Rejected as error:
            seen = f"{error.code} {error.message}"
        assert "[redacted]" in seen
        assert "s3cr3t" not in seen

    async def test_basic_credentials_never_come_back(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda request: reply(200, request.headers["authorization"].encode())
        answer = await webhook({"username": "ada"}, password="pass").run("call")
        assert answer.body == "Basic [redacted]"


class TestRefusals:
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 501, 505])
    async def test_refused(self, webhook: Any, receiver: Receiver, status: int) -> None:
        receiver.answer = lambda _r: reply(status, b"no such\nthing")
        with pytest.raises(Rejected, match="no such thing") as refused:
            await webhook(token="t-123").run("call")
        assert refused.value.code == f"http_{status}"

    @pytest.mark.parametrize("status", [408, 425, 503])
    async def test_later(self, webhook: Any, receiver: Receiver, status: int) -> None:
        receiver.answer = lambda _r: reply(status, Retry_After="7")
        with pytest.raises(Unavailable) as refused:
            await webhook().run("call")
        assert refused.value.after == 7

    @pytest.mark.parametrize(
        ("header", "after"),
        [("7", 7), ("-1", None), ("abc", None), ("99999999", 3600), ("Thu, 01 Jan 1970 00:00:00 GMT", None)],
    )
    async def test_how_long(self, webhook: Any, receiver: Receiver, header: str, after: float | None) -> None:
        receiver.answer = lambda _r: reply(429, Retry_After=header)
        with pytest.raises(RateLimited) as refused:
            await webhook().run("call")
        assert refused.value.after == after

    @pytest.mark.parametrize("status", [500, 502, 504])
    async def test_a_failing_receiver_leaves_a_change_open_and_a_read_not(
        self, webhook: Any, receiver: Receiver, status: int
    ) -> None:
        receiver.answer = lambda _r: reply(status)
        with pytest.raises(OutcomeUnknown):
            await webhook().run("call", method="POST")
        with pytest.raises(Unavailable):
            await webhook().run("call", method="GET")

    async def test_a_lost_answer(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: b""
        with pytest.raises(OutcomeUnknown):
            await webhook().run("call", method="POST")
        assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("method", "promised", "repeat"),
    [
        ("GET", False, Repeat.IDEMPOTENT),
        ("PUT", False, Repeat.IDEMPOTENT),
        ("DELETE", False, Repeat.IDEMPOTENT),
        ("POST", False, Repeat.UNKNOWABLE),
        ("PATCH", False, Repeat.UNKNOWABLE),
        ("POST", True, Repeat.IDEMPOTENT),
    ],
)
def test_what_may_be_repeated(method: str, promised: bool, repeat: Repeat) -> None:
    settings = WebhookSettings(base_url="https://x.example", honours_idempotency_key=promised)
    assert CALL.repeat_of(CALL.params.model_validate({"method": method}), settings) is repeat
    assert CALL.repeat is Repeat.UNKNOWABLE
