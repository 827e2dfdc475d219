"""The ways a secret may be written, and a quick search of a text for all of them."""

import base64
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus

MIN_VALUE_BYTES = 4  # shorter values would blank out ordinary words
MAX_VALUE_BYTES = 16 * 1024  # larger ones are sealed documents, not keys; no line has room for them
_GRAM = MIN_VALUE_BYTES


class Spellings:
    """All spellings of the secrets that are alive; safe to use from several threads."""

    def __init__(self, values: Callable[[], Iterable[bytes]]) -> None:
        """`values` gives the secrets alive at a refresh."""
        self._values = values
        self._known: dict[bytes, tuple[str, ...]] = {}
        self._holders: Counter[str] = Counter()
        self._by_gram: dict[str, set[str]] = {}
        self._lock = threading.RLock()

    def find(self, text: str) -> list[str]:
        """The spellings that occur in `text`, longest first, as of the last `refresh`."""
        with self._lock:
            found = [spelling for spelling in self._candidates(text) if spelling in text]
        return sorted(found, key=len, reverse=True)

    def refresh(self) -> None:
        """Take up the secrets that are alive now and drop those that are gone."""
        with self._lock:
            self._refresh()

    def values(self) -> frozenset[bytes]:
        """The values whose spellings were known at the last refresh."""
        with self._lock:
            return frozenset(self._known)

    def _candidates(self, text: str) -> list[str]:
        """Few spellings are tried one by one; many are looked up by the first characters found in the text."""
        if len(self._holders) < len(text):
            return list(self._holders)
        grams = {text[start : start + _GRAM] for start in range(len(text) - _GRAM + 1)}
        return [spelling for gram in grams & self._by_gram.keys() for spelling in self._by_gram[gram]]

    def _refresh(self) -> None:
        alive = {value for value in self._values() if MIN_VALUE_BYTES <= len(value) <= MAX_VALUE_BYTES}
        for value in self._known.keys() - alive:
            self._forget(self._known.pop(value))
        for value in alive - self._known.keys():
            self._known[value] = spell(value)
            self._learn(self._known[value])

    def _learn(self, spellings: Iterable[str]) -> None:
        for spelling in spellings:
            self._holders[spelling] += 1
            self._by_gram.setdefault(spelling[:_GRAM], set()).add(spelling)

    def _forget(self, spellings: Iterable[str]) -> None:
        for spelling in spellings:
            self._holders[spelling] -= 1
            if self._holders[spelling]:
                continue
            del self._holders[spelling]
            starting = self._by_gram[spelling[:_GRAM]]
            starting.discard(spelling)
            if not starting:
                del self._by_gram[spelling[:_GRAM]]


def spell(value: bytes) -> tuple[str, ...]:
    """The ways a secret may be written: as it is, hex, Base64 at any alignment, URL-, JSON- and repr-escaped."""
    spellings = {value.hex(), value.hex().upper(), repr(value)[2:-1]}
    for offset in range(3):
        inner = _base64_inner(value, offset)
        spellings |= {inner, inner.translate(str.maketrans("+/", "-_"))}
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = ""
    if text:
        spellings |= {text, quote(text), quote(text, safe=""), quote_plus(text), repr(text)[1:-1]}
        spellings |= {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return tuple(spelling for spelling in spellings if len(spelling) >= MIN_VALUE_BYTES)


def _base64_inner(value: bytes, offset: int) -> str:
    """The Base64 characters that depend on `value` alone when `offset` bytes stand before it."""
    encoded = base64.b64encode(bytes(offset) + value).decode().rstrip("=")
    start = (0, 2, 3)[offset]
    end = len(encoded) - (1 if (offset + len(value)) % 3 else 0)
    return encoded[start:end]
