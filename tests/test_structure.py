"""The house rules that no linter knows: sizes, first sentences, who may name a vendor, who may import what."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "integrations_app"
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "_app" not in path.relative_to(PACKAGE).parts)
ALL = SOURCES + sorted((ROOT / "tests").rglob("*.py")) + sorted((ROOT / "bench").rglob("*.py"))
FILE_LINES = 500
FUNCTION_LINES = 60
VENDORS = sorted(
    path.name
    for path in (PACKAGE / "providers").iterdir()
    if (path / "__init__.py").exists() and path.name != "webhook"
)

# Who may import a library that others must reach through them; a folder ends with a slash.
ONLY = {
    "reflex": ("ui/", "integrations_app.py", "serve.py"),
    "reflex_base": ("ui/", "integrations_app.py", "serve.py"),
    "cryptography": ("kit/vault/", "kit/vault.py"),
    "authlib": ("connections/token_endpoint.py",),
    "joserfc": ("kit/jwt.py",),
    "fastapi": ("web/api/",),
    "procrastinate": ("workflows/engine/distributed.py", "workflows/engine/distributed/"),
    "httpx": ("kit/egress/", "sandbox/deliver.py"),
    "httpx_aiohttp": ("kit/egress/",),
    "aiohttp": ("kit/egress/",),
    "requests": (),
    "urllib3": (),
    "http.client": (),
    "socket": ("kit/egress/", "sandbox/serve.py"),
    "pickle": (),
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> Iterator[str]:
    """Every module that the file imports, by its full dotted name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= FUNCTION_LINES, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_a_module_begins_by_saying_what_it_is(path: Path) -> None:
    first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n\n")[0]
    assert first.rstrip().endswith((".", "?", "!")), "one sentence first"


@pytest.mark.parametrize("vendor", VENDORS)
def test_only_its_own_folder_and_the_sandbox_name_a_vendor(vendor: str) -> None:
    homes = (PACKAGE / "providers" / vendor, PACKAGE / "sandbox")
    named = [
        f"{name_of(path)}:{number}"
        for path in SOURCES
        if not path.is_relative_to(homes[0]) and not path.is_relative_to(homes[1])
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if vendor in line.lower()
    ]
    assert named == []


def test_there_are_vendors_to_look_for() -> None:
    assert len(VENDORS) >= 2


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_libraries_are_reached_through_their_keeper(path: Path) -> None:
    place = str(path.relative_to(PACKAGE))
    for module in imported(path):
        for library, homes in ONLY.items():
            if module == library or module.startswith(f"{library}."):
                assert any(place == home or (home.endswith("/") and place.startswith(home)) for home in homes), (
                    f"{place} imports {module}"
                )


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_the_environment_is_read_by_the_settings_only(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    reads = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}]
    # serve.py hands the environment down to the build and to Reflex; it takes no setting from it.
    assert not reads or path.name in {"settings.py", "serve.py"}
