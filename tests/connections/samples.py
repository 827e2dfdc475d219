"""The samples of every provider, found in the folders of their tests: `provider.action` -> the sample."""

from importlib import import_module
from pathlib import Path
from typing import Any

from tests.providers.sample import Sample

PROVIDERS = Path(__file__).parent.parent / "providers"

_MODULES = {
    folder.parent.name: import_module(f"tests.providers.{folder.parent.name}.samples")
    for folder in sorted(PROVIDERS.glob("*/samples.py"))
}

SAMPLES: dict[str, Sample] = {
    f"{key}.{action}": sample for key, module in _MODULES.items() for action, sample in module.SAMPLES.items()
}
DEAD: dict[str, dict[str, dict[str, Any]]] = {key: getattr(module, "DEAD", {}) for key, module in _MODULES.items()}
"""By provider and code: the answer with which it says that credentials are dead."""
