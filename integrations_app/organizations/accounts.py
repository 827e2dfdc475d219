"""People and organisations come to be: the first owner by the setup token, others by a command."""

import hmac
from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from integrations_app.errors import Conflict, Forbidden, NotFound
from integrations_app.kit.secret import Secret
from integrations_app.organizations import audit, repository, sessions, token_rows
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.keys import Keyring
from integrations_app.organizations.limits import address_block
from integrations_app.organizations.models import Member, Organization, Role, SetupToken, User
from integrations_app.organizations.passwords import require_password
from integrations_app.organizations.people import known_role, normal_email, normal_name, searchable
from integrations_app.organizations.permissions import Actor

SETUP = "setup"


def prepare_setup(session: Session, keyring: Keyring, token: Secret, now: datetime) -> bool:
    """Store `token` as the one that creates the first owner, in place of an earlier one; False when one exists."""
    if repository.any_user(session):
        return False
    row = repository.get_setup_token(session) or SetupToken(id=1, token_hash="", created_at=now)
    row.token_hash = keyring.hash_token(SETUP, token.reveal("setup token"))
    row.created_at, row.used_at = now, None
    session.add(row)
    return True


async def setup_open(hub: Hub) -> bool:
    """Whether nobody exists yet, so that `/setup` is there."""
    return not await hub.database.read(repository.any_user)


async def set_up(hub: Hub, *, token: str, organization: str, email: str, password: Secret, address: str = "") -> str:
    """Create the organisation and its first owner with the one-time token; returns a session token for the cookie.

    NotFound once somebody exists; Forbidden `setup_token_invalid`; InvalidInput by field; RateLimited.
    """
    if not await setup_open(hub):
        raise NotFound
    now = hub.clock()
    keys = (f"setup:{address_block(address)}",)
    hub.limits.enter(keys, now)
    await hub.database.read(lambda session: _require_setup_token(session, hub.keyring, token))
    hub.limits.forgive(keys, now)
    name, email = normal_name(organization), normal_email(email)
    require_password(password)
    password_hash = await hub.passwords.hash(password)
    browser = sessions.new_token(hub)

    def write(session: Session) -> None:
        _require_setup_token(session, hub.keyring, token)
        if repository.any_user(session) or not repository.use_setup_token(session, now):
            raise NotFound
        user, made, _ = _add_person(session, hub.new_id, email, password_hash, name, Role.OWNER, now)
        actor = Actor(made.id, user.id, email, Role.OWNER.value, address=address)
        sessions.add(session, hub.keyring, user.id, made.id, browser, now)
        audit.record(session, hub.keyring, actor, "organization.created", now=now, subject=f"organization:{made.id}")

    await hub.database.write(write)
    return browser


def create_user(  # noqa: PLR0913 - the columns of a row, by name
    session: Session,
    keyring: Keyring,
    *,
    email: str,
    organization: str,
    role: str,
    password_hash: str,
    now: datetime,
    new_id: Callable[[], str],
) -> tuple[str, str]:
    """For the command `users create`: a person in the organisation of that name, which is made when missing.

    Returns the ids of the user and the organisation. Conflict `user_exists`; InvalidInput.
    """
    email, name, chosen = normal_email(email), normal_name(organization), known_role(role)
    if repository.find_user(session, email) is not None:
        raise Conflict("user_exists", "A person with this e-mail exists already.")
    user, place, created = _add_person(session, new_id, email, password_hash, name, chosen, now)
    detail = {"role": chosen.value, "organization_created": created}
    chain = place.id
    subject = f"user:{user.id}"
    audit.record(session, keyring, None, "user.created", now=now, subject=subject, detail=detail, organization_id=chain)
    return user.id, place.id


async def disable_user(hub: Hub, email: str) -> None:
    """Keep a person out from now on: no sign-in, every session, socket and API token ends. NotFound; for a command."""

    def write(session: Session) -> None:
        now = hub.clock()
        user = repository.find_user(session, searchable(email))
        if user is None:
            raise NotFound
        user.disabled_at = now
        repository.end_sessions(session, user.id, now)
        places = repository.list_places(session, user.id)
        sessions.announce_change(session, hub, places, user.id)
        for chain in places:
            token_rows.revoke_all(session, chain, user.id, now)
            subject = f"user:{user.id}"
            audit.record(session, hub.keyring, None, "user.disabled", now=now, subject=subject, organization_id=chain)

    await hub.database.write(write)


def _require_setup_token(session: Session, keyring: Keyring, token: str) -> None:
    row = repository.get_setup_token(session)
    given = keyring.hash_token(SETUP, token.strip())
    if row is None or row.used_at is not None or not hmac.compare_digest(row.token_hash, given):
        raise Forbidden("setup_token_invalid", "This setup token is not the one printed at the start.")


def _add_person(
    session: Session,
    new_id: Callable[[], str],
    email: str,
    password_hash: str,
    organization_name: str,
    role: Role,
    now: datetime,
) -> tuple[User, Organization, bool]:
    place = repository.find_organization(session, organization_name)
    created = place is None
    if place is None:
        place = Organization(id=new_id(), name=organization_name, created_at=now)
        session.add(place)
    user = User(id=new_id(), email=email, password_hash=password_hash, created_at=now)
    session.add(user)
    session.flush()
    session.add(Member(organization_id=place.id, user_id=user.id, role=role.value, created_at=now))
    session.flush()
    return user, place, created
