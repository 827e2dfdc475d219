"""Further pages of a GET: by the Link header (RFC 8288), by a cursor of the answer, or by number."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from integrations_app.errors import InvalidInput, Rejected
from integrations_app.providers.webhook.answer import JSON_LIMIT, Answer, at_path, values_of
from integrations_app.providers.webhook.parameters import Call

ITEMS_LIMIT = JSON_LIMIT - 64 * 1024
"""Characters; the rest of what a step may give is for the headers and named outputs."""
_BETWEEN = re.compile(r",\s*<")


@dataclass(frozen=True, slots=True)
class Page:
    """Where the next page is asked for: an address, and the query beside it."""

    address: str
    query: Mapping[str, str]


@dataclass(slots=True)
class Pager:
    """Gathers the items of pages and says where the next one is; ends at the caps and where a page comes again."""

    params: Call
    items: list[Any] = field(default_factory=list)
    pages: int = 0
    truncated: bool = False
    _seen: set[str] = field(default_factory=set)
    _size: int = 0
    """Characters of all items as JSON."""

    def first(self) -> Page:
        """The first page. Raises InvalidInput for a method that is not GET."""
        if self.params.method != "GET":
            raise InvalidInput({"paginate": "works with GET only"})
        return self._page(str(self.params.first_page) if self.params.paginate == "page" else "")

    def take(self, answer: Answer, url: str, *, enough: bool = False) -> Page | None:
        """Keep a page's items; where the next one is, None at the end, or when `enough` bytes came.

        A page with which the items would be more than a step may give is left out.
        Raises Rejected `no_items` without a list.
        """
        found = at_path(values_of(answer), self.params.items_path)
        if not isinstance(found, list):
            raise Rejected("no_items", f"There is no list of items at {self.params.items_path}.")
        room = self.params.max_items - len(self.items)
        self._size += len(json.dumps(found[:room]))
        if self.items and self._size > ITEMS_LIMIT:
            self.truncated = True
            return None
        self.pages += 1
        self.items += found
        following = self._next(answer, url, found)
        full = enough or len(self.items) >= self.params.max_items or self.pages >= self.params.max_pages
        self.truncated = answer.truncated or len(self.items) > self.params.max_items or (full and following is not None)
        del self.items[self.params.max_items :]
        return None if full else following

    def _next(self, answer: Answer, url: str, found: list[Any]) -> Page | None:
        kind = self.params.paginate
        if kind == "link":
            return self._once(self._linked(answer, url))
        if kind == "page":
            return self._page(str(self.params.first_page + self.pages)) if found else None
        cursor = at_path(values_of(answer), self.params.cursor_path)
        return self._once(str(cursor) if isinstance(cursor, str | int) and not isinstance(cursor, bool) else "")

    def _once(self, mark: str) -> Page | None:
        """The page that a cursor or a link names, unless it was there before."""
        if not mark or mark in self._seen:
            return None
        self._seen.add(mark)
        return self._page(mark)

    def _page(self, mark: str) -> Page:
        params, kind = self.params, self.params.paginate
        if kind == "link" and mark:
            return Page(mark, {})
        named = {"cursor": params.cursor_parameter, "page": params.page_parameter}.get(kind, "")
        return Page(params.path_or_url, {**params.query, **({named: mark} if named and mark else {})})

    @staticmethod
    def _linked(answer: Answer, url: str) -> str:
        found = next_in(answer.headers.get("link", ""))
        return urljoin(url, found) if found else ""


def next_in(link: str) -> str:
    """The target of `rel="next"` in a Link header (RFC 8288), empty without one; in time by its length."""
    for one in _BETWEEN.split(link):
        target, closed, rest = one.strip().removeprefix("<").partition(">")
        for attribute in rest.split(";") if closed else ():
            name, _, value = attribute.partition("=")
            if name.strip().lower() == "rel" and "next" in value.strip().strip('"').lower().split():
                return target
    return ""
