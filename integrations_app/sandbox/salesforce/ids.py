"""Record ids of 15 characters where case matters, and their safe form of 18."""

import re

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
SHORT = 15


def with_suffix(short: str) -> str:
    """15 characters with the three that say which of them are upper case."""
    suffix = ""
    for start in range(0, SHORT, 5):
        bits = sum(1 << place for place, char in enumerate(short[start : start + 5]) if char.isupper())
        suffix += _ALPHABET[bits]
    return short + suffix


def full_id(text: str) -> str | None:
    """The 18 characters of an id given with 15 or 18 (whose case may be lost); None when it is no id."""
    if not _SHAPE.fullmatch(text):
        return None
    if len(text) == SHORT:
        return with_suffix(text)
    return _restored(text[:SHORT], text[SHORT:].upper())


def _restored(short: str, suffix: str) -> str | None:
    """Give every letter the case that the suffix says; None for a suffix that cannot be."""
    if any(char not in _ALPHABET for char in suffix):
        return None
    found = ""
    for place, char in enumerate(short):
        is_upper = _ALPHABET.index(suffix[place // 5]) >> (place % 5) & 1
        found += char.upper() if is_upper else char.lower()
    return with_suffix(found) if with_suffix(found)[SHORT:] == suffix else None


def make_id(prefix: str, number: int) -> str:
    """The id of the `number`th record of the object with this key prefix."""
    digits = ""
    while number or not digits:
        number, rest = divmod(number, len(_DIGITS))
        digits = _DIGITS[rest] + digits
    return with_suffix(f"{prefix}Hs{digits:0>10}")
