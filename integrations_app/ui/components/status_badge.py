"""Status: always a dot and a word."""

import reflex as rx

from integrations_app.ui.theme import STATUS_COLORS


def status_badge(status: rx.Var[str], word: rx.Var[str]) -> rx.Component:
    """Draw `status` (a key of STATUS_COLORS) as a dot and `word` beside it."""
    dot = rx.match(
        status,
        *[(key, _dot(color)) for key, color in STATUS_COLORS.items()],
        _dot("gray"),
    )
    return rx.hstack(dot, rx.text(word, size="2", weight="medium", as_="span"), align="center", spacing="2")


def _dot(color: str) -> rx.Component:
    return rx.box(
        width="8px",
        height="8px",
        border_radius="999px",
        flex_shrink="0",
        background=f"var(--{color}-9)",
        aria_hidden="true",
    )
