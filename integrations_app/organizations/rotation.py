"""Rotation of root and data keys: beginning one, taking it on, retiring what it left, and how it all stands.

A state machine in a table. No step relies on anything but rows and files: what is left to do is always asked of the
tables, so that a process may die at any point and the next one repeats at most one batch.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ScalarResult, func, select
from sqlmodel import Session, col

from integrations_app.errors import Conflict, Forbidden, VaultSealed
from integrations_app.kit.vault import SYSTEM_TENANT
from integrations_app.organizations.exclusive import hold
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.keys import Keyring
from integrations_app.organizations.models import DataKey, KeyHolder, KeyRotation, Organization
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.organizations.rotation_drive import Drive
from integrations_app.organizations.rotation_phases import UNDER_WAY, Kind, Phase
from integrations_app.organizations.rotation_places import count_by_key
from integrations_app.organizations.rotation_root_steps import prepare_root, roots_in_use
from integrations_app.organizations.rotation_rows import announce, get, move_on, note, set_problem
from integrations_app.organizations.rotation_steps import go_on

HISTORY = 10


@dataclass(frozen=True, slots=True)
class KeyView:
    """One data key; `records` is how many stored values it seals."""

    id: str
    organization_id: str
    root_key_id: str
    primary: bool
    records: int
    leaving: bool


@dataclass(frozen=True, slots=True)
class KeysView:
    """How keys stand; `orphans` are key ids that records name and no row has, with their number."""

    sealed: str
    root_keys: tuple[str, ...]
    keys: tuple[KeyView, ...]
    orphans: dict[str, int]
    rotations: tuple[KeyRotation, ...]
    """Newest first; those that are not over come first."""


def status(hub: Hub, organization_id: str = "") -> KeysView:
    """Keys with the number of records on each, and rotations; of one organisation, or of the whole installation."""
    return hub.database.read_now(lambda session: read_status(session, hub.keyring, organization_id))


def read_status(session: Session, keyring: Keyring, organization_id: str = "") -> KeysView:
    """As `status`, in a transaction at hand."""
    counts = count_by_key(session, organization_id)
    found = select(DataKey).order_by(col(DataKey.organization_id), col(DataKey.created_at))
    if organization_id:
        found = found.where(col(DataKey.organization_id).in_([organization_id, SYSTEM_TENANT]))
    keys = tuple(
        KeyView(row.id, row.organization_id, row.root_key_id, row.is_primary, counts.pop(row.id, 0), bool(row.left_by))
        for row in session.execute(found).scalars()
    )
    rotations = read_rotations(session, organization_id)
    return KeysView(keyring.sealed, keyring.vault.root_ids(), keys, dict(counts), rotations)


def read_rotations(session: Session, organization_id: str = "") -> tuple[KeyRotation, ...]:
    """The rotations that concern the organisation, or all; those that are over come last, else newest first."""
    shown = select(KeyRotation).order_by(col(KeyRotation.started_at).desc(), col(KeyRotation.id)).limit(HISTORY)
    if organization_id:
        shown = shown.where(col(KeyRotation.scope).in_([organization_id, ""]))
    return tuple(sorted(session.execute(shown).scalars(), key=lambda row: row.phase == Phase.RETIRED.value))


def require_visible(hub: Hub, rotation_id: str, actor: Actor | None) -> KeyRotation:
    """The rotation, if this person may act on it. Raises Forbidden, NotFound, Conflict `operator_only`, VaultSealed."""
    rotation = hub.database.read_now(lambda session: get(session, rotation_id))
    _require(hub, Kind(rotation.kind), actor)
    if actor is not None and rotation.scope not in {"", actor.organization_id}:
        raise Forbidden
    if actor is not None and not rotation.scope and not _is_alone(hub):
        raise Conflict("operator_only", "These keys serve several organisations: only their operator may do this.")
    return rotation


def start(hub: Hub, kind: Kind, *, actor: Actor | None = None) -> KeyRotation:
    """Begin a rotation, or return the one of this kind that is under way; `take_on` brings it to its end.

    A person rotates the data key of their own organisation, and the root key where that is the only one; None, the
    operator, all. Raises Forbidden, Conflict (`operator_only`, `rotation_running`, `retire_first`, `nothing_sealed`,
    `no_new_root_key`), StartRefused for bad key files, VaultSealed.
    """
    _require(hub, kind, actor)
    scope = actor.organization_id if actor and kind is Kind.DATA else ""
    running = hub.database.read_now(lambda session: _running(session, kind, scope))
    if running is not None:
        return running
    root_key_id = prepare_root(hub) if kind is Kind.ROOT else ""

    def write(session: Session) -> KeyRotation:
        hold(session, "key rotation")
        running = _running(session, kind, scope)
        return running or _prepare(session, hub, kind, scope, root_key_id, actor)

    rotation = hub.database.write_now(write)
    announce(hub, rotation)
    return rotation


def take_on(
    hub: Hub,
    rotation_id: str,
    *,
    told: Callable[[KeyRotation], None] | None = None,
    reached: Callable[[str], None] | None = None,
    patience: float | None = None,
) -> KeyRotation:
    """Take a rotation on until it is verified or, when that was asked for, retired. See `rotation_steps.go_on`.

    `told` sees the row from time to time, `reached` the name of every point that is passed, `patience` is how many
    seconds other processes may take to follow.
    """
    hub.database.write_now(lambda session: set_problem(session, rotation_id, ""))
    drive = Drive(hub, rotation_id)
    drive.told, drive.reached = told or drive.told, reached or drive.reached
    drive.patience = drive.patience if patience is None else patience
    return go_on(drive)


def request_retire(hub: Hub, rotation_id: str, *, actor: Actor | None = None) -> KeyRotation:
    """Ask that a verified rotation's old keys be destroyed; `take_on` then does it.

    Raises Forbidden, NotFound, Conflict (`operator_only`, `not_verified`, `root_key_listed`).
    """
    rotation = require_visible(hub, rotation_id, actor)
    if rotation.phase not in {Phase.VERIFIED.value, Phase.RETIRE_REQUESTED.value}:
        raise Conflict("not_verified", "Only keys of a verified rotation can be retired.")

    def write(session: Session) -> KeyRotation:
        _refuse_listed(session, hub, rotation)
        if move_on(session, hub, rotation, Phase.RETIRE_REQUESTED):
            note(session, hub, rotation, "rotation.retire_requested", actor)
        return get(session, rotation_id)

    return hub.database.write_now(write)


def _require(hub: Hub, kind: Kind, actor: Actor | None) -> None:
    if hub.keyring.sealed:
        raise VaultSealed(hub.keyring.sealed)
    if actor is None:
        return
    actor.require(Permission.MANAGE_KEYS)
    if kind is Kind.ROOT and not _is_alone(hub):
        raise Conflict("operator_only", "The root key serves several organisations: its operator rotates it.")


def _is_alone(hub: Hub) -> bool:
    """Whether there is one organisation only, so that its owner may act for the whole installation."""
    count = select(func.count()).select_from(Organization)
    return bool(hub.database.read_now(lambda session: session.execute(count).scalar_one()) == 1)


def _running(session: Session, kind: Kind, scope: str) -> KeyRotation | None:
    """The same rotation under way; Conflict for another one in its way, or not yet retired root keys."""
    open_ones: ScalarResult[KeyRotation] = session.scalars(
        select(KeyRotation).where(col(KeyRotation.phase) != Phase.RETIRED.value)
    )
    for row in open_ones:
        same_kind = row.kind == kind.value
        if row.phase in UNDER_WAY:
            if same_kind and row.scope == scope and row.phase != Phase.RETIRE_REQUESTED.value:
                return row
            if not same_kind or kind is Kind.ROOT or not scope or row.scope in {"", scope}:
                raise Conflict("rotation_running", "Another rotation is under way. Wait until it has ended.")
        elif same_kind and kind is Kind.ROOT:
            raise Conflict("retire_first", "A former root key is still there: retire it before the next rotation.")
    return None


def _prepare(session: Session, hub: Hub, kind: Kind, scope: str, root_key_id: str, actor: Actor | None) -> KeyRotation:
    now = hub.clock()
    rotation = KeyRotation(
        id=hub.new_id(),
        kind=kind.value,
        scope=scope,
        phase=Phase.PREPARED.value,
        root_key_id=root_key_id,
        left_root_ids=roots_in_use(session, root_key_id) if kind is Kind.ROOT else [],
        actor_id=actor.user_id if actor else "",
        actor=actor.email if actor else "",
        started_at=now,
        driven_at=now,
    )
    session.add(rotation)
    if kind is Kind.DATA:
        _make_data_keys(session, hub, rotation)
    session.flush()
    note(session, hub, rotation, "rotation.started", actor)
    return rotation


def _make_data_keys(session: Session, hub: Hub, rotation: KeyRotation) -> None:
    """A new data key beside the old ones of every organisation concerned that has one; not primary yet."""
    found = select(col(DataKey.organization_id)).where(col(DataKey.organization_id) != SYSTEM_TENANT).distinct()
    if rotation.scope:
        found = found.where(col(DataKey.organization_id) == rotation.scope)
    organizations = list(session.execute(found.order_by(col(DataKey.organization_id))).scalars())
    if not organizations:
        raise Conflict("nothing_sealed", "Nothing is sealed yet, so there is no data key to replace.")
    for organization_id in organizations:
        made = hub.keyring.vault.new_data_key(organization_id, hub.clock())
        session.add(
            DataKey(
                id=made.id.hex(),
                organization_id=organization_id,
                root_key_id=made.root_key_id,
                wrapped=made.wrapped,
                is_primary=False,
                created_at=made.created_at,
                made_by=rotation.id,
            )
        )


def _refuse_listed(session: Session, hub: Hub, rotation: KeyRotation) -> None:
    """Listed root keys are the operator's to take away, before they are retired here."""
    if rotation.kind != Kind.ROOT or not hub.settings.encryption_keys:
        return
    held = {key_id for one in session.execute(select(KeyHolder)).scalars() for key_id in one.root_key_ids}
    if listed := (held | set(hub.keyring.vault.root_ids())) & set(rotation.left_root_ids):
        words = f"Take {', '.join(sorted(listed))} out of INTEGRATIONS_ENCRYPTION_KEYS and start again, then retire it."
        raise Conflict("root_key_listed", words)
