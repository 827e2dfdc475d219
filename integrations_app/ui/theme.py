"""The look in one place: spacing, colours by meaning, widths. Radix tokens only, so both themes follow."""

from typing import Any

Style = dict[str, Any]

ACCENT = "indigo"
RADIUS = "medium"
PAGE_WIDTH = "1120px"
READING_WIDTH = "720px"
SIDEBAR_WIDTH = "224px"
BAR_HEIGHT = "56px"

STATUS_COLORS: dict[str, str] = {
    "connected": "green",
    "succeeded": "green",
    "pending": "amber",
    "running": "blue",
    "waiting": "amber",
    "queued": "gray",
    "needs_reauth": "red",
    "error": "red",
    "failed": "red",
    "held": "orange",
    "paused": "gray",
    "disconnected": "gray",
    "cancelled": "gray",
    "skipped": "gray",
    "none": "gray",
}
"""Colour scale of Radix by status; a word always stands beside the dot."""

SURFACE: Style = {"background": "var(--color-background)", "color": "var(--gray-12)"}
MUTED: Style = {"color": "var(--gray-11)"}
LINE = "1px solid var(--gray-a5)"

CARD_GRID: Style = {
    "display": "grid",
    "grid_template_columns": "repeat(auto-fill, minmax(min(100%, 330px), 1fr))",
    "gap": "16px",
    "width": "100%",
    "align_items": "stretch",
}

TRUNCATE: Style = {"overflow": "hidden", "text_overflow": "ellipsis", "white_space": "nowrap", "min_width": "0"}
WRAP_ANYWHERE: Style = {"overflow_wrap": "anywhere", "min_width": "0"}
VISUALLY_HIDDEN: Style = {
    "position": "absolute",
    "width": "1px",
    "height": "1px",
    "overflow": "hidden",
    "clip_path": "inset(50%)",
    "white_space": "nowrap",
}
