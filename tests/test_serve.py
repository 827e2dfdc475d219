"""The start: what makes pages stale, one builder at a time, and a real server on a real port."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from integrations_app import serve
from integrations_app.errors import StartRefused
from integrations_app.settings import load_settings

START_SECONDS = 90.0  # a stale front end is built first


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A tree with the shape of ours, small enough to change at will."""
    files = ("rxconfig.py", "assets/app.css", "reflex.lock/package.json")
    modules = (
        "integrations_app.py",
        "serve.py",
        "ui/theme.py",
        "ui/canvas.jsx",
        "providers/acme/__init__.py",
        "web/a.py",
    )
    for name in (*files, *(f"integrations_app/{module}" for module in modules)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "stale"),
    [
        ("rxconfig.py", True),
        ("assets/app.css", True),
        ("reflex.lock/package.json", True),
        ("integrations_app/integrations_app.py", True),
        ("integrations_app/ui/theme.py", True),
        ("integrations_app/ui/canvas.jsx", True),
        ("integrations_app/ui/new_page.py", True),
        ("integrations_app/serve.py", False),
        ("integrations_app/web/a.py", False),
        ("integrations_app/providers/acme/__init__.py", False),
        ("assets/external/linked.js", False),
    ],
)
def test_only_what_reaches_a_page_makes_it_stale(checkout: Path, name: str, stale: bool) -> None:
    before = serve.fingerprint(checkout)
    path = checkout / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed")
    assert (serve.fingerprint(checkout) != before) is stale


def test_renaming_a_source_makes_it_stale(checkout: Path) -> None:
    before = serve.fingerprint(checkout)
    (checkout / "assets/app.css").rename(checkout / "assets/other.css")
    assert serve.fingerprint(checkout) != before


def test_processes_that_start_together_build_once(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Path] = []

    def build(front_end: serve.FrontEnd) -> None:
        front_end.pages.mkdir(parents=True)
        (front_end.pages / "index.html").write_text("pages")
        built.append(front_end.pages)

    monkeypatch.setattr(serve, "_build", build)
    front_end = serve.FrontEnd(checkout, checkout / ".web", packed=False)
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(serve.build_if_stale, [front_end] * 4))
    assert sorted(made) == [False, False, False, True]
    assert len(built) == 1
    (front_end.pages / "index.html").unlink()
    assert serve.is_stale(front_end)


def test_a_failed_build_leaves_the_pages_stale(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(front_end: serve.FrontEnd) -> None:
        raise StartRefused("front_end_failed", f"no pages in {front_end.pages}")

    monkeypatch.setattr(serve, "_build", fail)
    front_end = serve.FrontEnd(checkout, checkout / ".web", packed=False)
    with pytest.raises(StartRefused):
        serve.build_if_stale(front_end)
    assert serve.is_stale(front_end)


def test_the_switches_of_reflex_keep_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from reflex.constants import Env
    from reflex.environment import environment

    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.chdir(tmp_path)
    serve.enter(load_settings(data_dir=tmp_path), serve.FrontEnd(tmp_path, tmp_path / "web", packed=True))
    assert environment.REFLEX_ENV_MODE.get() is Env.PROD
    assert environment.REFLEX_BACKEND_ONLY.get()
    assert environment.REFLEX_SKIP_COMPILE.get()
    assert environment.REFLEX_MOUNT_FRONTEND_COMPILED_APP.get()
    assert Path(environment.REFLEX_DIR.get()) == tmp_path / "reflex"


def test_an_installed_wheel_never_builds(tmp_path: Path) -> None:
    assert serve.build_if_stale(serve.FrontEnd(tmp_path, tmp_path / "web", packed=True)) is False


def test_without_a_usable_node_the_start_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v20.1.0\n")
    old.chmod(0o755)
    shutil.copy(old, tmp_path / "npm")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "elsewhere" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartRefused, match=r"22\.22\.0") as refusal:
        serve.build_environment()
    assert refusal.value.code == "node_missing"


async def test_a_taken_port_is_refused() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(StartRefused, match="another program listens there"):
        await asyncio.to_thread(serve.refuse_taken_address, load_settings(port=port, host="127.0.0.1"))
    server.close()
    await server.wait_closed()
    await asyncio.to_thread(serve.refuse_taken_address, load_settings(port=port, host="127.0.0.1"))


async def free_port() -> int:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def origin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A real server, started as people start it, stopped as a service manager stops it."""
    port = await free_port()
    folder = tmp_path_factory.mktemp("served")
    log = (folder / "log").open("w")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTEGRATIONS_")}
    line = [sys.executable, "-m", "integrations_app.cli", "run", "--port", str(port)]
    environment = {**kept, "INTEGRATIONS_DATA_DIR": str(folder / "data")}
    process = await asyncio.create_subprocess_exec(*line, env=environment, stdout=log, stderr=log, cwd=folder)
    address = f"http://localhost:{port}"
    try:
        async with asyncio.timeout(START_SECONDS), httpx.AsyncClient(base_url=address, trust_env=False) as client:
            while not await answers(client):
                assert process.returncode is None, (folder / "log").read_text()
                await asyncio.sleep(0.1)
        yield address
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0, (folder / "log").read_text()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        log.close()


async def answers(client: httpx.AsyncClient) -> bool:
    """Whether the server is up; any answer of the health route counts."""
    try:
        return (await client.get("/ping")).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.asyncio(loop_scope="module")
async def test_the_bundle_follows_the_origin_and_ships_compressed(origin: str) -> None:
    pages = serve.find_front_end().pages
    largest = max(pages.glob("assets/*.js"), key=lambda path: path.stat().st_size)
    async with httpx.AsyncClient(base_url=origin, trust_env=False) as browser:
        assert (await browser.get("/favicon.svg")).status_code == 200
        script = await browser.get(f"/assets/{largest.name}", headers={"Accept-Encoding": "gzip"})
    assert script.headers["content-encoding"] == "gzip"
    assert script.text == largest.read_text()
    environment = next(pages.glob("assets/reflex-env-*.js")).read_text()
    assert "location.origin" in environment
    assert "://" not in environment


@pytest.mark.asyncio(loop_scope="module")
async def test_a_second_server_on_the_port_is_refused(origin: str, tmp_path: Path) -> None:
    line = [sys.executable, "-m", "integrations_app.cli", "run", "--port", origin.rpartition(":")[2]]
    environment = {**os.environ, "INTEGRATIONS_DATA_DIR": str(tmp_path)}
    second = await asyncio.create_subprocess_exec(*line, env=environment, stderr=asyncio.subprocess.PIPE)
    try:
        _, said = await asyncio.wait_for(second.communicate(), 30)
    finally:
        if second.returncode is None:
            second.kill()
    assert second.returncode == 78
    assert b"another program listens there (address_refused)" in said
