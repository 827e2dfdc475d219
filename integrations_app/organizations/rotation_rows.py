"""The rows of rotations: reading them, committing the next phase, audit and news for open pages."""

from sqlalchemy import select, update
from sqlmodel import Session, col

from integrations_app.errors import NotFound
from integrations_app.kit.vault import SYSTEM_TENANT
from integrations_app.organizations.audit import record
from integrations_app.organizations.hub import Hub, organization_topic
from integrations_app.organizations.models import DataKey, KeyRotation, Organization, Role
from integrations_app.organizations.permissions import Actor
from integrations_app.organizations.rotation_phases import Phase


def get(session: Session, rotation_id: str) -> KeyRotation:
    """One rotation; raises NotFound."""
    row = session.get(KeyRotation, rotation_id, populate_existing=True)
    if row is None:
        raise NotFound("There is no such rotation.")
    return row


def leaving_keys(session: Session, rotation_id: str) -> list[DataKey]:
    """The data keys that the rotation moves records away from."""
    statement = select(DataKey).where(col(DataKey.left_by) == rotation_id).order_by(col(DataKey.organization_id))
    return list(session.execute(statement).scalars())


def set_problem(session: Session, rotation_id: str, words: str) -> None:
    """Write down, or with an empty text forget, why a rotation does not go on."""
    session.execute(update(KeyRotation).where(col(KeyRotation.id) == rotation_id).values(problem=words))


def move_on(session: Session, hub: Hub, rotation: KeyRotation, to: Phase) -> bool:
    """Change the phase if it still is the one that `rotation` shows; whether it was. Audits what a person asks for."""
    now = hub.clock()
    values = {"phase": to.value, "driven_at": now, "problem": ""}
    stamp = {Phase.VERIFIED: "verified_at", Phase.RETIRED: "retired_at"}.get(to)
    statement = update(KeyRotation).where(col(KeyRotation.id) == rotation.id, col(KeyRotation.phase) == rotation.phase)
    result = session.execute(statement.values(**values, **({stamp: now} if stamp else {})))
    if result.rowcount != 1:  # type: ignore[attr-defined]
        return False
    if to is Phase.VERIFIED:
        note(session, hub, rotation, "rotation.completed")
    if to is Phase.RETIRED:
        note(session, hub, rotation, "rotation.retired")
    return True


def note(session: Session, hub: Hub, rotation: KeyRotation, name: str, actor: Actor | None = None) -> None:
    """Audit a step of the rotation, in the name of `actor` or else of who started it."""
    fresh = get(session, rotation.id)
    if actor is None and fresh.actor_id:
        actor = Actor(fresh.scope, fresh.actor_id, fresh.actor, Role.OWNER.value)
    record(
        session,
        hub.keyring,
        actor,
        name,
        now=hub.clock(),
        subject=f"rotation:{fresh.id}",
        detail={"kind": fresh.kind, "records": fresh.moved, "root_key": fresh.root_key_id},
        organization_id=fresh.scope or SYSTEM_TENANT,
    )


def announce(hub: Hub, rotation: KeyRotation) -> None:
    """Tell open pages of every organisation concerned that keys changed."""
    concerned = [rotation.scope]
    if not rotation.scope:
        concerned = hub.database.read_now(lambda session: list(session.execute(select(col(Organization.id))).scalars()))
    for organization_id in concerned:
        hub.bus.publish(organization_topic(organization_id), {"kind": "keys", "id": rotation.id})
