"""Where envelopes are kept, as the layers above declare it, and moving them from a leaving data key to the primary."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Row,
    Select,
    String,
    bindparam,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Mapped
from sqlmodel import Session, SQLModel, col

from integrations_app.errors import Conflict, CredentialUnreadable
from integrations_app.kit.secret import Secret
from integrations_app.kit.tenancy import across_organizations
from integrations_app.kit.vault import DataKey as OpenKey
from integrations_app.kit.vault import Envelope, SealContext
from integrations_app.kit.vault.envelope import KEY_ID_BYTES
from integrations_app.organizations.keys import Keyring, wrapped_key
from integrations_app.organizations.models import DataKey

BATCH = 100
"""Records that are moved in one transaction."""
READ_BATCH = 500
_HEADER = 2  # version and algorithm stand before the key's id

Position = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """One column of envelopes, and what they are bound to.

    `key` are the columns that, beside the organisation, tell rows apart. `record` and `version` name columns or, for
    `version`, the number itself; `field` is a column or the field's name. `key_id` is a column that repeats the id of
    the data key (hex), where there is one.
    """

    name: str
    table: type[SQLModel]
    envelope: Mapped[Any]
    kind: str
    key: tuple[Mapped[Any], ...]
    record: Mapped[Any]
    field: Mapped[Any] | str
    version: Mapped[Any] | int
    key_id: Mapped[Any] | None = None

    @property
    def organization_id(self) -> Mapped[Any]:
        """The column of the organisation."""
        return col(self.table.organization_id)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction did: how many rows it looked at and moved, where it ended, what could not be opened."""

    seen: int
    moved: int
    end: Position
    unreadable: tuple[str, ...]


_places: dict[str, Place] = {}


def register_envelopes(*declared: Place) -> None:
    """Make columns of envelopes known to rotation and counting; called by the composition root at import."""
    _places.update({place.name: place for place in declared})


def places() -> tuple[Place, ...]:
    """Every registered column of envelopes. Raises Conflict `no_places` before any is."""
    if not _places:
        raise Conflict("no_places", "No table with sealed values is registered.")
    return tuple(_places.values())


def count_by_key(session: Session, organization_id: str = "") -> Counter[str]:
    """How many envelopes name each data key (hex), of one organisation or of all; read from their headers."""
    counts: Counter[str] = Counter()
    for place in places():
        key_id = _key_id(place).label("key_id")
        statement = select(key_id, func.count()).where(func.length(place.envelope) > 0).group_by(key_id)
        if organization_id:
            found = session.execute(statement.where(place.organization_id == organization_id)).all()
        else:
            with across_organizations("count of records per data key"):
                found = session.execute(statement).all()
        for key, count in found:
            counts[bytes(key).hex()] += count
    return counts


def count_left(session: Session, leaving: Iterable[DataKey]) -> int:
    """How many rows still need one of the keys, by header or by the column that repeats it."""
    total = 0
    for organization_id, keys in by_organization(leaving).items():
        for place in places():
            statement = select(func.count()).where(place.organization_id == organization_id, _needs(place, keys))
            total += session.execute(statement).scalar_one()
    return total


def by_organization(keys: Iterable[DataKey]) -> dict[str, list[str]]:
    """The ids of data keys by their organisation."""
    grouped: dict[str, list[str]] = {}
    for row in keys:
        grouped.setdefault(row.organization_id, []).append(row.id)
    return grouped


def move_batch(
    session: Session, keyring: Keyring, place: Place, organization_id: str, leaving: Sequence[str], after: Position
) -> Batch:
    """Re-encrypt the next rows (at most BATCH) after the position under the organisation's primary key.

    Each is written only while it still holds the envelope that was read. Rows that another transaction holds are
    passed over: waiting for them here could make that one, which may carry a new token, lose.
    """
    statement = _page(place, organization_id, after, BATCH).where(_needs(place, leaving))
    rows = session.execute(statement.with_for_update(skip_locked=True)).all()
    if not rows:
        return Batch(0, 0, after, ())
    primary = primary_key(session, keyring, organization_id)
    changes: list[dict[str, Any]] = []
    unreadable: list[str] = []
    for row in rows:
        try:
            changes.append(_change(session, keyring, place, organization_id, row, primary))
        except CredentialUnreadable:
            unreadable.append(f"{place.name} {row.record}")
    moved = _store(session, place, organization_id, changes)
    keyring.save_uses(session)
    return Batch(len(rows), moved, _position(place, rows[-1]), tuple(unreadable))


def read_batch(session: Session, keyring: Keyring, place: Place, organization_id: str, after: Position) -> Batch:
    """Open the next rows (at most READ_BATCH) after the position, to prove that they can be."""
    rows = session.execute(_page(place, organization_id, after, READ_BATCH)).all()
    unreadable = []
    for row in rows:
        try:
            _open(session, keyring, place, organization_id, row)
        except CredentialUnreadable:
            unreadable.append(f"{place.name} {row.record}")
    return Batch(len(rows), 0, _position(place, rows[-1]) if rows else after, tuple(unreadable))


def primary_key(session: Session, keyring: Keyring, organization_id: str) -> OpenKey:
    """The organisation's primary data key, as the table has it now."""
    row = session.execute(
        select(DataKey).where(col(DataKey.organization_id) == organization_id, col(DataKey.is_primary).is_(True))
    ).scalar_one()
    keyring.vault.add_keys((wrapped_key(row),))
    return keyring.vault.data_key(bytes.fromhex(row.id))


def _key_id(place: Place) -> ColumnElement[bytes]:
    return func.substr(place.envelope, _HEADER + 1, KEY_ID_BYTES, type_=LargeBinary)


def _needs(place: Place, leaving: Sequence[str]) -> ColumnElement[bool]:
    named = _key_id(place).in_([bytes.fromhex(key) for key in leaving])
    return named if place.key_id is None else or_(named, place.key_id.in_(list(leaving)))


def _page(place: Place, organization_id: str, after: Position, limit: int) -> Select[Any]:
    field = literal(place.field, String) if isinstance(place.field, str) else place.field
    version = literal(place.version) if isinstance(place.version, int) else place.version
    columns: list[Any] = [column.label(f"key_{number}") for number, column in enumerate(place.key)]
    columns += [
        place.envelope.label("envelope"),
        place.record.label("record"),
        field.label("field"),
        version.label("version"),
    ]
    scoped = (place.organization_id == organization_id, func.length(place.envelope) > 0)
    statement: Select[Any] = select(*columns).where(*scoped).order_by(*place.key).limit(limit)
    return statement.where(tuple_(*place.key) > tuple_(*after)) if after else statement


def _position(place: Place, row: Row[Any]) -> Position:
    return tuple(row[: len(place.key)])


def _context(place: Place, organization_id: str, row: Row[Any]) -> SealContext:
    return SealContext(organization_id, row.record, place.kind, row.field, row.version)


def _open(session: Session, keyring: Keyring, place: Place, organization_id: str, row: Row[Any]) -> Secret:
    where = _context(place, organization_id, row)
    return keyring.open(
        session,
        organization_id,
        record=where.record,
        kind=where.kind,
        field=where.field,
        version=where.version,
        envelope=bytes(row.envelope),
    )


def _change(
    session: Session, keyring: Keyring, place: Place, organization_id: str, row: Row[Any], primary: OpenKey
) -> dict[str, Any]:
    before = bytes(row.envelope)
    plain = _open(session, keyring, place, organization_id, row)
    sealed = keyring.vault.seal(plain, _context(place, organization_id, row), primary)
    known = {f"at_{number}": value for number, value in enumerate(_position(place, row))}
    return {**known, "before": before, "sealed": sealed, "sealed_by": Envelope.parse(sealed).key_id.hex()}


def _store(session: Session, place: Place, organization_id: str, changes: list[dict[str, Any]]) -> int:
    if not changes:
        return 0
    values: Mapping[Any, Any] = {place.envelope: bindparam("sealed", type_=LargeBinary)}
    if place.key_id is not None:
        values = {**values, place.key_id: bindparam("sealed_by", type_=String)}
    else:
        for change in changes:
            del change["sealed_by"]
    table = SQLModel.metadata.tables[str(place.table.__tablename__)]
    statement = (
        update(table)
        .where(
            place.organization_id == organization_id,
            *(column == bindparam(f"at_{number}", type_=String) for number, column in enumerate(place.key)),
            place.envelope == bindparam("before", type_=LargeBinary),
        )
        .values(values)
    )
    result = session.connection().execute(statement, changes)
    return int(result.rowcount)


def walk(leaving: Iterable[DataKey]) -> Iterator[tuple[str, list[str], Place]]:
    """Every organisation with its leaving keys, and every place to look at there."""
    for organization_id, keys in by_organization(leaving).items():
        for place in places():
            yield organization_id, keys, place
