"""What an answer means: success, named outputs, files, and further pages."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from integrations_app.errors import InvalidInput, OutcomeUnknown, Rejected, ResponseRefused, Unavailable
from integrations_app.providers.webhook import provider
from integrations_app.providers.webhook.pages import next_in
from tests.receiver import Received, Receiver, reply

CALL = provider.actions[0]


def as_json(value: Any, status: int = 200, **headers: str) -> bytes:
    return reply(status, json.dumps(value).encode(), Content_Type="application/json", **headers)


class TestSuccess:
    @pytest.mark.parametrize(
        ("rule", "status", "ok"),
        [
            ("", 299, True),
            ("", 302, False),
            ("200-299, 404", 404, True),
            ("302", 302, True),
            (" 500 - 599 ", 503, True),
        ],
    )
    async def test_statuses(self, webhook: Any, receiver: Receiver, rule: str, status: int, ok: bool) -> None:
        receiver.answer = lambda _r: reply(status)
        assert (await webhook().run("call", success=rule)).ok is ok

    async def test_a_status_outside_the_rule_fails(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: reply(202, b"later")
        with pytest.raises(Rejected, match="later") as refused:
            await webhook().run("call", success="200")
        assert refused.value.code == "http_202"

    async def test_a_condition_on_the_body(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: as_json({"ok": False})
        for rule in ("body.ok == true", "body.missing == 1"):
            with pytest.raises(Rejected) as refused:
                await webhook().run("call", success_when=rule)
            assert refused.value.code == "unsuccessful"
        assert (await webhook().run("call", success_when="body.ok == false and status == 200")).ok

    async def test_going_on_whatever_the_answer_is(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: as_json({"why": "no"}, 422)
        answer = await webhook().run("call", never_fail=True)
        assert (answer.status, answer.ok, answer.body) == (422, False, {"why": "no"})
        answer = await webhook().run("call", success="422", success_when="body.why == 'yes'", never_fail=True)
        assert answer.ok is False

    @pytest.mark.parametrize(
        ("body", "more"),
        [
            (b"no JSON", {"parse_as": "json"}),
            (b"[" + b"0," * 600_000 + b"0]", {"parse_as": "json"}),
            (b"x" * 600_000, {"parse_as": "file"}),
            (b'{"rows": 1}', {"method": "GET", "paginate": "page", "items_path": "body.rows"}),
        ],
        ids=["not JSON", "large JSON", "large file", "no items"],
    )
    async def test_going_on_with_what_cannot_be_read_as_asked(
        self, webhook: Any, receiver: Receiver, body: bytes, more: dict[str, Any]
    ) -> None:
        receiver.answer = lambda _r: reply(200, body, Content_Type="application/json")
        with pytest.raises((Rejected, ResponseRefused)):
            await webhook().run("call", success="200", **more)
        answer = await webhook().run("call", success="200", never_fail=True, **more)
        assert (answer.status, answer.ok) == (200, False)
        assert answer.body

    @pytest.mark.parametrize(
        "params",
        [
            {"success": "abc"},
            {"success": "99"},
            {"retry_statuses": "200-"},
            {"success_when": "body.ok =="},
            {"outputs": {"a b": "body"}},
            {"outputs": {"a": "body..x"}},
            {"outputs": {"a": "}}{{run.id"}},
            {"items_path": ""},
            {"redirects": 4},
            {"max_pages": 101},
        ],
    )
    def test_rules_that_are_none(self, params: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            CALL.params(**params)


class TestAgain:
    @pytest.mark.parametrize(
        ("method", "status", "statuses", "error"),
        [
            ("GET", 409, "409", Unavailable),
            ("POST", 409, "409", Unavailable),
            ("GET", 503, "500", Rejected),
            ("GET", 500, "503", Rejected),
            ("PUT", 500, "503", Rejected),
            ("PUT", 500, "500", OutcomeUnknown),
            ("POST", 500, "503", OutcomeUnknown),
            ("POST", 503, "", Rejected),
        ],
    )
    async def test_the_step_says_which_statuses(
        self, webhook: Any, receiver: Receiver, method: str, status: int, statuses: str, error: type[Exception]
    ) -> None:
        receiver.answer = lambda _r: reply(status)
        with pytest.raises(error):
            await webhook().run("call", method=method, retry_statuses=statuses)


class TestReading:
    async def test_named_outputs(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: as_json({"data": [{"id": 7, "tags": ["a"]}]}, X_Left="3")
        paths = {"id": "body.data[0].id", "tags": "body.data[0].tags", "left": "headers.x-left", "gone": "body.no.no"}
        answer = await webhook().run("call", outputs=paths)
        assert answer.outputs == {"id": 7, "tags": ["a"], "left": "3", "gone": None}

    async def test_outputs_hold_no_secret_of_ours(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: as_json({"you": "said CNRY-secret"})
        answer = await webhook(token="CNRY-secret").run("call", outputs={"it": "body.you"})
        assert answer.outputs == {"it": "said [redacted]"}

    async def test_json_under_another_name_and_none_at_all(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: reply(200, b'{"a": 1}', Content_Type="text/plain")
        assert (await webhook().run("call")).body == '{"a": 1}'
        assert (await webhook().run("call", parse_as="json")).body == {"a": 1}
        receiver.answer = lambda _r: as_json({"a": 1})
        assert (await webhook().run("call", parse_as="text")).body == '{"a": 1}'
        receiver.answer = lambda _r: reply(200, b"<html>")
        with pytest.raises(Rejected) as refused:
            await webhook().run("call", parse_as="json")
        assert refused.value.code == "not_json"

    async def test_a_file(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: reply(200, b"\x00\xff", Content_Type="image/png")
        body = (await webhook().run("call", method="GET", parse_as="file")).body
        assert body == {"base64": base64.b64encode(b"\x00\xff").decode(), "content_type": "image/png", "size": 2}
        receiver.answer = lambda _r: reply(200, b"x" * (512 * 1024 + 1))
        with pytest.raises(ResponseRefused):
            await webhook().run("call", method="GET", parse_as="file")

    async def test_xml_with_attributes_lists_and_names_of_a_namespace(self, webhook: Any, receiver: Receiver) -> None:
        body = (
            '<?xml version="1.0" encoding="iso-8859-1"?><s:Envelope xmlns:s="urn:s"><s:Body>'
            '<item id="7">caf\xe9</item><item id="8"/><one>CNRY&#45;secret</one></s:Body></s:Envelope>'
        )
        receiver.answer = lambda _r: reply(200, body.encode("latin-1"), Content_Type="text/xml")
        inside = 'body["s:Envelope"]["s:Body"]'
        paths = {"id": f'{inside}.item[0]["@id"]', "words": f'{inside}.item[0]["#text"]'}
        answer = await webhook(token="CNRY-secret").run("call", parse_as="xml", outputs=paths)
        assert answer.outputs == {"id": "7", "words": "caf\xe9"}
        found = answer.body["s:Envelope"]["s:Body"]
        assert (found["item"][1], found["one"]) == ({"@id": "8"}, "[redacted]")

    @pytest.mark.parametrize(
        "body",
        [
            b"no XML",
            b"<a><b></a>",
            b'<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;">]><a>&y;</a>',
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
            b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x">%x;]><a/>',
            b'<?xml version="1.0" encoding="punycode"?><a/>',
            b"<a>" * 5000 + b"</a>" * 5000,
        ],
    )
    async def test_what_is_no_xml_or_has_entities_is_refused(
        self, webhook: Any, receiver: Receiver, body: bytes
    ) -> None:
        receiver.answer = lambda _r: reply(200, body, Content_Type="application/xml")
        with pytest.raises(Rejected) as refused:
            await webhook().run("call", method="GET", parse_as="xml")
        assert refused.value.code == "not_xml"

    async def test_form_data(self, webhook: Any, receiver: Receiver) -> None:
        kind = "application/x-www-form-urlencoded"
        receiver.answer = lambda _r: reply(200, b"tag=a&tag=b&empty=&t=CNRY%2Dsecret&e=%C3%A9+x", Content_Type=kind)
        answer = await webhook(token="CNRY-secret").run("call", parse_as="form", outputs={"tags": "body.tag"})
        assert answer.body == {"tag": ["a", "b"], "empty": "", "t": "[redacted]", "e": "\xe9 x"}
        assert answer.outputs == {"tags": ["a", "b"]}
        receiver.answer = lambda _r: reply(200, b"a=1&" * 10_001, Content_Type=kind)
        with pytest.raises(Rejected) as refused:
            await webhook().run("call", method="GET", parse_as="form")
        assert refused.value.code == "not_form"

    @pytest.mark.parametrize("parse_as", ["xml", "form"])
    async def test_xml_and_forms_are_read_up_to_a_size(self, webhook: Any, receiver: Receiver, parse_as: str) -> None:
        receiver.answer = lambda _r: reply(200, b"<a>" + b"x" * (512 * 1024) + b"</a>")
        with pytest.raises(ResponseRefused) as refused:
            await webhook().run("call", method="GET", parse_as=parse_as)
        assert refused.value.code == "response_too_large"
        receiver.answer = lambda _r: reply(204, b"")
        assert (await webhook().run("call", method="GET", parse_as=parse_as)).body is None

    async def test_a_cap_of_its_own(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: reply(200, b"x" * 101)
        with pytest.raises(ResponseRefused) as refused:
            await webhook().run("call", method="GET", largest=100)
        assert refused.value.code == "response_too_large"


def query_of(request: Received) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}


class TestPages:
    async def test_by_cursor_until_there_is_none(self, webhook: Any, receiver: Receiver) -> None:
        pages = {"": ([1, 2], "b"), "b": ([3], "c"), "c": ([4], None)}

        def answer(request: Received) -> bytes:
            items, following = pages[query_of(request).get("after", "")]
            return as_json({"items": items, "meta": {"next": following}})

        receiver.answer = answer
        how = {"paginate": "cursor", "cursor_path": "body.meta.next", "cursor_parameter": "after"}
        got = await webhook().run("call", method="GET", query={"q": "x"}, items_path="body.items", **how)
        assert (got.body, got.pages, got.truncated) == ([1, 2, 3, 4], 3, False)
        assert all(query_of(request)["q"] == "x" for request in receiver.requests)

    async def test_a_cursor_that_comes_again_ends_it(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: as_json({"items": [1], "next_cursor": "same"})
        got = await webhook().run("call", method="GET", paginate="cursor", items_path="body.items")
        assert (got.body, len(receiver.requests)) == ([1, 1], 2)

    async def test_by_link(self, webhook: Any, receiver: Receiver) -> None:
        def answer(request: Received) -> bytes:
            number = int(query_of(request).get("p", "1"))
            link = f'</v1/list?p=1>; rel="first", <?p={number + 1}>; title="a, b"; rel="last next"'
            return as_json([number], Link=link) if number < 3 else as_json([number], Link='<?p=1>; rel="first"')

        receiver.answer = answer
        got = await webhook(token="CNRY-t").run("call", method="GET", path_or_url="list", paginate="link")
        assert (got.body, got.pages) == ([1, 2, 3], 3)
        assert [one.headers["authorization"] for one in receiver.requests] == ["Bearer CNRY-t"] * 3

    async def test_a_link_elsewhere_gets_no_secret(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: as_json([1], Link='<http://127.0.0.1:9/x>; rel="next"')
        with pytest.raises(InvalidInput) as refused:
            await webhook(token="CNRY-t").run("call", method="GET", paginate="link")
        assert refused.value.code == "origin_changed"

    async def test_by_number_until_a_page_is_empty(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda r: as_json({"rows": ["a"] if int(query_of(r)["page"]) < 2 else []})
        got = await webhook().run("call", method="GET", paginate="page", first_page=0, items_path="body.rows")
        assert (got.body, [query_of(one)["page"] for one in receiver.requests]) == (["a", "a"], ["0", "1", "2"])

    @pytest.mark.parametrize(("caps", "items", "calls"), [({"max_pages": 2}, 6, 2), ({"max_items": 4}, 4, 2)])
    async def test_caps(self, webhook: Any, receiver: Receiver, caps: dict[str, int], items: int, calls: int) -> None:
        receiver.answer = lambda _r: as_json([1, 2, 3])
        got = await webhook().run("call", method="GET", paginate="page", **caps)
        assert (len(got.body), len(receiver.requests), got.truncated) == (items, calls, True)

    async def test_all_pages_are_no_larger_than_one_answer(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: as_json({"rows": [1], "rest": "x" * 900_000})
        paging = {"paginate": "page", "max_pages": 100, "items_path": "body.rows", "parse_as": "json"}
        got = await webhook().run("call", method="GET", **paging)
        assert (len(got.body), len(receiver.requests), got.truncated) == (12, 12, True)

    async def test_what_is_beyond_the_most_items_takes_no_room(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: as_json(["x" * 300_000] * 3)
        paging = {"paginate": "page", "max_items": 4, "parse_as": "json", "max_pages": 9}
        got = await webhook().run("call", method="GET", **paging)
        assert (len(got.body), got.truncated) == (3, True)
        got = await webhook().run("call", method="GET", **{**paging, "max_items": 2})
        assert (len(got.body), got.truncated) == (2, True)

    async def test_a_page_too_many_for_a_step_is_left_out(self, webhook: Any, receiver: Receiver) -> None:
        receiver.answer = lambda _r: as_json(["x" * 900_000])
        got = await webhook().run("call", method="GET", paginate="page", max_pages=100, parse_as="json")
        assert (len(got.body), got.pages, len(receiver.requests), got.truncated) == (1, 1, 2, True)

    @pytest.mark.parametrize(
        ("header", "target"),
        [
            ("", ""),
            ('<a>; rel="next"', "a"),
            ("<a>;rel=prev, <b> ; REL = Next", "b"),
            ('<a>; title="a, b"; rel="last next"', "a"),
            ('<a>; rel="nextish", <b>; xrel="next"', ""),
            ("<a; rel=next", ""),
            ("<" * 100_000, ""),
            ("<a>;rel=" + " " * 100_000, ""),
            ("<a>" + ", " * 100_000 + '<b>;rel="next"', "b"),
        ],
        ids=["none", "plain", "second", "several", "others", "unclosed", "angles", "blanks", "commas"],
    )
    def test_the_next_page_of_a_link_header(self, header: str, target: str) -> None:
        assert next_in(header) == target

    async def test_no_list_and_no_get(self, webhook: Any, receiver: Receiver) -> None:
        with pytest.raises(Rejected) as refused:
            await webhook().run("call", method="GET", paginate="page")
        assert refused.value.code == "no_items"
        with pytest.raises(InvalidInput):
            await webhook().run("call", method="POST", paginate="page")
        assert len(receiver.requests) == 1
