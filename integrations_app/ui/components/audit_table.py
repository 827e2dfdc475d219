"""Acts of the audit as a table, for its own page and for the activity of one provider."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from integrations_app.organizations.models import AuditEvent
from integrations_app.ui import theme
from integrations_app.ui.components.relative_time import relative_time


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


def audit_line(event: AuditEvent) -> AuditLine:
    """Lay out one act."""
    detail = ", ".join(f"{name}: {value}" for name, value in event.detail.items())
    return AuditLine(
        event.sequence, event.at.isoformat(), event.actor, event.name, event.subject, detail, event.address
    )


def audit_table(lines: Any, empty: str) -> rx.Component:
    """Draw the lines (a var of a list of AuditLine); `empty` is said when there are none."""
    headers = [rx.table.column_header_cell(name) for name in ("When", "Who", "What", "On")]
    return rx.cond(
        lines.length() > 0,
        rx.box(
            rx.table.root(
                rx.table.header(rx.table.row(*headers)),
                rx.table.body(rx.foreach(lines, _row)),
                size="1",
                width="100%",
            ),
            overflow_x="auto",
            tab_index=0,
            role="region",
            aria_label="Acts",
        ),
        rx.text(empty, style=theme.MUTED),
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
