"""State of the provider page: its connections, the form of one of them, its OAuth apps and its catalogue."""

from collections.abc import Awaitable
from typing import Any

import reflex as rx

from integrations_app.connections import apps, attempts, service
from integrations_app.connections.views import ConnectionView
from integrations_app.errors import IntegrationsError, InvalidInput, NotFound
from integrations_app.kit.secret import Secret
from integrations_app.organizations.permissions import Permission
from integrations_app.sdk.forms import Choice
from integrations_app.sdk.provider import Provider
from integrations_app.ui.acting import said
from integrations_app.ui.components.form import FormField
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.live import show_live
from integrations_app.ui.pages.connection_rows import (
    AppLine,
    CatalogueLine,
    TestView,
    app_lines,
    catalogue,
    connection_form,
    is_typed,
    keep_typed,
    read_form,
    split_help,
    takes_sandbox_token,
    test_view,
    ways,
    with_errors,
)
from integrations_app.ui.pages.integrations_rows import LOGO, ConnectionLine, authorize_url, connection_line
from integrations_app.ui.pages.permissions_rows import OptionalLine, Permissions, optional_lines, permissions
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows.service import consent_of

KINDS = frozenset({"connection", "workflow"})
NEW = "new"


class ConnectionState(SessionState):
    """What one tab shows of one provider."""

    provider_key: str = ""
    name: str = ""
    summary: str = ""
    docs_url: str = ""
    logo: str = ""
    missing: bool = False
    loaded: bool = False
    tab: str = "connections"
    lines: list[ConnectionLine] = []
    chosen: str = ""
    chosen_line: ConnectionLine | None = None
    ways: list[Choice] = []
    way: str = ""
    typed: bool = False
    sandbox_offered: bool = False
    fields: list[FormField] = []
    chosen_values: dict[str, str] = {}
    """Of the form's selects, as they stand now."""
    form_version: int = 0
    notice: str = ""
    notice_ok: bool = True
    saving: bool = False
    testing: bool = False
    result: TestView = TestView()
    blocked: bool = False
    permissions: Permissions = Permissions()
    optional_lines: list[OptionalLine] = []
    wanted_scopes: list[str] = []
    """Ticked among the optional ones; asked for by the next connect."""
    app_lines: list[AppLine] = []
    app_scopes: str = ""
    new_app_id: str = ""
    new_callback_url: str = ""
    new_refusal: str = ""
    app_help: str = ""
    app_manifest: str = ""
    app_notice: str = ""
    catalogue: list[CatalogueLine] = []
    paste_title: str = ""
    pasted_note: str = ""
    tries: bool = False
    """The page offers to send a test request."""

    @rx.var
    def connect_url(self) -> str:
        """Our route that opens the vendor's consent page in a popup."""
        return self._authorize("popup")

    @rx.var
    def more_title(self) -> str:
        """The name of what is folded away in the form; empty when nothing is."""
        return next((one.group for one in self.fields if one.group), "")

    @rx.var
    def more_wrong(self) -> bool:
        """Whether something that is folded away was refused."""
        return any(one.group and one.error for one in self.fields)

    @rx.var
    def redirect_url(self) -> str:
        """The same in this window, for a blocked popup."""
        return self._authorize("redirect")

    def _authorize(self, mode: str) -> str:
        again = self.chosen if self.chosen != NEW else ""
        return authorize_url(self.provider_key, mode=mode, connection=again, scopes=self.wanted_scopes)

    @rx.event
    @guard(Permission.VIEW)
    async def load(self) -> None:
        """Show the provider that the address names."""
        url = self.router.url
        key = url.path.rstrip("/").rsplit("/", 1)[-1]
        self.missing = key not in hub().registry
        if self.missing:
            return
        provider = hub().registry.get(key)
        self.provider_key, self.name, self.summary, self.tab = key, provider.name, provider.summary, "connections"
        self.docs_url, self.logo = provider.docs_url, LOGO.format(key)
        self.ways, self.catalogue = ways(provider), catalogue(provider)
        self.chosen, self.notice, self.result, self.loaded = "", "", TestView(), False
        self.paste_title, self.pasted_note = provider.paste.title if provider.paste else "", ""
        self.tries = provider.trial != ""
        show_live(self, current_actor(self), ConnectionState, KINDS)
        await self._refresh(KINDS)
        wanted = url.query_parameters.get("connection") or url.query_parameters.get("move") or ""
        wants_new = "new" in url.query_parameters or not self.lines
        await self._show(NEW if wants_new else wanted if self._has(wanted) else self.lines[0].id)
        await self._load_apps()
        self.loaded = True

    def _has(self, connection_id: str) -> bool:
        return any(line.id == connection_id for line in self.lines)

    async def _refresh(self, _kinds: frozenset[str]) -> None:
        views = await service.list_by_organization(hub(), current_actor(self), self.provider_key)
        self.lines = [connection_line(one) for one in views if one.status != "disconnected" or one.used_by]
        self.chosen_line = next((line for line in self.lines if line.id == self.chosen), None)
        if self.loaded and self.chosen not in (NEW, "") and self.chosen_line is None:
            await self._show(self.lines[0].id if self.lines else NEW)
        elif self.loaded and self.chosen == NEW and len(self.lines) == 1 and self.lines[0].status == "connected":
            await self._show(self.lines[0].id)
        else:
            await self._show_permissions(next((one for one in views if one.id == self.chosen), None))

    @rx.event
    @guard(Permission.VIEW)
    def show_tab(self, tab: str) -> None:
        """Open one of the page's tabs."""
        self.tab = tab

    @rx.event
    @guard(Permission.VIEW)
    async def choose(self, connection_id: str) -> None:
        """Show the form of a connection, or of a new one."""
        self.notice, self.result, self.blocked = "", TestView(), False
        await self._show(connection_id)

    async def _show(self, connection_id: str) -> None:
        row = await self._row(connection_id)
        self.chosen, self.wanted_scopes = connection_id if row else NEW, []
        self.chosen_line = next((line for line in self.lines if line.id == self.chosen), None)
        self._draw(row.auth_kind if row else self.ways[0].value, row)
        await self._show_permissions(row)

    async def _show_permissions(self, row: ConnectionView | None) -> None:
        provider, shown = self._provider(), Permissions()
        if row is not None:
            shown = permissions(provider, row, await consent_of(hub(), current_actor(self), row.id))
        offered = optional_lines(provider, row)
        if (self.permissions, self.optional_lines) != (shown, offered):
            self.permissions, self.optional_lines = shown, offered
            known = {one.scope for one in offered}
            self.wanted_scopes = [scope for scope in self.wanted_scopes if scope in known]

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def want_scope(self, scope: str, wanted: bool) -> None:
        """Tick a permission that the next connect shall ask for, or let go of it."""
        others = [one for one in self.wanted_scopes if one != scope]
        self.wanted_scopes = [*others, scope] if wanted else others

    def _draw(self, way: str, row: ConnectionView | None, *, anew: bool = True) -> None:
        provider = self._provider()
        self.way, self.typed = way, is_typed(provider, way)
        self.sandbox_offered = takes_sandbox_token(provider, way) and hub().settings.sandbox
        self.fields = connection_form(provider, way, row)
        self.chosen_values = {one.name: one.value for one in self.fields if one.widget == "select"}
        self.form_version += anew

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def choose_way(self, way: str) -> None:
        """Connect in another way: the form asks for what that way needs, and keeps what was typed in the others."""
        self.notice = ""
        self._draw(way, await self._row(self.chosen), anew=False)

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def paste(self, form: dict[str, str]) -> None:
        """Fill the form of a new connection from a pasted text, its secrets excepted."""
        paste = self._provider().paste
        if paste is None:
            return
        try:
            read = paste.read(str(form.get("pasted", "")))
        except InvalidInput as error:
            self.pasted_note = error.message
            return
        known = {one.value for one in self.ways}
        self._draw(read.way if read.way in known else self.way, None)
        self.fields = keep_typed(self.fields, read.values)
        self.chosen_values = {one.name: one.value for one in self.fields if one.widget == "select"}
        self.pasted_note = "\n".join(("Filled in.", *read.notes))

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def choose_value(self, name: str, value: str) -> None:
        """A select was changed: fields that depend on it come and go."""
        self.chosen_values = {**self.chosen_values, name: value}

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def save_settings(self, form: dict[str, Any]) -> None:
        """Create the connection, or change it; errors stand at their fields."""
        name, settings, secrets = read_form(self._provider(), form)
        sealed = {field: Secret(value) for field, value in secrets.items()}
        try:
            saved = await self._save(name, settings, sealed, sandbox=form.get("use_sandbox") == "on")
        except InvalidInput as error:
            self.fields = with_errors(keep_typed(self.fields, form), error.fields)
            self.chosen_values = {one.name: one.value for one in self.fields if one.widget == "select"}
            known = {item.name for item in self.fields if item.error}
            self._say("Look at the marked fields." if known else error.message, ok=False)
            return
        except IntegrationsError as error:
            self._say(error.message, ok=False)
            return
        self._say(saved.error_message or _after_saving(saved), ok=not saved.error_message)
        self.loaded = False
        await self._refresh(KINDS)
        await self._show(saved.id)
        self.loaded = True

    async def _save(
        self, name: str, settings: dict[str, Any], secrets: dict[str, Secret], *, sandbox: bool
    ) -> ConnectionView:
        actor = current_actor(self)
        if self.chosen == NEW:
            return await service.create(
                hub(),
                actor,
                self.provider_key,
                name=name,
                settings=settings,
                secrets=secrets,
                auth_kind=self.way,
                sandbox=sandbox,
            )
        changes: dict[str, Any] = {"settings": settings, "secrets": secrets}
        if name:
            changes["name"] = name
        if self.chosen_line is not None and self.way != "oauth2":
            changes["auth_kind"] = self.way
        return await service.update(hub(), actor, self.chosen, changes)

    @rx.event(background=True)
    @guard(Permission.MANAGE_CONNECTIONS)
    async def test_connection(self) -> None:
        """Ask the vendor who we are; the answer appears beside the form."""
        async with self:
            actor, connection_id = current_actor(self), self.chosen
            self.testing, self.result = True, TestView()
        try:
            view = test_view(await service.test(hub(), actor, connection_id))
        except IntegrationsError as error:
            view = TestView(ok=False, headline=error.message)
        async with self:
            self.testing, self.result = False, view

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def pause(self) -> None:
        """Keep the credentials, hold the runs."""
        await self._act(service.update_status(hub(), current_actor(self), self.chosen, "paused"))

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def resume(self) -> None:
        """Use the connection again; held runs go on."""
        await self._act(service.update_status(hub(), current_actor(self), self.chosen, "connected"))

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def make_default(self) -> None:
        """Use it where a provider is named and no connection."""
        await self._act(service.set_default(hub(), current_actor(self), self.chosen))

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def cancel_connecting(self) -> None:
        """Give up a running attempt and go back to the earlier state."""
        await self._act(attempts.cancel(hub(), current_actor(self), self.chosen))

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def popup_blocked(self) -> None:
        """Offer the same page without a popup."""
        self.blocked = True

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def popup_opened(self) -> None:
        """Forget that an earlier window was blocked."""
        self.blocked = False

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def register_app(self, form: dict[str, str]) -> None:
        """Register the organisation's own OAuth app; its secret is written only."""
        signing = str(form.get("signing_secret", ""))
        self.app_notice = ""
        try:
            await apps.register_app(
                hub(),
                current_actor(self),
                self.provider_key,
                client_id=str(form.get("client_id", "")),
                client_secret=Secret(str(form.get("client_secret", ""))),
                signing_secret=Secret(signing) if signing else None,
                app_id=self.new_app_id,
            )
        except IntegrationsError as error:
            self.app_notice = error.message
            return
        await self._load_apps()
        self.app_notice = "Registered. New connections are made with it."

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def delete_app(self, app_id: str) -> None:
        """Forget an own app that no connection uses."""
        self.app_notice = ""
        try:
            await apps.delete_app(hub(), current_actor(self), app_id)
        except IntegrationsError as error:
            self.app_notice = error.message
        await self._load_apps()

    async def _load_apps(self) -> None:
        if self._provider().oauth is None:
            self.app_lines = []
            return
        described = await apps.describe_app(hub(), current_actor(self), self.provider_key)
        self.app_lines, self.app_scopes = app_lines(described), ", ".join(described.scopes)
        self.new_app_id, self.new_callback_url = described.new_app_id, described.new_callback_url
        self.new_refusal = described.new_refusal
        self.app_help, self.app_manifest = split_help(described.help)

    async def _row(self, connection_id: str) -> ConnectionView | None:
        if connection_id in (NEW, ""):
            return None
        try:
            return await service.get(hub(), current_actor(self), connection_id)
        except NotFound:
            return None

    async def _act(self, act: Awaitable[object]) -> None:
        wrong = await said(act)
        if wrong:
            self._say(wrong, ok=False)
        await self._refresh(KINDS)

    def _say(self, words: str, *, ok: bool) -> None:
        self.notice, self.notice_ok = words, ok

    def _provider(self) -> Provider:
        return hub().registry.get(self.provider_key)


def _after_saving(saved: ConnectionView) -> str:
    return "Saved. Press Continue above to sign in there." if saved.status == "pending" else "Saved."
