"""Takes secrets out of texts, values and log records, and keeps one log event on one line."""

import base64
import json
import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping

from integrations_app.kit.secret import Secret, revealed_values
from integrations_app.kit.spellings import Spellings

REDACTED = "[redacted]"
MAX_LINE = 2048
_MAX_SCRUBBED = 64 * 1024
_MAX_FIELD = 256
_MAX_DEPTH = 50

_NAMES = (
    "access_token|refresh_token|id_token|auth_token|token|client_secret|signing_secret|webhook_secret|secret"
    "|code_verifier|password|passwd|api_key|apikey|private_key"
)
_HEADERS = "authorization|proxy-authorization|cookie|set-cookie|x-api-key"
SENSITIVE_KEY = re.compile(rf"(?:{_NAMES}|{_HEADERS})", re.IGNORECASE)
"""Names of members whose values are secrets."""
_KEEP_FIRST = rf"\1{REDACTED}"

# Header lines, schemes, query and form parameters, JSON members, userinfo, JWT, Standard Webhooks secrets, our own
# API tokens; each with what must stand in the lower-case text for the pattern to be worth a try.
_ENDINGS = ("token", "secret", "verifier", "password", "passwd", "key")  # of all _NAMES
_GENERIC: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    (
        ("authorization", "cookie", "x-api-key"),
        re.compile(rf"((?:{_HEADERS})[\"']?\s{{0,4}}[:=,]\s{{0,4}}(?:b?[\"'])?)[^\"'\r\n]+", re.IGNORECASE),
        _KEEP_FIRST,
    ),
    (("bearer",), re.compile(r"(\bbearer\s{1,4})[\w.~+/-]{6,}=*", re.IGNORECASE), _KEEP_FIRST),
    (
        tuple(f"{ending}=" for ending in _ENDINGS),
        re.compile(rf"((?<![\w-])(?:{_NAMES})=)[^&\s\"'<>\[]+", re.IGNORECASE),
        _KEEP_FIRST,
    ),
    (("code=",), re.compile(r"((?:^|[?&])code=)[^&\s\"'<>\[]+", re.IGNORECASE | re.MULTILINE), _KEEP_FIRST),
    (
        tuple(f"{ending}{quote}" for ending in _ENDINGS for quote in ('"', "'", "\\")),
        re.compile(rf"([\"'](?:{_NAMES})\\?[\"']\s{{0,4}}:\s{{0,4}}\\?[\"'])[^\"'\\]+", re.IGNORECASE),
        _KEEP_FIRST,
    ),
    (("://",), re.compile(r"(://)[^/\s:@\"']{1,200}:[^/\s@\"']{1,500}@"), rf"\1{REDACTED}@"),
    (("eyj",), re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"), REDACTED),
    (("whsec_",), re.compile(r"\bwhsec_[\w+/=-]{16,}"), REDACTED),
    (("integrations_",), re.compile(r"\bintegrations_[0-9a-f]{64}\b"), REDACTED),
)
_BASIC = re.compile(r"(\bbasic\s{1,4})([A-Za-z0-9+/_-]{4,}=*)", re.IGNORECASE)
# Control characters, line separators, bidi controls and half characters.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LAST_LATIN = 0xFF
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class Redactor:
    """Scrubs texts and JSON-like values of revealed secrets and of everything that looks like one."""

    def __init__(self, patterns: Iterable[str] = (), values: Callable[[], Iterable[bytes]] = revealed_values) -> None:
        """`patterns` are regular expressions of vendors' token shapes; `values` gives the secrets now alive."""
        self._patterns = tuple(re.compile(pattern) for pattern in patterns)
        self._spellings = Spellings(values)

    def scrub(self, text: str) -> str:
        """`text` with every secret replaced by `[redacted]`."""
        self._spellings.refresh()
        return self._scrub(text)

    def scrub_value(self, value: object) -> object:
        """A copy of a JSON-like value with its texts scrubbed and the values of telling keys replaced."""
        self._spellings.refresh()
        return self._scrub_value(value, 0)

    def line(self, text: str, limit: int = MAX_LINE) -> str:
        """`text` scrubbed, on one line, at most `limit` characters long."""
        return _cut(escape_controls(self.scrub(text[:_MAX_SCRUBBED])), limit)

    def tail(self, text: str, limit: int) -> str:
        """As `line`, but keeping the end, where a traceback names its error."""
        escaped = escape_controls(self.scrub(text[-_MAX_SCRUBBED:]))
        return escaped if len(escaped) <= limit else f"…{escaped[1 - limit :]}"

    def _scrub(self, text: str) -> str:
        for spelling in self._spellings.find(text):
            text = text.replace(spelling, REDACTED)
        for pattern in self._patterns:
            text = pattern.sub(REDACTED, text)
        lowered = text.lower()
        if "basic" in lowered:
            text = _BASIC.sub(_hide_basic, text)
        for hints, generic, replacement in _GENERIC:
            if any(hint in lowered for hint in hints):
                text = generic.sub(replacement, text)
        return text

    def _scrub_value(self, value: object, depth: int) -> object:
        if isinstance(value, str):
            return self._scrub(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Secret):
            return REDACTED
        if depth >= _MAX_DEPTH:
            return "[nested too deeply]"
        if isinstance(value, Mapping):
            return {self._scrub(str(key)): self._scrub_member(str(key), each, depth) for key, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._scrub_value(each, depth + 1) for each in value]
        return self._scrub(str(value))

    def _scrub_member(self, key: str, value: object, depth: int) -> object:
        if SENSITIVE_KEY.fullmatch(key) and value and not isinstance(value, bool):
            return REDACTED
        return self._scrub_value(value, depth + 1)


class RedactingFilter(logging.Filter):
    """For the handlers of the root logger: every record becomes one scrubbed line of at most 2 kB.

    The message takes in its arguments, the traceback (which never shows local variables) and the stack.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; always lets it through."""
        trace = (record.stack_info or "") + (_trace(record.exc_info) or record.exc_text or "")
        record.msg = _fit(self._redactor, _message(record), trace)
        record.args = ()
        record.exc_info = record.exc_text = record.stack_info = None
        for name in record.__dict__.keys() - _RECORD_FIELDS:
            record.__dict__[name] = _field(self._redactor, record.__dict__[name])
        return True


def escape_controls(text: str) -> str:
    """`text` without line breaks, ANSI codes and bidi controls: each is written as an escape."""
    return _CONTROLS.sub(_escape, text)


def _hide_basic(match: re.Match[str]) -> str:
    """Only what decodes to `user:password`: the word basic also begins harmless sentences."""
    scheme, encoded = match.groups()
    padded = encoded.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        decoded = base64.b64decode(padded + "=" * (-len(padded) % 4))
    except ValueError:
        return match.group()
    return f"{scheme}{REDACTED}" if b":" in decoded else match.group()


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    return _SHORT_ESCAPES.get(character) or (f"\\x{code:02x}" if code <= _LAST_LATIN else f"\\u{code:04x}")


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - an argument's own formatting may raise anything
        return f"{record.msg} (arguments not shown: {type(error).__name__})"


def _fit(redactor: Redactor, message: str, trace: str) -> str:
    if not trace:
        return redactor.line(message)
    line = redactor.line(message, MAX_LINE // 2)
    return f"{line} | {redactor.tail(trace.strip(), MAX_LINE - len(line) - 3)}"


def _field(redactor: Redactor, value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    clean = redactor.scrub_value(value)
    written = clean if isinstance(clean, str) else json.dumps(clean, ensure_ascii=False)
    if isinstance(clean, str) or len(written) > _MAX_FIELD:
        return _cut(escape_controls(written), _MAX_FIELD)
    return clean


def _trace(exc_info: object) -> str:
    if isinstance(exc_info, BaseException):
        return "".join(traceback.format_exception(exc_info))
    if isinstance(exc_info, tuple):
        return "".join(traceback.format_exception(*exc_info)) if exc_info[0] else ""
    return _trace(sys.exc_info()) if exc_info else ""
