"""A small installation whose keys are rotated: a process of it, its records, and what is asked of them."""

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import select
from sqlmodel import Session, col

import integrations_app.assembly  # noqa: F401 - registers where envelopes are kept
from integrations_app.connections.models import Connection, Credential
from integrations_app.kit.bus import LocalBus
from integrations_app.kit.columns import new_id, utc_now
from integrations_app.kit.db import Database
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.kit.secret import Secret
from integrations_app.organizations import rotation
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.keys import Keyring, open_keyring
from integrations_app.organizations.models import AuditEvent, DataKey, Organization
from integrations_app.organizations.rotation_phases import Kind
from integrations_app.sdk.registry import Registry
from integrations_app.settings import load_settings
from integrations_app.workflows.models import Endpoint, Event
from integrations_app.workflows.sealing import seal_body, seal_endpoint_secret

ORGANIZATIONS = ("org-a", "org-b")


def open_process(url: str, folder: Path, listed: str = "") -> Hub:
    """One process of the installation in `folder`."""
    database = Database(url)
    secret = Secret(listed) if listed else None
    settings = load_settings(data_dir=folder, database_url=url)
    settings = settings.model_copy(update={"encryption_keys": secret})
    keyring = open_keyring(database, listed=secret, key_file=settings.key_file, clock=utc_now)
    door = Door(EgressPolicy())
    return Hub(settings, database, keyring, door, Registry(()), LocalBus(), utc_now, new_id)


def plain(connection_id: str, field: str, version: int) -> str:
    """What the record of that name holds."""
    return f"CNRY_{connection_id}_{field}_{version}"


def seal_credential(
    keyring: Keyring, session: Session, organization_id: str, connection_id: str, version: int
) -> Credential:
    """A new version of a connection's token."""
    place = {"record": connection_id, "kind": "credential", "field": "access_token", "version": version}
    secret = Secret(plain(connection_id, "access_token", version))
    envelope = keyring.seal(session, organization_id, **place, secret=secret)  # type: ignore[arg-type]
    return Credential(
        organization_id=organization_id,
        connection_id=connection_id,
        field="access_token",
        version=version,
        data_key_id=keyring.data_key_id(envelope),
        envelope=envelope,
        updated_at=utc_now(),
    )


def fill(hub: Hub, records: int, events: int = 0) -> None:
    """Two organisations with so many credentials between them, and some events and endpoints."""
    now = utc_now()

    def write(session: Session) -> None:
        for organization_id in ORGANIZATIONS:
            session.add(Organization(id=organization_id, name=organization_id, created_at=now))
        session.flush()
        connections, credentials = [], []
        for number in range(records):
            organization_id, connection_id = ORGANIZATIONS[number % 2], f"c{number:05}"
            named = Connection(
                organization_id=organization_id,
                id=connection_id,
                provider="p",
                name=connection_id,
                created_at=now,
                updated_at=now,
            )
            connections.append(named)
            credentials.append(seal_credential(hub.keyring, session, organization_id, connection_id, 1))
        session.add_all(connections)
        session.flush()
        session.add_all(credentials)
        for number in range(events):
            organization_id, event_id = ORGANIZATIONS[number % 2], f"e{number:05}"
            body = seal_body(hub, session, organization_id, event_id, b"body of " + event_id.encode())
            event = Event(
                organization_id=organization_id,
                id=event_id,
                endpoint_id="x",
                delivery_id=event_id,
                digest="",
                verdict="accepted",
                body=body,
                received_at=now,
            )
            session.add(event)
            if number < 4:
                endpoint = Endpoint(
                    organization_id=organization_id, id=event_id, name="e", kind="bearer", created_at=now
                )
                endpoint.secret = seal_endpoint_secret(hub, session, endpoint, Secret("s"))
                session.add(endpoint)
        session.flush()

    hub.database.write_now(write)


def read_credentials(hub: Hub) -> dict[str, str]:
    """Every token, opened; raises CredentialUnreadable for the first that does not open."""

    def read(session: Session) -> dict[str, str]:
        opened = {}
        for organization_id in ORGANIZATIONS:
            rows = session.execute(select(Credential).where(col(Credential.organization_id) == organization_id))
            for row in rows.scalars():
                place = {"record": row.connection_id, "kind": "credential", "field": row.field, "version": row.version}
                secret = hub.keyring.open(session, organization_id, **place, envelope=row.envelope)
                opened[row.connection_id] = secret.reveal("compare in a test")
        return opened

    return hub.database.read_now(read)


def audited(hub: Hub, name: str) -> int:
    """How often the act was audited in the installation's own chain."""
    found = select(AuditEvent).where(col(AuditEvent.organization_id) == "system", col(AuditEvent.name) == name)
    return len(hub.database.read_now(lambda session: session.execute(found).scalars().all()))


def data_keys(hub: Hub) -> list[DataKey]:
    """Every data key of an organisation."""
    found = select(DataKey).where(col(DataKey.organization_id) != "system")
    return list(hub.database.read_now(lambda session: session.execute(found).scalars().all()))


@dataclass
class Reader:
    """Opens everything again and again beside a rotation, in a process of its own keyring."""

    hub: Hub
    rounds: int = 0
    failure: str = ""

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.hub.database.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                opened = read_credentials(self.hub)
            except Exception as error:  # noqa: BLE001 - shown by the test
                self.failure = self.failure or repr(error)
                return
            wrong = [key for key, value in opened.items() if not value.startswith(f"CNRY_{key}_access_token_")]
            self.failure = self.failure or ", ".join(wrong)
            self.rounds += 1


def killer(point: str, times: int) -> Callable[[str], None]:
    """Kill this process at the `times`th passing of the point."""
    left = times

    def reached(name: str) -> None:
        nonlocal left
        left -= name == point
        if name == point and left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def main(url: str, folder: Path, kind: Kind, act: str, point: str, times: int) -> None:
    """Rotate, go on or retire, and die at the point on the way."""
    hub = open_process(url, folder)
    reached = killer(point, times)
    chosen = rotation.start(hub, kind) if act == "rotate" else rotation.status(hub).rotations[0]
    if act == "retire":
        chosen = rotation.request_retire(hub, chosen.id)
        reached("retire_requested")
    rotation.take_on(hub, chosen.id, reached=reached, patience=10)
    hub.database.close()
