"""Failed runs chosen and replayed together: the bar above the list, the question, and how far it has come."""

from typing import Any

import reflex as rx

from integrations_app.ui import theme
from integrations_app.ui.components.question import act_button, named, question
from integrations_app.ui.pages.bulk_replay_state import BulkReplayState as State
from integrations_app.ui.pages.run_rows import RunLine

FAILED = "failed"


def selects() -> Any:
    """Whether runs can be chosen: an editor looks at the failed ones."""
    return State.can_edit & (State.status == FAILED) & (State.lines.length() > 0)


def chooser(line: rx.Var[RunLine]) -> rx.Component:
    """The box that chooses a run."""
    return rx.checkbox(
        checked=State.chosen.contains(line.id),
        on_change=lambda _checked: State.toggle(line.id),
        aria_label=rx.Var.create("Choose run ") + line.short_id,
        class_name="run-chooser",
    )


def replay_bar() -> rx.Component:
    """Choose what is shown or all that match, then replay."""
    count = State.chosen.length()
    return rx.flex(
        rx.el.label(
            rx.checkbox(
                checked=State.all_shown,
                on_change=lambda _checked: State.toggle_shown(),
                aria_label="Choose all shown",
            ),
            rx.text("Choose all shown", size="2", as_="span"),
            class_name="choose-shown",
        ),
        rx.cond(
            State.all_shown & (State.matching > count),
            rx.button(
                "Choose all ", State.matching, " that match", variant="ghost", size="2", on_click=State.choose_all
            ),
        ),
        rx.spacer(),
        rx.text(count, " chosen", size="2", style=theme.MUTED, role="status"),
        rx.button("Replay failed runs", size="2", disabled=(count == 0) | State.progress.running, on_click=State.ask),
        spacing="3",
        align="center",
        wrap="wrap",
        on_mount=State.clear,
        class_name="replay-bar",
    )


def replay_progress() -> rx.Component:
    """What is under way, and what it came to."""
    shown = State.progress
    return rx.el.div(
        rx.cond(
            shown.total > 0,
            rx.flex(
                rx.cond(
                    shown.running,
                    rx.fragment(
                        rx.text("Replaying ", shown.done, " of ", shown.total, "…", size="2"),
                        rx.progress(value=shown.done, max=shown.total, width="160px", aria_label="Replayed runs"),
                    ),
                    rx.fragment(
                        rx.box(
                            rx.text(shown.words, size="2"), rx.cond(shown.reasons.length() > 0, named(shown.reasons))
                        ),
                        rx.spacer(),
                        rx.button("Dismiss", variant="ghost", size="2", color_scheme="gray", on_click=State.dismiss),
                    ),
                ),
                spacing="3",
                align="center",
                wrap="wrap",
                class_name="replay-progress",
            ),
        ),
        role="status",
        aria_label="Replay",
    )


def replay_question() -> rx.Component:
    """Names how many runs of which workflows, and lets one choose where and on which version each begins."""
    asked = State.question
    return question(
        rx.box(named(asked.workflows), margin_top="8px"),
        _choice(
            "Begin at", asked.begin, State.begin_at, ("failed_step", "The step that failed"), ("start", "The start")
        ),
        _choice(
            "Version",
            asked.version,
            State.choose_version,
            ("original", "The one that failed"),
            ("latest", "The one that is live now"),
        ),
        title=rx.cond(asked.count == 1, "Replay 1 failed run?", rx.fragment("Replay ", asked.count, " failed runs?")),
        words=rx.cond(
            asked.begin == "start",
            "Each runs again with the same input, every step of it: what steps have done already is done once more.",
            "Each runs again with the same input. What came before the failed step is taken over, not done again.",
        ),
        act=act_button("Replay failed runs", State.go, destructive=False),
        keep="Leave them",
        opened=asked.act != "",
        on_open_change=State.keep,
    )


def _choice(label: str, value: Any, on_change: rx.event.EventType[str], *options: tuple[str, str]) -> rx.Component:
    return rx.el.label(
        rx.text(label, size="2", weight="medium", as_="span"),
        rx.el.select(
            *[rx.el.option(words, value=name) for name, words in options],
            value=value,
            on_change=on_change,
            class_name="native-select",
        ),
        class_name="arrival-need replay-choice",
    )
