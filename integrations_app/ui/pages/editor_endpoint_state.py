"""The webhook trigger's own address: chosen among those there are, or opened from the editor."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex_base.event import EventSpec

from integrations_app.errors import IntegrationsError
from integrations_app.organizations.permissions import Permission
from integrations_app.sdk.forms import Choice
from integrations_app.ui.components.one_time_secret import hand_over
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.editor_document import set_config
from integrations_app.ui.pages.endpoint_opening import (
    DAY,
    GRACES,
    ROTATED,
    ROTATED_AT_ONCE,
    SECRET_BOX,
    SHOWN_ONCE,
    grace_of,
    new_secret_of,
    open_endpoint,
    ways,
)
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.ui.session import current_actor
from integrations_app.workflows.definition import WEBHOOK
from integrations_app.workflows.endpoint_overview import users_of
from integrations_app.workflows.endpoints import delete_endpoint, list_endpoints, rotate_endpoint

ACTS = frozenset({"rotate", "delete"})


class EditorEndpointState(WorkflowEditorState):
    """Opening an address for the trigger."""

    opening: bool = False
    opened_in: str = ""
    """The workflow that the form, the question and the notice belong to; another one shows none of them."""
    opening_error: str = ""
    ways: list[Choice] = []
    secret_of: str = ""
    """The endpoint whose secret the box on the page shows; the secret itself is in no var."""
    asked: str = ""
    """`rotate` or `delete`, while the question is open."""
    asked_name: str = ""
    asked_listeners: list[str] = []
    """The live workflows that listen on it."""
    asked_drafts: list[str] = []
    """Those whose draft names it, but this one."""
    grace: str = DAY
    """A key of GRACES."""
    endpoint_notice: str = ""
    endpoint_ok: bool = True
    _asked_id: str = ""

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def ask_endpoint(self, open_: bool = True) -> None:
        """Open or close the form for a new address."""
        self.opening, self.opening_error, self.endpoint_notice = open_, "", ""
        self.opened_in, self.asked = self.workflow_id, ""
        self.ways = ways()

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def create_endpoint(self, form: dict[str, str]) -> AsyncIterator[EventSpec]:
        """Open the address and let the workflow listen on it."""
        made = await open_endpoint(current_actor(self), form)
        if isinstance(made, str):
            self.opening_error = made
            return
        self.opening, self.opening_error = False, ""
        self.secret_of = made.row.name
        yield hand_over(SECRET_BOX, new_secret_of(made, form))
        await self._edit(set_config(self._document(), "endpoint", made.row.id))

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def ask_about(self, act: str) -> None:
        """Open the question before the chosen endpoint is rotated (`rotate`) or deleted (`delete`)."""
        self.asked, self.endpoint_notice, self.opening, self.opened_in = "", "", False, self.workflow_id
        endpoint_id = str((self._document()["trigger"].get("config") or {}).get("endpoint") or "")
        known = {one.id: one for one in await list_endpoints(hub(), current_actor(self))}
        if endpoint_id not in known or act not in ACTS:
            await self._draw()
            return
        self._asked_id, self.asked_name, self.grace = endpoint_id, known[endpoint_id].name, DAY
        users = await users_of(hub(), current_actor(self), endpoint_id)
        self.asked_listeners = [name for _, name in users.live]
        self.asked_drafts = [name for workflow_id, name in users.drafts if workflow_id != self.workflow_id]
        self.asked = act

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def keep_endpoint(self, open_: bool = False) -> None:
        """Close the question without doing anything."""
        if not open_:
            self.asked = ""

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def choose_grace(self, grace: str) -> None:
        """Choose how long the present secret is taken too."""
        self.grace = grace if grace in GRACES else DAY

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def rotate(self) -> EventSpec | None:
        """Replace the secret and show the new one this once."""
        if self.asked != "rotate":
            return None  # the second of two clicks would end the secret that the first has kept
        self.asked = ""
        try:
            made = await rotate_endpoint(hub(), current_actor(self), self._asked_id, grace=grace_of(self.grace))
        except IntegrationsError as error:
            self.endpoint_notice, self.endpoint_ok = error.message or error.code, False
            return None
        self.secret_of = made.row.name
        self.endpoint_notice, self.endpoint_ok = ROTATED if made.row.former_until else ROTATED_AT_ONCE, True
        return hand_over(SECRET_BOX, made.secret.reveal(SHOWN_ONCE) if made.secret else "")

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def delete(self) -> AsyncIterator[EventSpec]:
        """Close the address for good; the draft names it no longer."""
        self.asked = ""
        try:
            await delete_endpoint(hub(), current_actor(self), self._asked_id)
        except IntegrationsError as error:
            self.endpoint_notice, self.endpoint_ok = error.message or error.code, False
            return
        yield hand_over(SECRET_BOX, "")
        document = self._document()
        if _listens(document, self._asked_id):
            await self._edit(set_config(document, "endpoint", None))
        else:
            await self._draw()
        self.endpoint_notice, self.endpoint_ok = f"Deleted “{self.asked_name}”.", True


def _listens(document: Mapping[str, Any] | None, endpoint_id: str) -> bool:
    trigger = (document or {}).get("trigger") or {}
    return trigger.get("type") == WEBHOOK and (trigger.get("config") or {}).get("endpoint") == endpoint_id
