"""The Activity tab of a provider: who connected, tested, renewed or cut its connections, and when."""

import reflex as rx
from sqlmodel import Session

from integrations_app.connections import service
from integrations_app.organizations import audit as chain
from integrations_app.organizations.models import AuditEvent
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.components.audit_table import AuditLine, audit_line, audit_table
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.session import SessionState, current_actor

SHOWN = 50


class ActivityState(SessionState):
    """What one tab shows of a provider's acts."""

    acts: list[AuditLine] = []

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    async def show(self, provider_key: str) -> None:
        """Read the newest acts on every connection of the provider, disconnected ones included."""
        actor = current_actor(self)
        connections = await service.list_by_organization(hub(), actor, provider_key)

        def read(session: Session) -> list[AuditEvent]:
            wanted = [chain.Filters(subject=f"connection:{one.id}") for one in connections]
            pages = [chain.list_events(session, actor.organization_id, one, limit=SHOWN) for one in wanted]
            return [event for page in pages for event in page.items]

        found = await hub().database.read(read)
        newest = sorted(found, key=lambda event: event.sequence, reverse=True)[:SHOWN]
        self.acts = [audit_line(event) for event in newest]


def activity() -> rx.Component:
    """Compose the tab."""
    return audit_table(ActivityState.acts, "Nothing has happened here yet.")
