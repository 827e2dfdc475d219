"""The samples of every provider, found in the folders of their tests: `provider.action` -> the sample."""

from importlib import import_module
from pathlib import Path

from tests.providers.sample import Sample

PROVIDERS = Path(__file__).parent.parent / "providers"

SAMPLES: dict[str, Sample] = {
    f"{folder.parent.name}.{action}": sample
    for folder in sorted(PROVIDERS.glob("*/samples.py"))
    for action, sample in import_module(f"tests.providers.{folder.parent.name}.samples").SAMPLES.items()
}
