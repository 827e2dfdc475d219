"""Composition root: which pages, routes and wrappers make the product, and what lives as long as the process."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import reflex as rx
from reflex.environment import environment
from reflex_base.event import EventSpec
from starlette.routing import BaseRoute, Mount

from integrations_app import logs
from integrations_app.assembly import close_hub, open_hub
from integrations_app.chores import do_chores
from integrations_app.errors import IntegrationsError, Unavailable
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.rotation_keeping import keep_keys
from integrations_app.sandbox import create_app as create_sandbox
from integrations_app.sdk.registry import registry
from integrations_app.serve import find_front_end
from integrations_app.settings import Settings, load_settings
from integrations_app.ui import hub as ui_hub
from integrations_app.ui.attention import AttentionState
from integrations_app.ui.guard import GuardMiddleware, assert_guarded
from integrations_app.ui.live import LivePages, provide_live_pages
from integrations_app.ui.pages.audit import AuditState, audit
from integrations_app.ui.pages.connection import connection
from integrations_app.ui.pages.connection_state import ConnectionState
from integrations_app.ui.pages.endpoints_state import EndpointsState
from integrations_app.ui.pages.event import event
from integrations_app.ui.pages.event_state import EventState
from integrations_app.ui.pages.events import events
from integrations_app.ui.pages.events_state import EventsState
from integrations_app.ui.pages.integrations import integrations
from integrations_app.ui.pages.integrations_state import IntegrationsState
from integrations_app.ui.pages.keys_state import KeysState
from integrations_app.ui.pages.moving_state import MovingState
from integrations_app.ui.pages.not_found import not_found
from integrations_app.ui.pages.run import run
from integrations_app.ui.pages.run_state import RunState
from integrations_app.ui.pages.runs import runs
from integrations_app.ui.pages.runs_state import RunsState
from integrations_app.ui.pages.settings import settings as settings_page
from integrations_app.ui.pages.settings_state import SettingsState
from integrations_app.ui.pages.templates_state import TemplatesState
from integrations_app.ui.pages.tokens_state import TokensState
from integrations_app.ui.pages.workflow_editor import workflow_editor
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.ui.pages.workflows import workflows
from integrations_app.ui.pages.workflows_state import WorkflowsState
from integrations_app.ui.quiet import quieten_frameworks
from integrations_app.ui.trouble import TroubleState
from integrations_app.web.events import APP_EVENTS
from integrations_app.web.routes import layers, routes
from integrations_app.web.sockets import OpenSockets
from integrations_app.workflows.engine.embedded import EmbeddedEngine

_log = logging.getLogger(__name__)
TROUBLE = "Something went wrong on our side. It has been logged; try again."


def add_pages(app: rx.App) -> None:
    """Every page of the user interface, one by one."""

    def add(page: Callable[[], rx.Component], route: str, title: str, *states: Any) -> None:
        # Every page of the signed-in shows the bell, so every page looks for what it has to say.
        app.add_page(page, route=route, title=title, on_load=[*(state.load for state in states), AttentionState.load])

    add(integrations, "/integrations", "Integrations", IntegrationsState)
    add(connection, "/integrations/[provider_key]", "Provider · Integrations", ConnectionState, MovingState)
    add(workflows, "/workflows", "Workflows · Integrations", WorkflowsState, TemplatesState)
    add(workflow_editor, "/workflows/[workflow_id]", "Editor · Integrations", WorkflowEditorState)
    add(runs, "/runs", "Runs · Integrations", RunsState)
    add(run, "/runs/[run_id]", "Run · Integrations", RunState)
    add(events, "/events", "Events · Integrations", EventsState)
    add(event, "/events/[event_id]", "Event · Integrations", EventState)
    add(audit, "/audit", "Audit · Integrations", AuditState)
    parts = (SettingsState, TokensState, EndpointsState, KeysState)
    add(settings_page, "/settings", "Settings · Integrations", *parts)
    app.add_page(not_found, route="404", title="Page not found · Integrations")


def create_app() -> rx.App:
    """The whole product as one ASGI factory; while the front end is built, its pages only."""
    app = rx.App(
        html_lang="en",
        stylesheets=["/app.css"],
        head_components=[rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml")],
        app_wraps={},  # Reflex's own overlays speak through toasts, which the content policy silences
        toaster=None,
        backend_exception_handler=on_trouble,
    )
    add_pages(app)
    if environment.REFLEX_SKIP_COMPILE.get():
        Process(app, load_settings())
    return app


def on_trouble(exception: Exception) -> EventSpec:
    """What a person sees when a handler breaks: the words of our own errors, else that it was logged."""
    words = exception.message if isinstance(exception, IntegrationsError) else TROUBLE
    if words is TROUBLE:
        _log.error("an event handler broke", exc_info=exception)
    return cast("EventSpec", TroubleState.show_trouble(words))


class Process:
    """One serving process: opened while the application is made, alive from the first to the last request."""

    def __init__(self, app: rx.App, settings: Settings) -> None:
        logs.configure(settings, registry())
        quieten_frameworks()
        assert_guarded()
        self.hub: Hub = open_hub(settings)
        self._engine = EmbeddedEngine(self.hub)
        self._ready = self._executes = False
        self._sockets = OpenSockets(self.hub)
        self._live = LivePages(app, self.hub.bus)
        ui_hub.provide(self.hub)
        provide_live_pages(self._live)
        app.add_middleware(GuardMiddleware(ui_hub.hub))
        app.api_transformer = layers(self.hub, self._routes(), self._sockets, self._pages())
        app.register_lifespan_task(self._alive)

    def _routes(self) -> list[BaseRoute]:
        listed = routes(self.hub, {"engine": self._probe})
        if self.hub.settings.sandbox:
            events_url = f"{self.hub.settings.sandbox_origin}{APP_EVENTS.format(provider='{vendor}')}"
            listed.append(Mount("/sandbox", create_sandbox(events_url=events_url)))
        return listed

    def _pages(self) -> Path | None:
        pages = find_front_end().pages
        return pages if pages.is_dir() else None

    @asynccontextmanager
    async def _alive(self) -> AsyncIterator[None]:
        await self.hub.bus.start()
        self._executes = self.hub.settings.execute and not self.hub.keyring.sealed
        if self._executes:
            await self._engine.start()
        self._ready = True
        background = [asyncio.create_task(one) for one in self._background()]
        for task in background:
            task.add_done_callback(_note_end)
        try:
            yield
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            if self._executes:
                await self._engine.stop()
            await close_hub(self.hub)

    def _background(self) -> list[Coroutine[Any, Any, None]]:
        return [self._live.run(), self._sockets.watch(), do_chores(self.hub), keep_keys(self.hub)]

    async def _probe(self) -> None:
        if not self._ready:
            raise Unavailable("The engine has not started yet.", 1.0, "engine_starting")
        if self._executes and not self._engine.healthy:
            raise Unavailable("The engine executes no runs any more: restart.", None, "engine_broken")


def _note_end(task: asyncio.Task[None]) -> None:
    """These run as long as the process: one that ends by itself is a fault that somebody must hear of."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("background work ended", exc_info=error)


app = create_app()
