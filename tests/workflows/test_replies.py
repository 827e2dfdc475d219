"""What may be answered: JSON that stays JSON, plain headers, no page; judged before publishing and when it runs."""

from typing import Any

import orjson
import pytest
from hypothesis import given

from integrations_app.errors import InvalidInput, MappingError
from integrations_app.workflows.definition import AnswerStep
from integrations_app.workflows.replies import JSON, MAX_BODY, TEXT, Reply, compose, known_wrongs
from tests.workflows.definitions import texts, values


def answer(**parts: Any) -> AnswerStep:
    return AnswerStep.model_validate({"key": "a", "type": "respond_to_webhook", **parts})


def refused(step: AnswerStep, known: dict[str, Any] | None = None) -> tuple[str, set[str]]:
    with pytest.raises(InvalidInput) as refusal:
        compose(step, known or {})
    return refusal.value.code, set(refusal.value.fields)


@pytest.mark.parametrize(
    ("parts", "reply"),
    [
        ({}, Reply(200, {}, "")),
        ({"body": "thanks"}, Reply(200, {"content-type": TEXT}, "thanks")),
        ({"body": {"ok": True}}, Reply(200, {"content-type": JSON}, '{"ok":true}')),
        ({"body": "{{ trigger }}"}, Reply(200, {"content-type": JSON}, '{"n":7,"name":"A\\"}, \\"x\\": 1"}')),
        ({"body": "{{ trigger.n }}"}, Reply(200, {"content-type": JSON}, "7")),
        ({"body": '{"n": "{{ trigger.n }}"}'}, Reply(200, {"content-type": JSON}, '{"n":7}')),
        ({"body": "n={{ trigger.n }}", "status": 404}, Reply(404, {"content-type": TEXT}, "n=7")),
        ({"status": "{{ trigger.n }}04", "body": None}, Reply(704, {}, "")),
        ({"status": "20{{ trigger.n }}"}, Reply(207, {}, "")),
        ({"status": 204, "body": ""}, Reply(204, {}, "")),
        (
            {"headers": {"X-Count": "{{ trigger.n }}", "Content-Type": "application/xml"}, "body": "<a/>"},
            Reply(200, {"x-count": "7", "content-type": "application/xml"}, "<a/>"),
        ),
    ],
)
def test_an_answer_is_filled_in(parts: dict[str, Any], reply: Reply) -> None:
    known = {"trigger": {"n": 7, "name": 'A"}, "x": 1'}}
    if reply.status > 599:
        assert refused(answer(**parts), known) == ("status_invalid", {"status"})
    else:
        assert compose(answer(**parts), known) == reply


@given(value=values, text=texts)
def test_json_stays_json_whatever_a_variable_holds(value: Any, text: str) -> None:
    known = {"trigger": {"value": value, "text": text}}
    written = compose(answer(body='{"a": "{{ trigger.value }}", "b": "x{{ trigger.text }}"}'), known).body
    assert orjson.loads(written) == {"a": value, "b": f"x{text}"}
    alone = compose(answer(headers={"content-type": "application/problem+json"}, body="{{ trigger.text }}"), known).body
    assert alone == "" or orjson.loads(alone) == text


@pytest.mark.parametrize("status", [0, 100, 101, 199, 600, 999, -200, "2000", "2OO", "", " 200", "٢٠٠", "200.0"])
def test_a_status_is_one_that_ends_a_request(status: Any) -> None:
    assert [one.code for one in known_wrongs(answer(status=status))] == ["status_invalid"]
    assert refused(answer(status=status)) == ("status_invalid", {"status"})


@pytest.mark.parametrize("status", [204, 205, 304])
def test_what_has_no_body_gets_none(status: int) -> None:
    assert [one.path for one in known_wrongs(answer(status=status, body="x"))] == ["body"]
    assert refused(answer(status="{{ trigger.s }}", body="x"), {"trigger": {"s": status}})[0] == "status_invalid"
    assert compose(answer(status=status, body="{{ trigger.s }}"), {"trigger": {"s": ""}}).body == ""


@pytest.mark.parametrize(
    "name",
    [
        "set-cookie", "location", "connection", "transfer-encoding", "content-length", "content-encoding", "refresh",
        "access-control-allow-origin", "content-security-policy", "clear-site-data", "link", "x-accel-redirect",
        "X-Sendfile", "x-frame-options", "X-Content-Type-Options", "x-forwarded-for", "x-request-id", "x-", "x-a b",
        "x-a\r\nset-cookie", "x-é", "", "x-" + "a" * 61,
    ],
)  # fmt: skip
def test_only_the_type_and_own_headers_are_set(name: str) -> None:
    step = answer(headers={name: "v"})
    assert [(one.path, one.code) for one in known_wrongs(step)] == [(f"headers.{name}", "header_invalid")]
    assert refused(step)[0] == "header_invalid"


@pytest.mark.parametrize("value", ["", " a", "a ", "a\r\nSet-Cookie: x=1", "a\nb", "a\0", "é", "a" * 1001])
def test_a_header_is_one_plain_line(value: str) -> None:
    assert [one.code for one in known_wrongs(answer(headers={"x-a": value}))] == ["header_invalid"]
    step = answer(headers={"x-a": "{{ trigger.v }}"})
    assert refused(step, {"trigger": {"v": value}}) == ("header_invalid", {"headers.x-a"})
    assert compose(step, {"trigger": {"v": {"a": "b\n"}}}).headers == {"x-a": '{"a":"b\\n"}'}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("text/html", "content_type_refused"),
        ("Text/HTML; charset=utf-8", "content_type_refused"),
        ("text/html;x", "content_type_refused"),
        ("application/xhtml+xml", "content_type_refused"),
        ("image/svg+xml", "content_type_refused"),
        ("multipart/x-mixed-replace; boundary=a", "content_type_refused"),
        ("text/plain; charset=utf-7", "header_invalid"),
        ("text", "header_invalid"),
        ("text/html,text/plain", "header_invalid"),
        ("*/*", "header_invalid"),
    ],
)
def test_an_answer_is_never_a_page(value: str, code: str) -> None:
    assert [one.code for one in known_wrongs(answer(headers={"Content-Type": value}))] == [code]
    step = answer(headers={"content-type": "{{ trigger.type }}"}, body="<script>alert(1)</script>")
    assert list(known_wrongs(step)) == []
    assert refused(step, {"trigger": {"type": value}}) == (code, {"headers.content-type"})


def test_there_are_bounds() -> None:
    assert len(compose(answer(body="x" * MAX_BODY), {}).body) == MAX_BODY
    assert refused(answer(body="é" * (MAX_BODY // 2 + 1))) == ("body_too_large", {"body"})
    many = {f"x-{number}": "v" for number in range(21)}
    assert [one.path for one in known_wrongs(answer(headers=many))] == ["headers"]
    assert refused(answer(headers={"X-A": "1", "x-a": "2"}))[0] == "header_invalid"


def test_text_that_only_looks_like_json_is_named_before_it_is_published() -> None:
    assert [one.code for one in known_wrongs(answer(body='{"n": {{ trigger.n }}}'))] == ["body_invalid"]
    assert list(known_wrongs(answer(body=" {{ trigger.n }} of them"))) == []
    assert list(known_wrongs(answer(body="{x}", headers={"content-type": "text/plain"}))) == []


def test_what_is_not_there_is_named() -> None:
    for part, place in (("body", "body"), ("status", "status")):
        with pytest.raises(MappingError) as refusal:
            compose(answer(**{part: "{{ trigger.gone }}"}), {"trigger": {}})
        assert set(refusal.value.fields) == {place}
