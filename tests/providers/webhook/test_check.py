"""The check of a webhook connection, and its settings."""

from typing import Any

import pytest
from pydantic import ValidationError

from integrations_app.errors import RateLimited, ReconnectRequired, Unavailable
from integrations_app.providers.webhook.settings import WebhookSettings
from tests.receiver import Receiver, reply


@pytest.mark.parametrize("status", [200, 204, 302, 403, 404, 405])
async def test_an_answer_shows_that_the_address_is_there(webhook: Any, receiver: Receiver, status: int) -> None:
    receiver.answer = lambda _r: reply(status)
    connection = webhook(token="t")
    account = await connection.provider.check(connection.client)
    assert (account.id, account.detail["status"]) == (receiver.base.removeprefix("http://"), str(status))
    assert (receiver.last.method, receiver.last.target) == ("GET", "/v1")


@pytest.mark.parametrize(
    ("status", "error"), [(401, ReconnectRequired), (429, RateLimited), (500, Unavailable), (503, Unavailable)]
)
async def test_what_is_wrong(webhook: Any, receiver: Receiver, status: int, error: type[Exception]) -> None:
    receiver.answer = lambda _r: reply(status)
    connection = webhook(token="t")
    with pytest.raises(error):
        await connection.provider.check(connection.client)


async def test_nobody_to_ask_without_credentials(webhook: Any, receiver: Receiver) -> None:
    receiver.answer = lambda _r: reply(401)
    connection = webhook()
    assert (await connection.provider.check(connection.client)).detail["status"] == "401"


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "ftp://x.example"},
        {"base_url": "x.example"},
        {"base_url": "https://a:b@x.example"},
        {"base_url": "https://x.example/?a=1"},
        {"base_url": "http://2130706433"},
        {"base_url": ""},
        {"api_key_name": "Host"},
        {"api_key_name": "X Key"},
        {"api_key_name": "X\r\nY"},
        {"username": "a:b"},
        {"more": "x"},
        {"base_url": "file:///etc/passwd"},
        {"base_url": "gopher://x.example/_x"},
        {"base_url": "data:text/plain,x"},
        {"base_url": "unix:/run/x"},
        {"base_url": "http+unix://%2Frun%2Fx"},
        {"base_url": "http:///x"},
        {"base_url": "http://a@127.0.0.1"},
        {"base_url": "http://a\\@b"},
        {"token_url": "file:///etc/passwd"},
        {"token_url": "http://a@127.0.0.1"},
    ],
)
def test_settings_that_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        WebhookSettings(**({"base_url": "https://x.example"} | change))


def test_settings_are_tidied() -> None:
    assert WebhookSettings(base_url=" https://x.example/v1/ ").base_url == "https://x.example/v1"
