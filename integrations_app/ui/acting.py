"""Carrying out an act of a person, with what went wrong in words for people."""

from collections.abc import Awaitable

from integrations_app.errors import IntegrationsError


async def said(act: Awaitable[object]) -> str:
    """Wait for `act`; empty when it went well, else why it did not. Errors that are not ours are raised."""
    try:
        await act
    except IntegrationsError as error:
        return error.message or error.code
    return ""
