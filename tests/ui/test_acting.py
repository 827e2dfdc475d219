"""What a page says of an act."""

import pytest

from integrations_app.errors import Conflict, IntegrationsError, NotFound
from integrations_app.ui.acting import said


async def fail(error: Exception) -> None:
    raise error


async def test_an_act_that_went_well_needs_no_words() -> None:
    async def work() -> str:
        return "made"

    assert await said(work()) == ""


@pytest.mark.parametrize(
    ("error", "words"),
    [(Conflict("taken", "Somebody else did it."), "Somebody else did it."), (Conflict("taken", ""), "taken")],
)
async def test_an_error_of_ours_is_said_in_its_words_or_by_its_code(error: IntegrationsError, words: str) -> None:
    assert await said(fail(error)) == words


async def test_a_thing_that_is_gone_is_said_in_words() -> None:
    assert await said(fail(NotFound())) != ""


async def test_other_errors_are_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        await said(fail(ZeroDivisionError()))
