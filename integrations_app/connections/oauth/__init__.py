"""The OAuth round trip: `begin` sends a person to the vendor, `complete` takes the answer back."""

from integrations_app.connections.oauth.begin import Ask, begin
from integrations_app.connections.oauth.callback import Outcome
from integrations_app.connections.oauth.complete import complete

__all__ = ["Ask", "Outcome", "begin", "complete"]
