"""Trying a connection from its page: the fields of one action, the request they make, and the answer it brought."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import reflex as rx
from reflex_base.event import EventCallback

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.sdk.actions import Action
from integrations_app.sdk.forms import form_fields
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.connection_state import NEW, ConnectionState
from integrations_app.ui.pages.editor_panel import Surroundings, parameter_fields
from integrations_app.ui.pages.editor_panel_rows import FieldGroup, StepField, grouped
from integrations_app.ui.pages.editor_trial_state import TrialView, trial_view
from integrations_app.ui.pages.editor_values import meant
from integrations_app.ui.pages.request_rows import RequestView, request_trouble, request_view
from integrations_app.ui.session import current_actor
from integrations_app.workflows import service

KEY = "try"


class TryState(ConnectionState):
    """The try-out of the chosen connection."""

    try_fields: list[StepField] = []
    try_groups: list[FieldGroup] = []
    try_request: RequestView = RequestView()
    try_result: TrialView = TrialView()
    paste_note: str = ""
    _inputs: str = "{}"

    @rx.event
    @guard(Permission.VIEW)
    async def begin_try(self) -> None:
        """Offer the action's fields for the connection that was chosen; what was typed stays."""
        if self.tries and self.can_edit:
            self.try_result = TrialView()
            await self._show_try({})

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def set_try(self, name: str, text: Any) -> None:
        """Set one parameter and show the request anew."""
        action = self._action()
        field = next((one for one in form_fields(action.params) if one.name == name), None) if action else None
        if field is None:
            return
        written = ("true" if text else "false") if isinstance(text, bool) else str(text)
        try:
            value = meant(field, written)
        except InvalidInput as error:
            await self._show_try(error.fields)
            return
        kept = {known: one for known, one in orjson.loads(self._inputs).items() if known != name}
        self._keep(kept if value is None else {**kept, name: value})
        await self._show_try({})

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def paste_try(self, form: dict[str, str]) -> None:
        """Fill the fields from a pasted text."""
        action = self._action()
        if action is None or action.paste is None:
            return
        try:
            read = action.paste.read(str(form.get("pasted", "")))
        except InvalidInput as error:
            self.paste_note = error.message
            return
        self.paste_note = "\n".join(("Filled in.", *read.notes))
        self._keep(dict(read.values))
        await self._show_try({})

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def send_try(self) -> EventCallback[()]:
        """Begin to send it, in turn behind the field that was left by the press of the button."""
        self.try_result = TrialView(self.chosen, running=True)
        return TryState.call_try

    @rx.event(background=True)
    @guard(Permission.EDIT_WORKFLOWS)
    async def call_try(self) -> None:
        """Send it, for real, while nothing is locked; the answer appears beside it."""
        async with self:
            actor, chosen, inputs, reference = current_actor(self), self.chosen, self._inputs, self._reference()
            if self.try_result != TrialView(chosen, running=True):
                return
        try:
            tried = await service.try_action(hub(), actor, chosen, reference, orjson.loads(inputs))
            shown = replace(trial_view(chosen, tried), inputs="")
        except IntegrationsError as error:
            shown = TrialView(chosen, error=error.message or error.code)
        async with self:
            if self.try_result == TrialView(chosen, running=True):
                self.try_result = shown

    async def _show_try(self, wrong: Mapping[str, str]) -> None:
        action = self._action()
        if action is None or self.chosen == NEW:
            self.try_fields, self.try_groups, self.try_request = [], [], RequestView()
            return
        inputs = orjson.loads(self._inputs)
        around = Surroundings(hub().registry, errors=wrong)
        drawn = parameter_fields(action.params, inputs, around, KEY, "inputs.", mapped=False)
        self.try_fields, self.try_groups = grouped(drawn)
        try:
            found = await service.preview_action(
                hub(), current_actor(self), self.chosen, self._reference(), orjson.loads(self._inputs)
            )
            self.try_request = request_view(found)
        except IntegrationsError as error:
            self.try_request = request_trouble(error)

    def _keep(self, inputs: dict[str, Any]) -> None:
        self._inputs = orjson.dumps(inputs).decode()

    def _reference(self) -> str:
        return f"{self.provider_key}.{self._provider().trial}"

    def _action(self) -> Action | None:
        return self._provider().action(self._provider().trial)
