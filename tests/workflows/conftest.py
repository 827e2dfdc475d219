"""A hub on the database under test, a vendor on the other side, and an engine between them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integrations_app.kit.db import Database
from integrations_app.organizations.hub import Hub
from integrations_app.sdk.registry import Registry
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from tests.workflows.probe import Vendor, make_hub, plant, probe


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
