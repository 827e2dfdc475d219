"""The audit page: who did what, when, from where."""

import reflex as rx

from integrations_app.organizations import audit as chain
from integrations_app.organizations.permissions import Permission
from integrations_app.ui import theme
from integrations_app.ui.components.audit_table import AuditLine, audit_line, audit_table
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.ui.shell import page_heading, shell

PAGE_SIZE = 50


class AuditState(SessionState):
    """What one tab shows of the audit."""

    lines: list[AuditLine] = []
    loaded: bool = False
    only: str = ""
    next_cursor: str = ""
    verified: str = ""
    intact: bool = True

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    async def load(self) -> None:
        """Show the newest acts."""
        self.lines, self.next_cursor = [], ""
        await self._more()

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    async def find(self, words: str) -> None:
        """Show only acts whose name begins so."""
        self.only = words.strip()
        self.lines, self.next_cursor = [], ""
        await self._more()

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    async def more(self) -> None:
        """Show older acts below."""
        await self._more()

    @rx.event
    @guard(Permission.MANAGE_MEMBERS)
    async def verify(self) -> None:
        """Check every link of the chain."""
        actor = current_actor(self)
        broken = await hub().database.read(lambda session: chain.verify(session, hub().keyring, actor.organization_id))
        self.intact = broken is None
        self.verified = "Chain verified: nothing was changed." if broken is None else f"Broken at number {broken}."

    async def _more(self) -> None:
        actor = current_actor(self)
        wanted = chain.Filters(name=f"{self.only}.*" if self.only and not self.only.endswith("*") else self.only)
        page = await hub().database.read(
            lambda session: chain.list_events(
                session, actor.organization_id, wanted, cursor=self.next_cursor, limit=PAGE_SIZE
            )
        )
        self.lines = [*self.lines, *[audit_line(event) for event in page.items]]
        self.next_cursor, self.loaded = page.next_cursor, True


def audit() -> rx.Component:
    """Compose the page."""
    refused = (AuditState.role != "") & ~AuditState.can_manage_members
    return shell(
        rx.cond(
            refused,
            page_heading("Audit", line=rx.text("Only admins and owners may read the audit.", style=theme.MUTED)),
            rx.fragment(*_chain()),
        ),
        active="/audit",
    )


def _chain() -> list[rx.Component]:
    return [
        page_heading(
            "Audit",
            rx.button("Verify chain", variant="soft", on_click=AuditState.verify),
            line=rx.text(
                "Every act in this organization, each signed together with the one before.", style=theme.MUTED
            ),
        ),
        rx.text(
            AuditState.verified,
            role="status",
            size="2",
            color=rx.cond(AuditState.intact, "var(--green-11)", "var(--red-11)"),
            min_height="20px",
        ),
        rx.input(
            placeholder="Filter by act, for example connection",
            aria_label="Filter by act",
            on_change=AuditState.find.debounce(300),
            max_width="340px",
            margin_block="12px",
        ),
        rx.cond(
            AuditState.loaded,
            audit_table(AuditState.lines, "No act has this name."),
            rx.skeleton(height="320px", width="100%"),
        ),
        rx.cond(
            AuditState.next_cursor != "",
            rx.button("Show older", variant="soft", color_scheme="gray", on_click=AuditState.more, margin_top="16px"),
        ),
    ]
