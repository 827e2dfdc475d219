"""What a scan looks for: values in all their spellings, and token shapes."""

import re

from integrations_app.kit.spellings import spell

_GRAM = 4
_ONE_BY_ONE = 2000


class Needles:
    """Values and shapes with a label each; `find` answers labels only."""

    def __init__(self) -> None:
        self._labels: dict[bytes, set[str]] = {}
        self._by_gram: dict[bytes, set[bytes]] = {}
        self._shapes: list[tuple[re.Pattern[bytes], str]] = []
        self.values = 0
        self.longest = 4096
        """No spelling is longer, and hardly a token; windows of a file overlap by it."""

    @property
    def shapes(self) -> int:
        """How many token shapes are looked for."""
        return len(self._shapes)

    def add(self, value: bytes, label: str) -> None:
        """Look for `value`, at least four bytes, in every spelling."""
        self.values += 1
        for spelling in {value, *(text.encode() for text in spell(value))}:
            self._labels.setdefault(spelling, set()).add(label)
            self._by_gram.setdefault(spelling[:_GRAM], set()).add(spelling)
            self.longest = max(self.longest, len(spelling))

    def add_shape(self, pattern: str, label: str) -> None:
        """Look for what the regular expression matches."""
        self._shapes.append((re.compile(pattern.encode()), label))

    def find(self, text: bytes) -> set[str]:
        """Labels of all that occurs in `text`."""
        found = {label for spelling in self._candidates(text) if spelling in text for label in self._labels[spelling]}
        return found | {label for shape, label in self._shapes if shape.search(text)}

    def _candidates(self, text: bytes) -> list[bytes]:
        """A few are tried one by one; of many only those whose first bytes stand in the text."""
        if len(self._labels) <= _ONE_BY_ONE:
            return list(self._labels)
        grams = {text[start : start + _GRAM] for start in range(len(text) - _GRAM + 1)}
        return [spelling for gram in grams & self._by_gram.keys() for spelling in self._by_gram[gram]]
