"""The main story through REST alone, as the README tells it: an issue is opened, and the channel hears of it."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from integrations_app.connections.addresses import SANDBOX_PATH
from integrations_app.kit.bus import LocalBus
from integrations_app.kit.columns import new_id, utc_now
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.organizations import tokens
from integrations_app.organizations.hub import Hub
from integrations_app.sandbox import create_app as create_sandbox
from integrations_app.sandbox.serve import free_port
from integrations_app.sdk.registry import registry
from integrations_app.settings import Settings
from integrations_app.web.events import APP_EVENTS
from integrations_app.web.routes import layers, routes
from integrations_app.web.sockets import OpenSockets
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from tests.conftest import quick_passwords

README = Path(__file__).parents[3] / "README.md"
MADE_BY_COMMAND = ".venv/bin/integrations-app tokens create --email you@example.com --organization Acme --name example"


@pytest.fixture
async def hub(database, keyring, tmp_path):
    """As the composition root makes it: product and sandbox on one port."""
    port = free_port()
    made = Hub(
        settings=Settings(data_dir=tmp_path, port=port, public_url=f"http://localhost:{port}", sandbox=True),
        database=database,
        keyring=keyring,
        door=Door(EgressPolicy.parse(own=(f"localhost:{port}", f"127.0.0.1:{port}"))),
        registry=registry(),
        bus=LocalBus(),
        clock=utc_now,
        new_id=new_id,
        passwords=quick_passwords(),
    )
    yield made
    await made.door.aclose()
    await made.bus.close()
    made.passwords.close()


@pytest.fixture
async def product(hub):
    """The product on its port, executing runs; yields its address."""
    events_url = f"{hub.settings.sandbox_origin}{APP_EVENTS.format(provider='{vendor}')}"
    listed = [*routes(hub, {}), Mount(SANDBOX_PATH, create_sandbox(events_url=events_url))]
    app: ASGIApp = Starlette()
    for layer in layers(hub, listed, OpenSockets(hub)):
        if isinstance(layer, Starlette):
            layer.mount("", app)
            app = layer
        else:
            app = layer(app)
    port = hub.settings.port
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False, websockets=False)
    serving, engine = asyncio.create_task(server.serve()), EmbeddedEngine(hub, random=lambda: 0.0)
    await engine.start()
    yield f"http://127.0.0.1:{port}"
    await engine.stop()
    server.stop()
    await serving


def example() -> str:
    """The shell lines of the README's section about the REST API."""
    section = README.read_text().partition("\n## REST API\n")[2].partition("\n## ")[0]
    return "".join(re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE))


async def test_the_readme_s_lines_tell_the_whole_story(hub, product, person, tmp_path):
    owner = await person("owner")
    _, token = await tokens.create(hub, owner.actor, name="example")
    lines = example().replace("http://localhost:3000", product)
    assert lines.count(MADE_BY_COMMAND) == 1
    programs = tmp_path / "programs"
    programs.mkdir()
    curl = programs / "curl"
    curl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("curl.py")}" "$@"\n')
    curl.chmod(0o700)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    known = {"PATH": path, "TOKEN": token.reveal("test")}
    shell = ("sh", "-ec", lines.replace(MADE_BY_COMMAND, "printenv TOKEN"))
    async with asyncio.timeout(60):
        run = await asyncio.create_subprocess_exec(*shell, env=known, stdout=PIPE, stderr=PIPE)
        told, wrong = await run.communicate()
    assert (run.returncode, wrong) == (0, b""), told
    async with httpx.AsyncClient(base_url=f"{product}/sandbox") as sandbox:
        posted = await sandbox.get("/_control/journal?path=/slack/api/chat.postMessage")
    assert ["New issue The roof leaks" in str(one["body"]) for one in posted.json()["requests"]] == [True]
