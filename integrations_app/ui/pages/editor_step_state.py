"""Edits of the outline and of the selected step: each one is stored at once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import reflex as rx

from integrations_app.connections import service as connections
from integrations_app.errors import IntegrationsError, InvalidInput, NotFound
from integrations_app.organizations.permissions import Permission
from integrations_app.sdk.forms import ChoiceQuery, Field, form_fields
from integrations_app.ui.components.mapping_input import PickerOption
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages import editor_document as edit
from integrations_app.ui.pages.editor_document import TRIGGER, Document
from integrations_app.ui.pages.editor_panel import (
    CONNECT_NEW,
    SCHEDULE_FIELDS,
    connected_ids,
    only_connection,
)
from integrations_app.ui.pages.editor_panel_rows import OWN, Panel
from integrations_app.ui.pages.editor_rows import BUILT_IN_TRIGGERS, DELAY, STOP
from integrations_app.ui.pages.editor_values import missing_dependencies, with_config, with_field, with_option
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.ui.session import current_actor
from integrations_app.workflows.definition import SCHEDULE


class EditorStepState(WorkflowEditorState):
    """Adding, moving and changing steps."""

    adding: bool = False
    """The step picker is open."""
    removing: str = ""
    removing_title: str = ""
    removing_breaks: list[str] = []

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def show_picker(self, open_: bool = True) -> None:
        """Open or close the step picker."""
        self.adding = open_

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def add_step(self, kind: str) -> AsyncIterator[None]:
        """Add a step behind the selected one, or at the end while the trigger is selected."""
        self.adding = False
        document = self._document()
        if kind in {DELAY, STOP}:
            step = edit.delay_step(document) if kind == DELAY else edit.stop_step(document)
        else:
            provider, action = hub().registry.action(kind)
            offered = await connections.list_by_organization(hub(), current_actor(self), provider.key)
            step = edit.action_step(document, kind, action.title, only_connection(offered, provider.key))
        after = "" if self.selected == TRIGGER else self.selected
        self._show_missing, self._errors = False, {}
        self.selected, self.panel_open = step["key"], True
        self._stage(edit.with_step_added(document, step, after))
        yield
        await self._save()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def move_step(self, key: str, by: int) -> AsyncIterator[None]:
        """Move a step up or down by one place."""
        self._stage(edit.with_step_moved(self._document(), key, 1 if by > 0 else -1))
        yield
        await self._save()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def duplicate_step(self, key: str) -> AsyncIterator[None]:
        """Put a copy behind the step and select it."""
        document, made = edit.with_step_copied(self._document(), key)
        if made:
            self.selected = made
            self._stage(document)
            yield
            await self._save()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def ask_remove(self, key: str) -> None:
        """Ask before a step goes, naming the steps that read its output."""
        titles = {line.key: line.title for line in self.outline}
        document = self._document()
        self.removing, self.removing_title = key, titles.get(key, key)
        self.removing_breaks = [titles.get(reader, reader) for reader in edit.readers_of(document, key)]

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def keep_step(self, open_: bool = False) -> None:
        """Close the question without doing anything."""
        if not open_:
            self.removing = ""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def remove_step(self) -> AsyncIterator[None]:
        """Delete the step that was asked about."""
        key, self.removing = self.removing, ""
        document = self._document()
        if key == self.selected:
            self.selected, self._errors = edit.neighbour_of(document, key), {}
        self._stage(edit.with_step_removed(document, key))
        yield
        await self._save()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def rename(self, name: str) -> None:
        """Give the workflow another name, when its field is left."""
        await self._rename(name)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def submit_name(self, form: dict[str, str]) -> None:
        """Give the workflow another name, by Enter."""
        await self._rename(str(form.get("workflow_name", "")))

    async def _rename(self, name: str) -> None:
        document, name = self._document(), name.strip()[: edit.NAME_LENGTH]
        if name and name != document["name"]:
            self._stage(edit.with_name(document, name))
            await self._save()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def set_field(self, key: str, name: str, text: Any) -> AsyncIterator[None]:
        """Set a parameter of a step, or a setting of the trigger."""
        written = ("true" if text else "false") if isinstance(text, bool) else str(text)
        document = self._document()
        try:
            changed = with_typed(document, key, name, written)
        except InvalidInput as error:
            self._refuse(error.fields)
            await self._draw()
            return
        self._errors = {known: why for known, why in self._errors.items() if known != name}
        if changed == document:
            await self._draw()
            return
        self._stage(changed)
        yield
        await self._save()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def choose_action(self, key: str, reference: str) -> AsyncIterator[None]:
        """Let the step call another action of its provider."""
        document = self._document()
        step = edit.step_of(document, key)
        if step is None or not reference:
            return
        _, action = hub().registry.action(reference)
        former = next((one.title for one in self.outline if one.key == key), "")
        parameters = action.params.model_fields
        self._errors = {}
        self._stage(edit.with_action(document, key, reference, (self.panel.title or former, action.title), parameters))
        yield
        await self._save()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def choose_trigger(self, kind: str) -> AsyncIterator[None]:
        """Let the workflow begin with something else."""
        connection = ""
        if kind not in BUILT_IN_TRIGGERS:
            provider, _ = hub().registry.trigger(kind)
            offered = await connections.list_by_organization(hub(), current_actor(self), provider.key)
            connection = only_connection(offered, provider.key)
        self._errors, self._show_missing = {}, False
        self._stage(edit.with_trigger(self._document(), kind, connection))
        yield
        await self._save()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def choose_connection(self, key: str, connection_id: str) -> AsyncIterator[None]:
        """Use another connection, or begin to connect a new one without leaving the editor."""
        self.blocked, self.connecting = False, connection_id == CONNECT_NEW
        if self.connecting:
            offered = await connections.list_by_organization(hub(), current_actor(self), self.panel.provider)
            self._known_connections = connected_ids(offered)
            return
        document = self._document()
        changed = edit.with_connection(document, key, connection_id)
        if changed != document:
            self._stage(changed)
            yield
            await self._save()

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def popup_blocked(self) -> None:
        """Say what to do when the browser refused the window."""
        self.blocked = True

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def popup_opened(self) -> None:
        """Forget that an earlier window was refused."""
        self.blocked = False

    @rx.event(background=True)
    @guard(Permission.EDIT_WORKFLOWS)
    async def search_choices(self, key: str, name: str, words: str) -> None:
        """Load what a picker offers; the vendor is asked while nothing is locked."""
        async with self:
            actor, panel, document = current_actor(self), self.panel, self._document()
            if panel.key != key:
                return
            why = _not_askable(panel, document, name)
            self._mark(name, loading=not why, choices=[], error=why)
        if why:
            return
        found: list[PickerOption] = []
        query = ChoiceQuery(words, _inputs(document, key))
        try:
            page = await connections.choices(hub(), actor, panel.connection, panel.choice, name, query)
            found = [PickerOption(one.value, one.label, one.hint) for one in page.choices]
        except IntegrationsError as error:
            why = f"The list could not be loaded: {error.message or error.code}"
        async with self:
            if (self.panel.key, self.panel.choice) == (key, panel.choice):
                self._mark(name, loading=False, choices=found, error=why)

    def _mark(self, name: str, *, loading: bool, choices: list[PickerOption], error: str) -> None:
        fields = [
            replace(one, loading=loading, choices=choices, error=error or one.error) if one.name == name else one
            for one in self.panel.fields
        ]
        self.panel = replace(self.panel, fields=fields)


def with_typed(document: Document, key: str, name: str, text: str) -> Document:
    """Put what was typed where it belongs. InvalidInput `{name: why}` when it cannot stand there."""
    if key == TRIGGER:
        known = _trigger_field(str(document["trigger"]["type"]), name)
        return with_config(document, known, text)
    step = edit.step_of(document, key)
    if step is None:
        return document
    if name.startswith(OWN):
        try:
            return with_option(document, key, name.removeprefix(OWN), text)
        except InvalidInput as error:
            raise InvalidInput({OWN + part: why for part, why in error.fields.items()}) from None
    found = _action_field(str(step.get("action", "")), name)
    return with_field(document, key, found, text) if found else document


def _action_field(reference: str, name: str) -> Field | None:
    try:
        _, action = hub().registry.action(reference)
    except NotFound:
        return None
    return next((one for one in form_fields(action.params) if one.name == name), None)


def _trigger_field(kind: str, name: str) -> Field:
    plain = Field(name, name, "text")
    if kind == SCHEDULE:
        return next((one for one in SCHEDULE_FIELDS if one.name == name), plain)
    if kind in BUILT_IN_TRIGGERS:
        return plain
    _, trigger = hub().registry.trigger(kind)
    return next((one for one in form_fields(trigger.config) if one.name == name), plain)


def _inputs(document: Document, key: str) -> dict[str, Any]:
    if key == TRIGGER:
        return dict(document["trigger"].get("config") or {})
    return dict((edit.step_of(document, key) or {}).get("inputs") or {})


def _not_askable(panel: Panel, document: Document, name: str) -> str:
    """Why a picker cannot be filled now; empty when it can."""
    if not panel.connection:
        return f"Choose a connection to {panel.provider_name} to load the list."
    labels = {one.name: one.label for one in panel.fields}
    if panel.key == TRIGGER:
        known: Field | None = _trigger_field(panel.choice, name)
    else:
        known = _action_field(panel.choice, name)
    return missing_dependencies(known, _inputs(document, panel.key), labels) if known else ""
