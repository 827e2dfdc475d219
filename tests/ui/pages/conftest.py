"""Tabs of the pages' states, on a real engine and database."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("REFLEX_BACKEND_ONLY", "1")

import reflex as rx

from integrations_app.kit.db import Database
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor
from integrations_app.sdk.registry import Registry
from integrations_app.ui import hub as ui_hub
from integrations_app.ui.tabs import TABS
from integrations_app.workflows.engine.embedded import EmbeddedEngine
from tests.workflows.probe import ACTOR, Vendor, make_hub, plant, probe


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
async def hub(database: Database, tmp_path: Path, vendor: Vendor) -> AsyncIterator[Hub]:
    made = make_hub(database, tmp_path, Registry([probe(vendor)]))
    plant(made)
    engine = EmbeddedEngine(made, random=lambda: 0.0)
    await engine.start()
    ui_hub.provide(made)
    yield made
    await engine.stop()
    await made.door.aclose()
    await made.bus.close()


@pytest.fixture
def tab(hub: Hub) -> Iterator[Callable[[Actor], Awaitable[rx.State]]]:
    """A tab of an actor's; returns the root of its states."""
    opened: list[tuple[str, Actor]] = []

    async def open_tab(actor: Actor = ACTOR) -> rx.State:
        token = f"tab-{len(opened)}-{actor.user_id[:4]}"
        root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
        root._update_router_vars({"token": token, "headers": {}}, {})
        assert TABS.bind(token, actor, hub.clock())
        opened.append((token, actor))
        return root

    yield open_tab
    for token, actor in opened:
        TABS.leave(token, actor.session_hash)
