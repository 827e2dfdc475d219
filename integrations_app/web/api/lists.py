"""Lists in pages: what is asked with, cursors that go through a URL as they are, and the one shape of the answer."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from integrations_app.errors import InvalidInput

T = TypeVar("T")
Item = TypeVar("Item", bound=BaseModel)
MAX_CURSOR = 500


class Asking(BaseModel):
    """Parameters of a call; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")


class Paging(Asking):
    """Which page of a list."""

    limit: int = Field(default=50, ge=1, le=200, description="How many items at most.")
    cursor: str = Field(
        default="", max_length=MAX_CURSOR, description="`next_cursor` of the page before; leave it out for the first."
    )

    def after(self) -> str:
        """The service's own cursor; raises InvalidInput for one that we did not write."""
        try:
            return base64.b64decode(self.cursor, altchars=b"-_", validate=True).decode()
        except (binascii.Error, ValueError):
            raise InvalidInput({"cursor": "is not one of ours"}) from None


class Listed(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next_cursor: str | None
    """Hand it back as `cursor` for the next page; null at the end."""


class Json(JSONResponse):
    """JSON as we write it: times as ISO 8601 in UTC."""

    def render(self, content: Any) -> bytes:
        """The bytes of `content`."""
        try:
            return orjson.dumps(content, option=orjson.OPT_UTC_Z)
        except orjson.JSONEncodeError:
            # What was kept at orjson's own bound of 254 levels stands deeper in an answer.
            return json.dumps(content, default=_plain, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_UTC_Z))


def listed(items: Iterable[Any], next_cursor: str) -> Response:
    """The answer with one page; `next_cursor` is the service's, empty at the end."""
    return Json({"items": list(items), "next_cursor": written(next_cursor) if next_cursor else None})


def paged(rows: Iterable[T], paging: Paging, *, by: Callable[[T], Sequence[str]], show: Callable[[T], Any]) -> Response:
    """One page of rows that are all at hand, in the order of `by`, which tells any two apart."""
    ordered = sorted(rows, key=lambda row: list(by(row)))
    if paging.cursor:
        after = _key(paging)
        ordered = [row for row in ordered if list(by(row)) > after]
    page = ordered[: paging.limit]
    more = len(ordered) > len(page)
    return listed(map(show, page), orjson.dumps(list(by(page[-1]))).decode() if more else "")


def written(cursor: str) -> str:
    """A cursor in characters that mean nothing in a URL."""
    return base64.urlsafe_b64encode(cursor.encode()).decode()


def _key(paging: Paging) -> list[str]:
    try:
        found = orjson.loads(paging.after())
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list) or not found or not all(isinstance(part, str) for part in found):
        raise InvalidInput({"cursor": "is not one of ours"})
    return found
