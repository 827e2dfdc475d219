"""The webhook trigger's own address: chosen among those there are, or opened from the editor."""

from collections.abc import AsyncIterator

import reflex as rx
from reflex_base.event import EventSpec

from integrations_app.errors import IntegrationsError, InvalidInput
from integrations_app.organizations.permissions import Permission
from integrations_app.sdk.forms import Choice
from integrations_app.ui.components.one_time_secret import hand_over
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.editor_document import with_trigger_set
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.ui.session import current_actor
from integrations_app.workflows.endpoints import create_endpoint

WAYS = (
    Choice("hmac_sha256", "Signature (X-Hub-Signature-256)"),
    Choice("standard_webhooks", "Signature (Standard Webhooks)"),
    Choice("bearer", "Bearer token"),
    Choice("basic", "User and password"),
    Choice("api_key", "API key"),
    Choice("none", "None: whoever knows the address"),
)
SECRET_BOX = "endpoint-secret"  # noqa: S105 - where it is shown
SHOWN_ONCE = "shown once to the person who opened the endpoint or replaced its secret"


class EditorEndpointState(WorkflowEditorState):
    """Opening an address for the trigger."""

    opening: bool = False
    opening_error: str = ""
    secret_of: str = ""
    """The endpoint whose secret the box on the page shows; the secret itself is in no var."""

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    def ask_endpoint(self, open_: bool = True) -> None:
        """Open or close the form for a new address."""
        self.opening, self.opening_error = open_, ""

    @rx.event
    @guard(Permission.MANAGE_CONNECTIONS)
    async def create_endpoint(self, form: dict[str, str]) -> AsyncIterator[EventSpec]:
        """Open the address and let the workflow listen on it."""
        name, kind = str(form.get("name", "")).strip(), str(form.get("kind", ""))
        try:
            made = await create_endpoint(hub(), current_actor(self), name, kind)
        except InvalidInput as error:
            self.opening_error = "; ".join(f"{part.capitalize()} {why}." for part, why in error.fields.items())
            return
        except IntegrationsError as error:
            self.opening_error = error.message or error.code
            return
        self.opening, self.opening_error = False, ""
        self.secret_of = made.row.name
        self._stage(with_trigger_set(self._document(), endpoint=made.row.id))
        yield hand_over(SECRET_BOX, made.secret.reveal(SHOWN_ONCE) if made.secret else "")
        await self._save()
