"""Puts the hub together from the settings: the one place where clock, ids and randomness get their real source."""

import asyncio
from urllib.parse import urlsplit

from integrations_app.connections import envelopes as of_connections
from integrations_app.kit.bus import Bus, LocalBus, PostgresBus
from integrations_app.kit.columns import new_id, utc_now
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door, EgressPolicy, Proxy
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.keys import open_keyring
from integrations_app.organizations.refused_calls import auditing
from integrations_app.organizations.rotation_places import register_envelopes
from integrations_app.sdk.registry import registry
from integrations_app.settings import Settings
from integrations_app.workflows import envelopes as of_workflows

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")

register_envelopes(*of_connections.PLACES, *of_workflows.PLACES)


def open_hub(settings: Settings) -> Hub:
    """Open database and keys and return what the services share. Raises StartRefused when the keys do not fit.

    Opens no network connection and needs no event loop; `hub.bus.start()` and the engine begin in one.
    """
    database = Database(settings.database_url)
    try:
        keyring = open_keyring(database, listed=settings.encryption_keys, key_file=settings.key_file, clock=utc_now)
    except BaseException:
        database.close()
        raise
    return Hub(
        settings=settings,
        database=database,
        keyring=keyring,
        door=Door(
            EgressPolicy.parse(settings.egress_allow, own_addresses(settings)),
            denied=auditing(database, keyring, utc_now),
            proxy=outer_proxy(settings),
        ),
        registry=registry(),
        bus=_bus(settings),
        clock=utc_now,
        new_id=new_id,
    )


def outer_proxy(settings: Settings) -> Proxy | None:
    """The operator's proxy for outgoing calls, when there is one."""
    return Proxy.parse(settings.egress_proxy) if settings.egress_proxy else None


async def close_hub(hub: Hub) -> None:
    """Let go of everything, in the order in which things stand on each other."""
    await asyncio.gather(*hub.background)
    await hub.bus.close()
    await hub.door.aclose()
    hub.passwords.close()
    await asyncio.to_thread(hub.database.close)


def own_addresses(settings: Settings) -> tuple[str, ...]:
    """Every `host:port` at which the product itself answers: the door never calls back into it."""
    public = urlsplit(settings.public_url)
    named = f"{_bracketed(public.hostname or '')}:{public.port or (443 if public.scheme == 'https' else 80)}"
    return (named, *(f"{name}:{settings.port}" for name in LOOPBACK_NAMES))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _bus(settings: Settings) -> Bus:
    return LocalBus() if settings.is_sqlite else PostgresBus(settings.database_url)
