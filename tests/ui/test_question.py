"""A question before a loss: what its button does cannot find the question gone."""

from typing import Any

import pytest

from integrations_app.ui.components.question import act_button
from integrations_app.ui.pages.bulk_replay_state import BulkReplayState

BACKGROUND: Any = BulkReplayState.replay


def test_a_button_takes_the_question_before_the_dialog_closes_behind_it() -> None:
    act_button("Replay failed runs", BulkReplayState.go)
    with pytest.raises(TypeError, match="take the question first"):
        act_button("Replay failed runs", BACKGROUND)
    with pytest.raises(TypeError, match="take the question first"):
        act_button("Replay failed runs", BACKGROUND())
