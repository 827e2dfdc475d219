"""What a broken answer means for a reading and for a changing call."""

import pytest

from integrations_app.errors import IntegrationsError, OutcomeUnknown, Rejected, ResponseRefused, Unavailable
from integrations_app.sdk.answers import changing, reading

LATE, LARGE, TLS = (ResponseRefused(code, "") for code in ("deadline_exceeded", "response_too_large", "tls_error"))


@pytest.mark.parametrize(
    ("raised", "seen"),
    [
        (OutcomeUnknown("lost"), Unavailable),
        (LATE, Unavailable),
        (LARGE, ResponseRefused),
        (TLS, ResponseRefused),
        (Rejected("no", ""), Rejected),
    ],
)
def test_reading(raised: IntegrationsError, seen: type[IntegrationsError]) -> None:
    with pytest.raises(seen) as found, reading():
        raise raised
    assert type(found.value) is seen


@pytest.mark.parametrize(
    ("raised", "seen"),
    [
        (OutcomeUnknown("lost"), OutcomeUnknown),
        (LATE, OutcomeUnknown),
        (LARGE, OutcomeUnknown),
        (TLS, ResponseRefused),
        (Unavailable("not sent"), Unavailable),
    ],
)
def test_changing(raised: IntegrationsError, seen: type[IntegrationsError]) -> None:
    with pytest.raises(seen) as found, changing():
        raise raised
    assert type(found.value) is seen
