"""Searching through pages, and remembering them for a minute."""

import pytest

from integrations_app.sdk.forms import Choice, ChoiceQuery
from integrations_app.sdk.pages import LIFE_SECONDS, MOST_PAGES, PageMemory, search_pages


async def load(cursor: str) -> tuple[list[Choice], str]:
    """Ten pages of ten."""
    number = int(cursor or "0")
    choices = [Choice(f"v{number}{index}", f"Label {number}{index}", "hint") for index in range(10)]
    return choices, str(number + 1) if number < 9 else ""


async def test_without_a_search_it_stops_when_there_is_enough() -> None:
    page = await search_pages(ChoiceQuery(), load, enough=15)
    assert (len(page.choices), page.cursor) == (20, "2")
    rest = await search_pages(ChoiceQuery(cursor=page.cursor), load, most=20, enough=1000)
    assert (len(rest.choices), rest.cursor) == (80, None)


@pytest.mark.parametrize(("search", "found"), [("label 42", 1), ("V42", 1), ("#v42 ", 1), ("HINT", 50), ("none", 0)])
async def test_label_value_and_hint_are_searched(search: str, found: int) -> None:
    page = await search_pages(ChoiceQuery(search), load)
    assert len(page.choices) == found


async def test_a_search_reads_so_many_pages_and_says_where_to_go_on() -> None:
    page = await search_pages(ChoiceQuery("label 9"), load)
    assert (page.choices, page.cursor) == ((), "5")
    assert len((await search_pages(ChoiceQuery("label 9", cursor="5"), load)).choices) == 10


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_pages_are_kept_for_a_minute_and_errors_are_not() -> None:
    clock, calls = Clock(), []

    async def answer() -> int:
        calls.append(clock.now)
        if len(calls) == 1:
            raise LookupError
        return len(calls)

    memory: PageMemory[int] = PageMemory(clock)
    with pytest.raises(LookupError):
        await memory.get(("a",), answer)
    assert [await memory.get(("a",), answer) for _ in range(3)] == [2, 2, 2]
    assert await memory.get(("b",), answer) == 3
    clock.now = LIFE_SECONDS
    assert await memory.get(("a",), answer) == 4


async def test_the_memory_is_bounded() -> None:
    memory: PageMemory[int] = PageMemory(Clock())
    calls = []

    async def answer() -> int:
        calls.append(1)
        return 1

    for number in range(MOST_PAGES + 1):
        await memory.get((str(number),), answer)
    await memory.get((str(MOST_PAGES),), answer)
    assert len(calls) == MOST_PAGES + 1
    await memory.get(("0",), answer)
    assert len(calls) == MOST_PAGES + 2
