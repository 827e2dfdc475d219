"""What the framework quotes does not reach the log."""

import io
import logging

import pytest

from integrations_app.ui.quiet import LIMIT, quieten_frameworks

CANARY = "CNRY_quiet_0123456789abcdef0123456789abcdef"


@pytest.fixture
def log():
    root, text = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    root.handlers[:] = [logging.StreamHandler(text)]
    root.setLevel(logging.DEBUG)
    quieten_frameworks()
    yield text
    root.handlers[:], root.level = before, level


MESSAGES = [
    ("reflex.app", "Received event from session x with no associated token. Event data: {}"),
    ("reflex.app", "Received event data as a string. This may indicate a bug. Event data: {}"),
    (
        "reflex_base.event.processor.event_processor",
        "Error processing event queue entry for Event(name='a', payload={})",
    ),
    ("reflex_base.event.processor.base_state_processor", "Error transforming event argument 'a' with value '{}'"),
    ("reflex_base.event.processor.base_state_processor", "Error transforming event payload for handler S.x: value {}"),
    ("reflex_base.vars.base", "Expected field 'x' to receive int, but got '{}'"),
]


@pytest.mark.parametrize(("name", "message"), MESSAGES)
def test_quoted_values_are_cut(log, name, message):
    logging.getLogger(name).warning(message.format(CANARY))
    assert CANARY not in log.getvalue()
    assert log.getvalue().strip()
    assert len(log.getvalue()) <= LIMIT + 10


@pytest.mark.parametrize("name", ["socketio.server", "engineio.server", "reflex.app"])
def test_of_an_exception_only_type_and_place_stay(log, name):
    logging.getLogger(name).addHandler(logging.StreamHandler(log))
    quieten_frameworks()
    try:
        raise ValueError(f"Failed to deserialize {CANARY}\nsecond line")
    except ValueError:
        logging.getLogger(name).exception("message async handler error")
    lines = log.getvalue().splitlines()
    assert CANARY not in log.getvalue()
    assert len(lines) == 1
    assert "ValueError at test_quiet.py:" in lines[0]


def test_our_own_lines_are_untouched(log):
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("integrations_app.x").exception("Event data: kept")
    assert "Event data: kept" in log.getvalue()
    assert "ValueError: why" in log.getvalue()
