"""Finds our own secrets in what comes back, however the receiver has written them."""

import base64
import re
from collections.abc import Iterable

REDACTED = "[redacted]"


def forms_of(value: str) -> Iterable[str]:
    """Name the texts to look for: the secret, and its base64 with and without padding, in both alphabets."""
    yield value
    for encoded in (base64.b64encode(value.encode()).decode(), base64.urlsafe_b64encode(value.encode()).decode()):
        yield encoded
        yield encoded.rstrip("=")


def pattern_of(values: Iterable[str]) -> re.Pattern[str]:
    """Build one pattern for all the values: each character as it is, percent-encoded, or escaped as in JSON or HTML."""
    wanted = {form for value in values if value for form in forms_of(value)}
    ordered = sorted(wanted, key=len, reverse=True)
    return re.compile("|".join("".join(map(_spellings, form)) for form in ordered) or r"(?!)")


def _spellings(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    escaped = "".join(f"\\\\u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2))
    percent = "".join(f"%(?i:{byte:02x})" for byte in char.encode("utf-8", "surrogatepass"))
    entity = f"&#(?:{ord(char)}|(?i:x{ord(char):x}));"
    literal = re.escape(char)
    odd = {" ": r"|\+", "&": "|&amp;", "<": "|&lt;", ">": "|&gt;", '"': "|&quot;"}.get(char, "")
    return f"(?:\\\\?{literal}|{percent}|{escaped}|{entity}{odd})"
