"""Tells where a document holds what looks like a secret, and writes it without them."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from integrations_app.kit.redact import REDACTED, SENSITIVE_KEY

# Narrower than what is kept out of logs: a document is refused for these, so a harmless text must not look like one.
_SHAPES = (
    r"\bbearer\s+[\w.~+/-]{16,}=*",
    r"\bbasic\s+(?=[A-Za-z0-9+/]*[0-9])[A-Za-z0-9+/]{16,}=*",
    r"(?<=://)[^/\s:@\"'{]{1,200}:[^/\s@\"'{]{1,500}@",
    r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?",
    r"\bwhsec_[\w+/=-]{16,}",
    r"\bintegrations_[0-9a-f]{64}\b",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?",
    (
        r"(?<![\w-])(?:\w+_)?(?:token|secret|password|passwd|api_?key)[\"']?\s{0,4}[:=]\s{0,4}[\"']?"
        r"(?=[\w.~+/-]*[0-9])[\w.~+/-]{12,}=*"
    ),
)
_EXPRESSION = "{{"


class SecretShapes:
    """What secrets look like: shapes that everybody knows, and those of vendors' tokens."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        """`patterns` are regular expressions of vendors' token shapes."""
        self._shapes = re.compile("|".join(f"(?:{one})" for one in _SHAPES), re.IGNORECASE)
        self._vendors = tuple(re.compile(one) for one in patterns)

    def places(self, document: Any) -> list[str]:
        """The dotted paths of texts that hold what looks like a secret; of keys too."""
        found: list[str] = []

        def note(path: str, text: str) -> str:
            found.append(path)
            return text

        self._walk(document, "", "", note)
        return found

    def without(self, document: Any) -> Any:
        """A copy with `[redacted]` in the place of every secret."""
        return self._walk(document, "", "", lambda _path, text: self._hidden(text))

    def _walk(self, value: Any, path: str, key: str, found: Callable[[str, str], str]) -> Any:
        if isinstance(value, dict):
            return {
                self._met(str(name), f"{path}.{name}".lstrip("."), "", found): self._walk(
                    inner, f"{path}.{name}".lstrip("."), str(name), found
                )
                for name, inner in value.items()
            }
        if isinstance(value, list):
            return [self._walk(inner, f"{path}.{index}".lstrip("."), key, found) for index, inner in enumerate(value)]
        return self._met(value, path, key, found) if isinstance(value, str) else value

    def _met(self, text: str, path: str, key: str, found: Callable[[str, str], str]) -> str:
        if self._is_secret_member(text, key):
            return REDACTED if found(path, REDACTED) == REDACTED else text
        return found(path, text) if any(pattern.search(text) for pattern in self._patterns()) else text

    @staticmethod
    def _is_secret_member(text: str, key: str) -> bool:
        """A literal below a telling name; a value that a template fills is none."""
        return bool(SENSITIVE_KEY.fullmatch(key)) and text not in ("", REDACTED) and _EXPRESSION not in text

    def _hidden(self, text: str) -> str:
        for pattern in self._patterns():
            text = pattern.sub(REDACTED, text)
        return text

    def _patterns(self) -> Iterator[re.Pattern[str]]:
        yield self._shapes
        yield from self._vendors
