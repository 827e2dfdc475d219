"""The emulated vendors, found by folder."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from integrations_app.sandbox.emulation import Emulation


def _find() -> Mapping[str, Emulation[Any]]:
    folders = sorted(path.parent.name for path in Path(__file__).parent.glob("*/emulation.py"))
    modules = (import_module(f"{__package__}.{folder}.emulation") for folder in folders)
    return {module.emulation.key: module.emulation for module in modules}


EMULATIONS = _find()
"""By key."""
