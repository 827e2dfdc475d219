"""What a vendor's error code means for the caller, as data: one table per provider."""

from collections.abc import Mapping
from dataclasses import dataclass

from integrations_app.errors import IntegrationsError


@dataclass(frozen=True, slots=True)
class Meaning:
    """One row: which branch of the error tree, and the sentence that tells a person what to do."""

    error: type[IntegrationsError]
    advice: str = ""


ErrorTable = Mapping[str, Meaning]
"""The vendor's code -> its meaning."""
