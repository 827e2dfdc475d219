"""The OAuth round trip: `begin` sends a person to the vendor, `complete` takes the answer back."""

from integrations_app.connections.oauth.arrival import complete
from integrations_app.connections.oauth.callback import Outcome
from integrations_app.connections.oauth.departure import Ask, begin

__all__ = ["Ask", "Outcome", "begin", "complete"]
