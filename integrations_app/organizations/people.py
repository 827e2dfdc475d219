"""What names, e-mail addresses and roles must look like."""

import re
import unicodedata

from integrations_app.errors import InvalidInput
from integrations_app.organizations.models import Role

_EMAIL = re.compile(r"[^\s@<>\"',;:\\]+@[^\s@<>\"',;:\\]+")
EMAIL_LIMIT = 254
NAME_LIMIT = 100
RANKS = {role: rank for rank, role in enumerate(Role)}
"""Roles from least to most."""


def normal_email(email: str, field: str = "email") -> str:
    """The address in the one form in which it is stored (trimmed, lower case); InvalidInput when it is none."""
    email = email.strip().lower()
    if len(email) > EMAIL_LIMIT or not _EMAIL.fullmatch(email) or not email.isprintable():
        raise InvalidInput({field: "This is not an e-mail address."})
    return email


def searchable(email: str) -> str:
    """What was typed as an e-mail, as a text that a database can look for: what cannot be one becomes empty."""
    email = email.strip().lower()
    return email if len(email) <= EMAIL_LIMIT and email.isprintable() else ""


def normal_name(name: str, field: str = "organization") -> str:
    """A name trimmed to one line of printable text; InvalidInput when it is empty or too long."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name or len(name) > NAME_LIMIT or not name.isprintable():
        raise InvalidInput({field: f"Use 1 to {NAME_LIMIT} characters."})
    return name


def known_role(role: str, field: str = "role") -> Role:
    """The role of that name; InvalidInput otherwise."""
    try:
        return Role(role)
    except ValueError:
        raise InvalidInput({field: "There is no such role."}) from None
