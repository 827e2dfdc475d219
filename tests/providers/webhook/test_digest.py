"""Digest authentication: each answer is recomputed as RFC 7616 says, and nothing weaker is ever sent."""

import hashlib
import re
from dataclasses import replace
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

import pytest

from integrations_app.errors import InvalidInput, OutcomeUnknown, ReconnectRequired, Rejected, ResponseRefused
from integrations_app.kit.egress import Passport, fits_digest
from integrations_app.kit.egress.client import ENDS_AT, Transport
from integrations_app.providers.webhook.client import WebhookClient
from tests.receiver import Received, Receiver, receiving, reply

PASSWORD = 'CNRY_digest pass,word"ö'
NONCE = "dcd98b7102dd2f0e"


def parameters(header: str) -> dict[str, str]:
    """What stands in an Authorization header."""
    assert header.startswith("Digest ")
    return parse_keqv_list(parse_http_list(header.removeprefix("Digest ")))


def proved(request: Received, password: str = PASSWORD) -> bool:
    """RFC 7616 section 3.4.1, written down here a second time."""
    said = parameters(request.headers.get("authorization", ""))
    algorithm = said["algorithm"].upper()

    def hashed(*parts: str) -> str:
        hashes: dict[str, Any] = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
        return str(hashes[algorithm.removesuffix("-SESS")](":".join(parts).encode()).hexdigest())

    known = hashed(said["username"], said["realm"], password)
    if algorithm.endswith("-SESS"):
        known = hashed(known, said["nonce"], said["cnonce"])
    asked = hashed(request.method, said["uri"])
    middle = (said["nonce"], said["nc"], said["cnonce"], said["qop"]) if "qop" in said else (said["nonce"],)
    return said["uri"] == request.target and said["response"] == hashed(known, *middle, asked)


class Guard:
    """Asks everybody for Digest authentication; `nonce` is the only one that is good."""

    def __init__(self, *challenges: str, password: str = PASSWORD) -> None:
        self.challenges, self.password, self.nonce = challenges, password, NONCE

    def __call__(self, request: Received) -> bytes:
        authorization = request.headers.get("authorization")
        if authorization and parameters(authorization)["nonce"] == self.nonce and proved(request, self.password):
            return reply(200, b'{"seen": "%s"}' % authorization.replace('"', "'").encode(), Content_Type="text/plain")
        lines = [f"WWW-Authenticate: {one.replace('NONCE', self.nonce)}" for one in self.challenges]
        return "\r\n".join(["HTTP/1.1 401 X", "Content-Length: 2", "Connection: close", *lines, "", "no"]).encode()


USUAL = 'Digest realm="a place, far away", nonce="NONCE", qop="auth", opaque="op"'


def digested(webhook: Any, **settings: Any) -> Any:
    return webhook({"username": "ada lovelace", **settings}, digest_password=PASSWORD)


@pytest.mark.parametrize("algorithm", ["", "MD5", "MD5-sess", "SHA-256", "sha-256-SESS"])
async def test_every_algorithm(webhook: Any, receiver: Receiver, algorithm: str) -> None:
    receiver.answer = Guard(f"{USUAL}, algorithm={algorithm}" if algorithm else USUAL)
    answer = await digested(webhook).run("call", path_or_url="a%20b?c=%22d", body={"n": 1})
    assert answer.status == 200
    first, second = receiver.requests
    assert "authorization" not in first.headers
    assert (first.method, first.target, first.body) == (second.method, second.target, second.body)
    said = parameters(second.headers["authorization"])
    assert (said["username"], said["qop"], said["nc"], said["opaque"]) == ("ada lovelace", "auth", "00000001", "op")


@pytest.mark.parametrize(
    "challenges",
    [
        ('Basic realm="b", Digest realm="r", nonce="NONCE", qop="auth,auth-int"',),
        ('Digest realm="r", nonce="NONCE", qop="auth-int", Digest nonce = "NONCE" , realm = "" , qop = auth',),
        ('Digest realm="r", nonce="NONCE", algorithm=SHA-512-256, qop="auth"', USUAL),
        ("Negotiate", 'digest realm="r",nonce="NONCE",stale=false,userhash=true,charset=UTF-8,qop="auth-int, auth"'),
        ('Digest realm="old", nonce="NONCE"',),
    ],
)
async def test_the_first_challenge_that_can_be_answered(
    webhook: Any, receiver: Receiver, challenges: tuple[str, ...]
) -> None:
    receiver.answer = Guard(*challenges)
    assert (await digested(webhook).run("call", method="GET")).status == 200
    assert len(receiver.requests) == 2


@pytest.mark.parametrize(
    "challenge",
    [
        'Digest realm="r", nonce="NONCE", algorithm=SHA-512-256, qop="auth"',
        'Digest realm="r", nonce="NONCE", qop="auth-int"',
        'Digest realm="r", nonce="NONCE", algorithm=MD5-sess',
        'Digest realm="r", qop="auth"',
        'Digest nonce="NONCE", qop="auth"',
        r'Digest realm="a \"b\"", nonce="NONCE", qop="auth"',
        'Digest realm="\u00fc", nonce="NONCE", qop="auth"',
        "Digest ",
        'Digest realm="r, nonce=,,"',
    ],
)
async def test_a_challenge_that_cannot_be_answered(webhook: Any, receiver: Receiver, challenge: str) -> None:
    receiver.answer = Guard(challenge)
    with pytest.raises(ResponseRefused) as refused:
        await digested(webhook).run("call")
    assert refused.value.code == "challenge_unsupported"
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("challenge", ['Basic realm="b"', "Bearer", ""])
async def test_nothing_weaker_is_sent(webhook: Any, receiver: Receiver, challenge: str) -> None:
    receiver.answer = Guard(challenge)
    with pytest.raises(Rejected) as refused:
        await digested(webhook).run("call")
    assert refused.value.code == "http_401"
    assert ["authorization" in one.headers for one in receiver.requests] == [False]


async def test_a_wrong_password(webhook: Any, receiver: Receiver) -> None:
    receiver.answer = Guard(USUAL, password="another")
    connection = digested(webhook)
    with pytest.raises(Rejected) as refused:
        await connection.run("call")
    assert (refused.value.code, len(receiver.requests)) == ("http_401", 2)
    with pytest.raises(ReconnectRequired):
        await connection.provider.check(connection.client)


async def test_later_pages_answer_at_once_until_the_nonce_is_stale(webhook: Any, receiver: Receiver) -> None:
    guard = receiver.answer = Guard(USUAL)
    client = digested(webhook).client
    for nonce, calls in [(NONCE, 2), (NONCE, 3), ("another", 5), ("another", 6)]:
        guard.nonce = nonce
        assert (await client.send(client.prepare("POST", "x", content=b"1"))).status == 200
        assert len(receiver.requests) == calls
    counts = [parameters(one.headers["authorization"])["nc"] for one in receiver.requests[1:]]
    assert counts == ["00000001", "00000002", "00000003", "00000001", "00000002"]


async def test_what_was_sent_is_not_kept(webhook: Any, receiver: Receiver) -> None:
    receiver.answer = Guard(USUAL)
    answer = await digested(webhook).run("call", body={})
    assert re.search(r"response='\[redacted\]'", answer.body)
    assert parameters(receiver.last.headers["authorization"])["response"] not in str(answer)
    assert "CNRY" not in "".join(str(one.raw) for one in receiver.requests)


async def test_cookies_of_a_challenge_stay_unsaid(webhook: Any, receiver: Receiver) -> None:
    guard = Guard(USUAL, "x\r\nSet-Cookie: a=CNRY-cookie")
    receiver.answer = guard
    await digested(webhook).run("call", body={})
    assert "cookie" not in receiver.last.headers


async def test_no_answer_to_the_second_request_is_in_doubt(webhook: Any, receiver: Receiver) -> None:
    guard = Guard(USUAL)
    receiver.answer = lambda request: b"" if "authorization" in request.headers else guard(request)
    with pytest.raises(OutcomeUnknown):
        await digested(webhook).run("call", body={})
    assert len(receiver.requests) == 2


async def test_redirects_take_it_along_at_home_only(webhook: Any, receiver: Receiver) -> None:
    async with receiving() as other:
        guard = Guard(USUAL)
        where = {"/v1/near": "/v1/there", "/v1/away": f"{other.base}/x"}

        def answer(request: Received) -> bytes:
            said = guard(request)
            target = where.get(request.target)
            return reply(307, Location=target) if target and b" 200 " in said[:15] else said

        receiver.answer = answer
        other.answer = Guard(USUAL)
        connection = digested(webhook)
        access = replace(connection.access, passport=Passport(origins=(receiver.base, other.base)))
        connection = replace(connection, access=access)
        assert (await connection.run("call", path_or_url="near", redirects=1)).status == 200
        assert (receiver.last.target, proved(receiver.last)) == ("/v1/there", True)
        with pytest.raises(Rejected):
            await connection.run("call", path_or_url="away", redirects=1)
        assert ["authorization" in one.headers for one in other.requests] == [False]


async def test_what_answered_before_a_redirect_is_not_kept(webhook: Any, receiver: Receiver) -> None:
    proofs: list[str] = []
    async with receiving() as other:
        guard = Guard(USUAL)

        def answer(request: Received) -> bytes:
            said = guard(request)
            if b" 200 " not in said[:15]:
                return said
            proofs.append(parameters(request.headers["authorization"])["response"])
            return reply(307, Location="/v1/near" if len(proofs) == 1 else f"{other.base}/?{'&'.join(proofs)}")

        receiver.answer = answer
        other.answer = lambda request: reply(200, request.target.encode(), Content_Type="text/plain")
        connection = digested(webhook)
        access = replace(connection.access, passport=Passport(origins=(receiver.base, other.base)))
        answered = await replace(connection, access=access).run("call", redirects=2)
    assert "authorization" not in other.last.headers
    assert (len(set(proofs)), other.last.target) == (2, f"/?{'&'.join(proofs)}")
    assert answered.body == "/?[redacted]&[redacted]"


async def test_one_deadline_and_one_size_for_both(
    webhook: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[float] = []
    send = Transport.handle_async_request

    async def look(transport: Transport, request: Any) -> Any:
        ends.append(request.extensions[ENDS_AT])
        return await send(transport, request)

    monkeypatch.setattr(Transport, "handle_async_request", look)
    receiver.answer = Guard(USUAL)
    await digested(webhook).run("call", body={})
    assert (len(ends), len(set(ends))) == (2, 1)
    receiver.answer = lambda _request: reply(401, b"x" * 2000, WWW_Authenticate=USUAL)
    with pytest.raises(ResponseRefused) as refused:
        await digested(webhook).run("call", largest=1000)
    assert refused.value.code == "response_too_large"


async def test_an_own_authorization_header_is_refused(webhook: Any, receiver: Receiver) -> None:
    with pytest.raises(InvalidInput):
        await digested(webhook).run("call", headers={"authorization": "x"})
    assert receiver.requests == []


@pytest.mark.parametrize(("name", "fits"), [("ada", True), ("a b,c", True), ("", False), ('"', False), ("ö", False)])
def test_user_names(name: str, fits: bool) -> None:
    assert fits_digest(name) is fits


def test_without_a_password_there_is_none(webhook: Any) -> None:
    client: WebhookClient = webhook({"username": "ada"}).client
    assert client.prepare("GET", "").digest_user == ""
