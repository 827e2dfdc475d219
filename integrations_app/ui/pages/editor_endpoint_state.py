"""The webhook trigger's own address: chosen among those there are, or opened from the editor."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex_base.event import EventSpec

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.kit.secret import Secret
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.forms import Choice
from integrations_app.ui.components.one_time_secret import hand_over
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.editor_document import set_config
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.ui.session import current_actor
from integrations_app.workflows import service
from integrations_app.workflows.definition import WEBHOOK
from integrations_app.workflows.endpoints import create_endpoint, delete_endpoint, list_endpoints, rotate_endpoint
from integrations_app.workflows.inbound import NONE

WAYS = (
    Choice("hmac_sha256", "Signature (X-Hub-Signature-256)"),
    Choice("standard_webhooks", "Signature (Standard Webhooks)"),
    Choice("bearer", "Bearer token"),
    Choice("basic", "User and password"),
    Choice("api_key", "API key"),
    Choice("none", "None: whoever knows the address"),
)
"""Ways that no vendor owns; those of vendors come from the registry."""
UNSIGNED_REFUSED = "Say that anybody may start the workflow, or choose how senders prove who they are."
ACTS = frozenset({"rotate", "delete"})
SECRET_BOX = "endpoint-secret"  # noqa: S105 - where it is shown
SHOWN_ONCE = "shown once to the person who opened the endpoint or replaced its secret"


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
    endpoint_notice: str = ""
    endpoint_ok: bool = True
    _asked_id: str = ""

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def ask_endpoint(self, open_: bool = True) -> None:
        """Open or close the form for a new address."""
        self.opening, self.opening_error, self.endpoint_notice = open_, "", ""
        self.opened_in, self.asked = self.workflow_id, ""
        vendors = [Choice(kind, name) for kind, name in hub().registry.senders]
        self.ways = [*WAYS[:-1], *vendors, WAYS[-1]]

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def create_endpoint(self, form: dict[str, str]) -> AsyncIterator[EventSpec]:
        """Open the address and let the workflow listen on it."""
        name, kind, given = str(form.get("name", "")).strip(), str(form.get("kind", "")), form.get("secret", "").strip()
        if kind == NONE and not form.get("unsigned"):
            self.opening_error = UNSIGNED_REFUSED
            return
        secret = Secret(given) if given and kind != NONE else None
        try:
            made = await create_endpoint(hub(), current_actor(self), name, kind, secret)
        except InvalidInput as error:
            self.opening_error = "; ".join(f"{part.capitalize()} {why}." for part, why in error.fields.items())
            return
        except IntegrationsError as error:
            self.opening_error = error.message or error.code
            return
        self.opening, self.opening_error = False, ""
        self.secret_of = made.row.name
        yield hand_over(SECRET_BOX, made.secret.reveal(SHOWN_ONCE) if made.secret and secret is None else "")
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
        self._asked_id, self.asked_name = endpoint_id, known[endpoint_id].name
        self.asked_listeners, drafts = await listeners_of(current_actor(self), endpoint_id)
        self.asked_drafts = [name for workflow_id, name in drafts if workflow_id != self.workflow_id]
        self.asked = act

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def keep_endpoint(self, open_: bool = False) -> None:
        """Close the question without doing anything."""
        if not open_:
            self.asked = ""

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def rotate(self) -> EventSpec | None:
        """Replace the secret and show the new one this once."""
        self.asked = ""
        try:
            made = await rotate_endpoint(hub(), current_actor(self), self._asked_id)
        except IntegrationsError as error:
            self.endpoint_notice, self.endpoint_ok = error.message or error.code, False
            return None
        self.secret_of = made.row.name
        self.endpoint_notice, self.endpoint_ok = "The former secret is refused from now on.", True
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


async def listeners_of(actor: Actor, endpoint_id: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Names of the live workflows that listen on an endpoint; id and name of those whose draft names it."""
    live: list[str] = []
    drafts: list[tuple[str, str]] = []
    cursor, more = "", True
    while more:
        page = await service.list_by_organization(hub(), actor, cursor=cursor)
        for row in page.items:
            if row.trigger_type != WEBHOOK and row.published_number is None:
                continue
            detail = await service.get(hub(), actor, row.id)
            if _listens(detail.live, endpoint_id):
                live.append(row.name)
            elif _listens(detail.draft, endpoint_id):
                drafts.append((row.id, row.name))
        cursor = page.next_cursor
        more = bool(cursor)
    return live, drafts


def _listens(document: Mapping[str, Any] | None, endpoint_id: str) -> bool:
    trigger = (document or {}).get("trigger") or {}
    return trigger.get("type") == WEBHOOK and (trigger.get("config") or {}).get("endpoint") == endpoint_id
