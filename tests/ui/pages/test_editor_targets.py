"""Where a problem leads: the id of the control that mends it; and JSON that people write, refused with its place."""

import pytest

from integrations_app.errors import InvalidInput
from integrations_app.ui.pages.editor_rows import target_of
from integrations_app.ui.pages.editor_samples import read_json


@pytest.mark.parametrize(
    ("owner", "within", "target"),
    [
        ("tell", "inputs.text", "tell-text"),
        ("tell", "inputs.body.a.0", "tell-body"),
        ("tell", "connection", "step-connection"),
        ("tell", "action", "step-action"),
        ("tell", "retry.attempts", "tell-own-attempts"),
        ("tell", "when", "tell-own-when"),
        ("decide", "branches.1.when", "decide-own-branch-1"),
        ("trigger", "config.cron", "trigger-cron"),
        ("trigger", "type", "trigger-type"),
        ("", "steps", ""),
    ],
)
def test_a_problem_names_its_control(owner: str, within: str, target: str) -> None:
    assert target_of(owner, within) == target


def test_json_that_is_none_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_json('{\n  "a": }', "value")
    assert caught.value.fields["value"].startswith("Line 2, column 8")
