"""A hub on the database under test, a vendor on the other side, and an engine between them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from integrations_app.kit.db import Database
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.registry import Registry
from integrations_app.settings import Settings
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from tests.workflows.probe import APP_SECRET, Vendor, make_hub, plant, probe


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
async def hub(database: Database, tmp_path: Path, vendor: Vendor) -> AsyncIterator[Hub]:
    made = make_hub(database, tmp_path, Registry([probe(vendor)]))
    plant(made)
    yield made
    await made.door.aclose()
    await made.bus.close()


@pytest.fixture
async def engine(hub: Hub) -> AsyncIterator[EmbeddedEngine]:
    """A started engine whose jitter is none."""
    made = EmbeddedEngine(hub, random=lambda: 0.0)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The hub of a server whose app at the probe signs with APP_SECRET."""
    monkeypatch.setenv("INTEGRATIONS_PROBE_SIGNING_SECRET", APP_SECRET.reveal("test"))
    return replace(hub, settings=Settings(data_dir=hub.settings.data_dir, port=3999))
