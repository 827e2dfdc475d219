"""Takes our own secrets out of what comes back, in the spellings a receiver gives them."""

import base64
import html
import re
from collections.abc import Iterable

from integrations_app.kit.spellings import spell

REDACTED = "[redacted]"
_PERCENT = re.compile(r"%[0-9A-F]{2}")


def spellings_of(values: Iterable[str]) -> tuple[str, ...]:
    """Name every text to look for, longest first: those of the log scrubber, HTML, and lower-case percent codes."""
    found: set[str] = set()
    for value in values:
        if value:
            found |= {value, html.escape(value), html.escape(value, quote=False)}
            raw = value.encode("utf-8", "surrogatepass")
            found |= {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(), *spell(raw)}
    found |= {_PERCENT.sub(lambda code: code[0].lower(), spelling) for spelling in found}
    return tuple(sorted(found, key=len, reverse=True))


def redact(text: str, spellings: Iterable[str]) -> str:
    """Return the text with every spelling replaced."""
    for spelling in spellings:
        if spelling in text:
            text = text.replace(spelling, REDACTED)
    return text
