"""A real server on a free port and a real Chromium: what every browser test stands on."""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.e2e.journey import Server, control, create_person, sign_in

START_SECONDS = 240  # a first start may have to build the front end
SETUP = re.compile(r"http://localhost:\d+/setup\?token=\S+")

expect.set_options(timeout=10_000)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    waiting = True
    while waiting:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')[-4000:]}")
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=1) as answer:  # noqa: S310 - loopback
                waiting = answer.status != 200
        except (OSError, urllib.error.URLError):
            threading.Event().wait(0.1)


@contextmanager
def launched(folder: Path, **variables: str) -> Iterator[Server]:
    """The product as a process, on data of its own in `folder`; ended with the block."""
    port = _free_port()
    home, log = folder / f"data-{port}", folder / f"server-{port}.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTEGRATIONS_")}
    environment = {**kept, "INTEGRATIONS_DATA_DIR": str(home), "PYTHONUNBUFFERED": "1", **variables}
    command = [sys.executable, "-m", "integrations_app.cli", "run", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://localhost:{port}"
        _wait_until_ready(process, url, log)
        found = SETUP.search(log.read_text(errors="replace"))
        yield Server(url, f"http://127.0.0.1:{port}/sandbox", found[0] if found else "", home, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that nobody has set up yet."""
    with launched(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that are content with an organisation of their own."""
    with launched(tmp_path_factory.mktemp("shared")) as running:
        yield running


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright itself; the browser tests run in a pytest process of their own because of its loop."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """An installed Chromium when there is one, else Playwright's."""
    installed = next((path for name in ("chromium", "google-chrome", "chrome") if (path := shutil.which(name))), None)
    launched = playwright.chromium.launch(
        executable_path=os.environ.get("TEST_BROWSER") or installed,
        args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
    )
    yield launched
    launched.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Fresh browser profiles; console errors of every page fail the test."""
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def make(**options: Any) -> BrowserContext:
        wanted: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, **options}
        context = browser.new_context(**wanted)
        context.on(
            "weberror", lambda error: complaints.append(f"{error.page.url if error.page else ''}: {error.error}")
        )
        context.on("console", lambda message: _note(message, complaints))
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()
    assert not complaints, complaints


def _note(message: object, complaints: list[str]) -> None:
    kind, text = getattr(message, "type", ""), getattr(message, "text", "")
    place = str(getattr(message, "location", ""))
    refused = "/callback?" in place  # a page that says why nothing was connected, with a status that says so too
    if kind == "error" and "/sandbox/" not in place and not refused:
        complaints.append(text)


@pytest.fixture
def context(new_context: Callable[..., BrowserContext]) -> BrowserContext:
    """One fresh browser profile."""
    return new_context()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """One page in it."""
    return context.new_page()


@pytest.fixture
def somebody(shared_server: Server) -> str:
    """The e-mail of the owner of a new organisation, `Acme` and the e-mail; every vendor has forgotten the past."""
    control(shared_server, "reset")
    email = f"owner-{secrets.token_hex(4)}@acme.test"
    create_person(shared_server, email, organization=f"Acme {email}")
    return email


@pytest.fixture
def owner(shared_server: Server, page: Page, somebody: str) -> Page:
    """A page signed in as the owner of a new organisation on the shared server."""
    sign_in(shared_server, page, somebody)
    return page
