"""The emulated vendors, found by folder: each has a `routes.py` that says what it serves and who may call it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from starlette.routing import BaseRoute


@dataclass(frozen=True, slots=True)
class Emulation:
    """One emulated vendor; `key` is its folder and the first part of its addresses."""

    key: str
    name: str
    summary: str
    """What its inspector pages show."""
    open_paths: Sequence[str]
    """Beginnings of the paths below the key that answer like the vendor, to anybody; the rest is for this machine."""
    routes: Sequence[BaseRoute]


def _find() -> Mapping[str, Emulation]:
    package = __package__ or ""
    folders = sorted(path.parent.name for path in Path(__file__).parent.glob("*/routes.py"))
    found = {}
    for key in folders:
        module = import_module(f"{package}.{key}.routes")
        found[key] = Emulation(key, module.NAME, module.SUMMARY, module.OPEN_PATHS, module.routes)
    return found


EMULATIONS = _find()
"""By key."""
