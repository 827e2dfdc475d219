"""Every live page is watched before its rows are read: what changes while it loads is shown too."""

from dataclasses import replace
from typing import Any, cast

import pytest
import reflex as rx

import integrations_app.assembly  # noqa: F401 - registers where envelopes are kept
from integrations_app.organizations.hub import Hub
from integrations_app.ui import hub as ui_hub
from integrations_app.ui import live
from integrations_app.ui.attention import AttentionState
from integrations_app.ui.pages.connection_state import ConnectionState
from integrations_app.ui.pages.event_state import EventState
from integrations_app.ui.pages.events_state import EventsState
from integrations_app.ui.pages.integrations_state import IntegrationsState
from integrations_app.ui.pages.keys_state import KeysState
from integrations_app.ui.pages.run_state import RunState
from integrations_app.ui.pages.runs_state import RunsState
from integrations_app.ui.pages.settings_state import SettingsState
from integrations_app.ui.pages.tokens_state import TokensState
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.ui.pages.workflows_state import WorkflowsState
from tests.workflows.probe import ACTOR

PAGES = (
    AttentionState,
    ConnectionState,
    EventState,
    EventsState,
    IntegrationsState,
    KeysState,
    RunState,
    RunsState,
    SettingsState,
    TokensState,
    WorkflowEditorState,
    WorkflowsState,
)


class Reads:
    """The database of a hub, which notes what was watched when it was first read."""

    def __init__(self, hub: Hub, watched: list[type[rx.State]]) -> None:
        self._database, self._watched = hub.database, watched
        self.before: list[type[rx.State]] | None = None

    def __getattr__(self, name: str) -> Any:
        if name == "read" and self.before is None:
            self.before = list(self._watched)
        return getattr(self._database, name)


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.__name__)
async def test_it_is_watched_before_anything_is_read(
    hub: Hub, tab: Any, monkeypatch: pytest.MonkeyPatch, page: type[rx.State]
) -> None:
    watched: list[type[rx.State]] = []
    watching = type("Watching", (), {"watch": lambda _self, _token, watch: watched.append(watch.page)})()
    monkeypatch.setattr(live, "_pages", [watching])
    state = await (await tab(replace(ACTOR, role="owner"))).get_state(page)
    state.can_manage_members = state.can_manage_keys = True
    path = f"/integrations/{next(iter(hub.registry)).key}" if page is ConnectionState else "/somewhere/nothing"
    state.router = replace(state.router, url=type(state.router.url)(f"http://localhost:3000{path}"))
    reads = Reads(hub, watched)
    ui_hub.provide(replace(hub, database=cast("Any", reads)))
    loading = type(state).event_handlers["load"].fn(state)
    if hasattr(loading, "__aiter__"):
        async for _ in loading:
            pass
    else:
        await loading
    assert reads.before == [page]
