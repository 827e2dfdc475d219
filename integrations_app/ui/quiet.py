"""Keeps what people type out of the framework's log lines: it quotes whole events, cookies and arguments."""

import logging
import re
import traceback

FRAMEWORKS = frozenset({"reflex", "reflex_base", "reflex_components_core", "socketio", "engineio"})
# What stands before a quoted value (reflex 0.10.1: app.py, base_state_processor.py, event_processor.py, vars/base.py).
_QUOTES = re.compile(r"event data|Event\(|with value|payload for|Expected field|received an? ", re.IGNORECASE)
LIMIT = 200


class QuietFrameworks(logging.Filter):
    """Cuts the framework's records before the first quoted value; of an exception only its type and place stay.

    Errors of our own handlers are logged by us, with their traceback, under our own name.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; never drops one."""
        if record.name.partition(".")[0] not in FRAMEWORKS:
            return True
        message = record.getMessage()
        quoted = _QUOTES.search(message)
        short = " ".join(message[: quoted.start() if quoted else LIMIT].split())[:LIMIT]
        record.msg = "%s%s%s"
        record.args = (short, " […]" if len(short) < len(message.strip()) else "", _place(record))
        record.exc_info, record.exc_text, record.stack_info = None, None, None
        return True


def quieten_frameworks() -> None:
    """Put the filter on the root's handlers and take away the handlers that frameworks give themselves."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(one, QuietFrameworks) for one in handler.filters):
            # Before the redaction, which must not meet a value that is about to go.
            handler.filters.insert(0, QuietFrameworks())
    for name in tuple(logging.root.manager.loggerDict):
        if name.partition(".")[0] in FRAMEWORKS:
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True


def _place(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    frames = traceback.extract_tb(record.exc_info[2])
    where = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f" ({record.exc_info[0].__name__}{where})"
