"""Pages of pickers: search through them, and a short memory so that typing does not spend the vendor's rate limit."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from integrations_app.sdk.forms import Choice, ChoicePage, ChoiceQuery

T = TypeVar("T")

LIFE_SECONDS = 60.0
MOST_PAGES = 512


class PageMemory(Generic[T]):
    """Keeps answers for a minute, at most 512, the longest unused leaving first. One event loop only.

    The key must name the connection: what one connection may see is never shown to another.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, ...], tuple[float, T]] = OrderedDict()

    async def get(self, key: tuple[str, ...], load: Callable[[], Awaitable[T]]) -> T:
        """The kept page of this key, else what `load` answers (kept from now on; errors are not)."""
        found = self._kept.get(key)
        if found is not None and found[0] > self._clock():
            self._kept.move_to_end(key)
            return found[1]
        page = await load()
        self._kept[key] = (self._clock() + LIFE_SECONDS, page)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_PAGES:
            self._kept.popitem(last=False)
        return page


LoadPage = Callable[[str], Awaitable[tuple[list[Choice], str]]]
"""`(cursor, empty at first) -> (choices, next cursor, empty at the end)`"""


async def search_pages(query: ChoiceQuery, load: LoadPage, most: int = 5, enough: int = 50) -> ChoicePage:
    """Read pages until `enough` choices match what was typed, or `most` pages were read.

    The cursor of the answer says where to go on. For vendors that cannot search by themselves: a choice
    matches when its value, label or hint holds the text.
    """
    wanted = query.search.strip().lstrip("#@").casefold()
    found: list[Choice] = []
    cursor = query.cursor or ""
    for _ in range(most):
        choices, cursor = await load(cursor)
        found += [choice for choice in choices if wanted in f"{choice.label} {choice.value} {choice.hint}".casefold()]
        if not cursor or len(found) >= enough:
            break
    return ChoicePage(tuple(found), cursor or None)
