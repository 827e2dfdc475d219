"""The audit page: who did what, when, from where."""

from dataclasses import dataclass

import reflex as rx

from integrations_app.organizations import audit as chain
from integrations_app.organizations.models import AuditEvent
from integrations_app.organizations.permissions import Permission
from integrations_app.ui import theme
from integrations_app.ui.components.relative_time import relative_time
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.ui.shell import page_heading, shell

PAGE_SIZE = 50


@dataclass(frozen=True)
class AuditLine:
    """One act."""

    sequence: int
    at: str
    actor: str
    name: str
    subject: str
    detail: str
    address: str


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
        self.lines = [*self.lines, *[_line(event) for event in page.items]]
        self.next_cursor, self.loaded = page.next_cursor, True


def _line(event: AuditEvent) -> AuditLine:
    detail = ", ".join(f"{name}: {value}" for name, value in event.detail.items())
    return AuditLine(
        event.sequence, event.at.isoformat(), event.actor, event.name, event.subject, detail, event.address
    )


def audit() -> rx.Component:
    """Compose the page."""
    return shell(
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
        rx.cond(AuditState.loaded, _table(), rx.skeleton(height="320px", width="100%")),
        rx.cond(
            AuditState.next_cursor != "",
            rx.button("Show older", variant="soft", color_scheme="gray", on_click=AuditState.more, margin_top="16px"),
        ),
        active="/audit",
    )


def _table() -> rx.Component:
    return rx.cond(
        AuditState.lines.length() > 0,
        rx.box(
            rx.table.root(
                rx.table.header(
                    rx.table.row(*[rx.table.column_header_cell(name) for name in ("When", "Who", "What", "On")])
                ),
                rx.table.body(rx.foreach(AuditState.lines, _row)),
                size="1",
                width="100%",
            ),
            overflow_x="auto",
            tab_index=0,
            role="region",
            aria_label="Acts",
        ),
        rx.text("No act has this name.", style=theme.MUTED),
    )


def _row(line: rx.Var[AuditLine]) -> rx.Component:
    return rx.table.row(
        rx.table.cell(relative_time(at=line.at), white_space="nowrap"),
        rx.table.cell(line.actor, rx.cond(line.address != "", rx.text(line.address, size="1", style=theme.MUTED))),
        rx.table.row_header_cell(rx.code(line.name, variant="ghost")),
        rx.table.cell(
            rx.text(line.subject, size="1", style=theme.WRAP_ANYWHERE),
            rx.text(line.detail, size="1", style={**theme.MUTED, **theme.WRAP_ANYWHERE}),
        ),
    )
