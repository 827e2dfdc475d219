"""The sandbox as a process of its own, and several of them in one process."""

import asyncio
import signal
import sys
import time

import httpx
import pytest

from integrations_app.sandbox.serve import free_port, running_sandbox


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_starts_alone_and_ends_when_told(number: signal.Signals) -> None:
    port = free_port()
    command = (sys.executable, "-m", "integrations_app.sandbox", "--port", str(port))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
    assert line == f"Sandbox at http://127.0.0.1:{port}/sandbox/\n"
    assert await answers(f"http://127.0.0.1:{port}/sandbox/")
    process.send_signal(number)
    assert await asyncio.wait_for(process.wait(), 10) == 0


async def answers(url: str) -> bool:
    deadline = time.monotonic() + 10
    async with httpx.AsyncClient(trust_env=False) as http:
        while time.monotonic() < deadline:
            try:
                return (await http.get(url)).status_code == 200
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
    return False


def test_two_run_side_by_side_and_the_port_is_free_afterwards() -> None:
    with running_sandbox() as one, running_sandbox(events_url="http://127.0.0.1:9/in/{vendor}") as two:
        assert one != two
        settings = [httpx.get(f"{url}/_control/settings").json()["github"]["app_webhook_url"] for url in (one, two)]
        assert settings == ["", "http://127.0.0.1:9/in/github"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{one}/")
