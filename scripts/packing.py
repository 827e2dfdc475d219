"""Build hook of the wheel: puts the built pages, the migrations and rxconfig.py beside the package's code."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = ("rxconfig.py", "alembic", ".web/build/client", ".web/backend", ".web/routes.json", ".web/reflex.json")


class PackingHook(BuildHookInterface):
    """Adds what `serve.find_front_end` and `migrations.scripts` look for in an installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Extend a standard wheel; an editable install uses the checkout and carries nothing."""
        if version != "standard":
            return
        for name in CARRIED:
            source = Path(self.root, name)
            if not source.exists():
                raise FileNotFoundError(f"{name} is missing: build the pages first (make wheel does)")
            build_data["force_include"][str(source)] = f"integrations_app/_app/{name.replace('.web', 'web', 1)}"
