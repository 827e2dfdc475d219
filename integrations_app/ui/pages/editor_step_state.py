"""Edits of the outline and of the selected step: each one is stored at once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import reflex as rx

from integrations_app.connections import service as connections
from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.sdk.forms import ChoiceQuery
from integrations_app.ui.components.mapping_input import PickerOption
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages import editor_document as edit
from integrations_app.ui.pages.editor_document import TRIGGER, Document
from integrations_app.ui.pages.editor_panel import (
    CONNECT_NEW,
    connected_ids,
    only_connection,
)
from integrations_app.ui.pages.editor_panel_rows import StepField
from integrations_app.ui.pages.editor_rows import BUILT_IN_TRIGGERS, OWN_STEPS
from integrations_app.ui.pages.editor_schedule import schedule_choices
from integrations_app.ui.pages.editor_typing import inputs_of, not_askable, typed
from integrations_app.ui.pages.workflow_editor_state import SAVING, WorkflowEditorState
from integrations_app.ui.session import current_actor
from integrations_app.workflows.definition import SCHEDULE
from integrations_app.workflows.editing.commands import AddSteps, Place, RemoveBranch, RemoveStep
from integrations_app.workflows.editing.tree import keys_in

BEHIND = ("", -1, -1)
"""The place behind the selected step."""


class EditorStepState(WorkflowEditorState):
    """Adding, moving and changing steps."""

    adding: bool = False
    """The step picker is open."""
    removing: str = ""
    removing_title: str = ""
    removing_inside: int = 0
    """How many steps go with it."""
    removing_breaks: list[str] = []
    _into: tuple[str, int, int] = BEHIND
    """The step, the branch and the place to which the picker adds; a place below 0 is the end."""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def show_picker(self, open_: bool = True) -> None:
        """Open or close the step picker; what is chosen goes behind the selected step."""
        self.adding, self._into = open_, BEHIND

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def add_into(self, key: str, branch: int, index: int) -> None:
        """Open the step picker for a place in a branch, in a loop or at the top level (branch -1); below 0: the end."""
        self.adding, self._into = True, (key, branch, index)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def add_step(self, kind: str) -> AsyncIterator[None]:
        """Add a step where the picker was opened for."""
        self.adding = False
        document = self._document()
        if kind in OWN_STEPS:
            step = edit.own_step(document, kind)
        else:
            provider, action = hub().registry.action(kind)
            offered = await connections.list_by_organization(hub(), current_actor(self), provider.key)
            step = edit.action_step(document, kind, action.title, only_connection(offered, provider.key))
        place = self._place(document)
        self._show_missing, self.saved = False, SAVING
        yield
        await self._add(AddSteps(at=place, steps=[step]))

    async def _add(self, command: AddSteps) -> None:
        """Add the steps and show the first of them."""
        former = self.selected
        self.selected, self.panel_open, self._errors, self._typed = str(command.steps[0]["key"]), True, {}, {}
        self.connecting, self.blocked = False, False
        if not await self._edit(command):
            await self._select(former)

    def _place(self, document: Document) -> Place:
        """Where the picker was opened for: by default behind the selected step, at the end for the trigger."""
        parent, branch, index = self._into
        if index >= 0:
            return edit.place_at(parent, branch, index)
        if parent:
            return edit.end_of(document, parent, branch if branch >= 0 else None)
        return edit.place_behind(document, "" if self.selected == TRIGGER else self.selected)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def move_step(self, key: str, by: int) -> AsyncIterator[None]:
        """Move a step up or down by one line, into a neighbour and out of it."""
        self.saved = SAVING
        yield
        await self._edit(edit.moving(self._document(), key, 1 if by > 0 else -1))

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def duplicate_step(self, key: str) -> AsyncIterator[None]:
        """Put a copy behind the step and select it."""
        command = edit.copying(self._document(), key)
        self.saved = SAVING
        yield
        if command:
            await self._add(command)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def ask_remove(self, key: str) -> None:
        """Ask before a step goes, naming the steps that read its output."""
        titles = {line.key: line.title for line in self.outline if not line.heading}
        document = self._document()
        step = edit.step_of(document, key)
        inside = keys_in([step]) if step else [key]
        self.removing, self.removing_title, self.removing_inside = key, titles.get(key, key), len(inside) - 1
        self.removing_breaks = [titles.get(reader, reader) for reader in edit.readers_of(document, inside)]

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
        neighbour = edit.neighbour_of(self._document(), key) if key == self.selected else self.selected
        self.saved = SAVING
        yield
        if await self._edit(RemoveStep(key=key)) and neighbour != self.selected:
            was_open = self.panel_open
            await self._select(neighbour)
            self.panel_open = was_open

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
            await self._edit(edit.set_name(document, name))

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def set_field(self, key: str, name: str, text: Any, seen: str | None = None) -> AsyncIterator[None]:
        """Set a parameter of a step, or a setting of the trigger.

        `seen` is what stood in the field when somebody began to write there, when that may be something else by now.
        """
        written = ("true" if text else "false") if isinstance(text, bool) else str(text)
        document = self._document()
        self.saved = SAVING
        yield
        try:
            command = typed(document, key, name, written, seen)
        except InvalidInput as error:
            self._decline(error, name, written)
            await self._draw()
            return
        await self._edit(command, name, written)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def add_branch(self, key: str) -> AsyncIterator[None]:
        """Put one more branch into a condition."""
        self.saved = SAVING
        yield
        await self._edit(edit.adding_branch(self._document(), key))

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def remove_branch(self, key: str, number: int) -> AsyncIterator[None]:
        """Delete a branch of a condition with the steps inside; Undo brings them back."""
        self.saved = SAVING
        yield
        await self._edit(RemoveBranch(key=key, index=number))

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
        titles = (self.panel.title or former, action.title)
        self._errors, self._typed, self.saved = {}, {}, SAVING
        yield
        await self._edit(edit.with_action(document, key, reference, titles, action.params.model_fields))

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def choose_trigger(self, kind: str) -> AsyncIterator[None]:
        """Let the workflow begin with something else."""
        connection = ""
        if kind not in BUILT_IN_TRIGGERS:
            provider, _ = hub().registry.trigger(kind)
            offered = await connections.list_by_organization(hub(), current_actor(self), provider.key)
            connection = only_connection(offered, provider.key)
        self._errors, self._typed, self._show_missing, self.saved = {}, {}, False, SAVING
        yield
        await self._edit(edit.set_trigger(self._document(), kind, connection))

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def choose_connection(self, key: str, connection_id: str) -> AsyncIterator[None]:
        """Use another connection, or begin to connect a new one without leaving the editor."""
        self.blocked, self.connecting = False, connection_id == CONNECT_NEW
        if self.connecting:
            offered = await connections.list_by_organization(hub(), current_actor(self), self.panel.provider)
            self._known_connections = connected_ids(offered)
            return
        self.saved = SAVING
        yield
        await self._edit(edit.set_connection(self._document(), key, connection_id))

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
            if (key, panel.choice) == (TRIGGER, SCHEDULE):
                self._mark(name, loading=False, choices=schedule_choices(name, words))
                return
            why = not_askable(panel, document, name)
            self._mark(name, loading=not why, choices=[], unlisted=why)
        if why:
            return
        found: list[PickerOption] = []
        query = ChoiceQuery(words, inputs_of(document, key))
        try:
            page = await connections.choices(hub(), actor, panel.connection, panel.choice, name, query)
            found = [PickerOption(one.value, one.label, one.hint) for one in page.choices]
        except IntegrationsError as error:
            why = f"The list could not be loaded: {error.message or error.code}"
        async with self:
            if (self.panel.key, self.panel.choice) == (key, panel.choice):
                self._mark(name, loading=False, choices=found, unlisted=why)

    def _mark(self, name: str, *, loading: bool, choices: list[PickerOption], unlisted: str = "") -> None:
        def mark(one: StepField) -> StepField:
            if one.name != name:
                return one
            return replace(one, loading=loading, choices=choices, unlisted=unlisted)

        self.panel = self.panel.changed(mark)
