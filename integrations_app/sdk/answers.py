"""What a broken answer means: nothing for a call that only reads, doubt for one that changes something."""

from collections.abc import Iterator
from contextlib import contextmanager

from integrations_app.errors import OutcomeUnknown, ResponseRefused, Unavailable

_BEFORE_SENDING = frozenset({"tls_error", "certificate_refused"})
_TOO_SLOW = "deadline_exceeded"


@contextmanager
def reading() -> Iterator[None]:
    """Around a call that changes nothing worth protecting: a lost or late answer is Unavailable.

    An answer that is too large or no HTTP stays ResponseRefused: asking again brings the same.
    """
    try:
        yield
    except OutcomeUnknown as error:
        raise Unavailable("No usable answer came.") from error
    except ResponseRefused as error:
        if error.code != _TOO_SLOW:
            raise
        raise Unavailable("No answer came in time.", None, error.code) from error


@contextmanager
def changing() -> Iterator[None]:
    """Around a call that changes something: an answer that cannot be read to its end is OutcomeUnknown."""
    try:
        yield
    except ResponseRefused as error:
        if error.code in _BEFORE_SENDING:
            raise
        message = f"The answer could not be read ({error.code}): the call may have taken effect."
        raise OutcomeUnknown(message) from error
