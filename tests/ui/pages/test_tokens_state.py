"""The API tokens section on a real database: made and shown once, own ones for everybody, all of them for admins."""

from dataclasses import replace
from typing import Any

import pytest

from integrations_app.organizations import tokens
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.models import Member, User
from integrations_app.organizations.permissions import Actor
from integrations_app.ui.pages.tokens_state import TOKEN_BOX, TokensState
from tests.ui.pages.test_one_time_secrets import handed_over, kept
from tests.workflows.probe import ACTOR

EDITOR = replace(ACTOR, user_id="e" * 32, email="editor@example.org", role="editor", session_hash="e")


@pytest.fixture(autouse=True)
async def people(hub: Hub) -> None:
    """The owner and the editor, as rows."""

    def write(session: Any) -> None:
        for actor in (ACTOR, EDITOR):
            session.add(User(id=actor.user_id, email=actor.email, password_hash="", created_at=hub.clock()))
            session.flush()
            place = {"organization_id": actor.organization_id, "user_id": actor.user_id}
            session.add(Member(**place, role=actor.role, created_at=hub.clock()))

    await hub.database.write(write)


async def call(page: Any, handler: str, *given: Any) -> Any:
    """Call a handler as an event does."""
    answer = type(page).event_handlers[handler].fn(page, *given)
    return await answer if hasattr(answer, "__await__") else answer


async def open_section(tab: Any, actor: Actor) -> tuple[Any, Any]:
    root = await tab(actor)
    page: Any = await root.get_state(TokensState)
    await page._refresh(frozenset())
    return root, page


async def test_a_token_is_handed_over_once_and_kept_nowhere(hub: Hub, tab: Any) -> None:
    root, page = await open_section(tab, EDITOR)
    assert (page.tokens, page.roles) == ([], ["viewer", "editor"])
    event = await call(page, "make_token", {"name": "ci", "role": "viewer", "lifetime": "30"})
    token = handed_over(event, TOKEN_BOX)
    assert [(line.name, line.role, line.whose, line.last_used_at) for line in page.tokens] == [("ci", "viewer", "", "")]
    assert page.tokens[0].expires_at
    assert token not in kept(root)
    bearer = await tokens.require(hub, token)
    assert (bearer.actor.user_id, bearer.actor.role) == (EDITOR.user_id, "viewer")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": "", "role": "viewer", "lifetime": "30"}, "name"),
        ({"name": "x", "role": "king", "lifetime": "30"}, "role"),
        ({"name": "x", "role": "viewer", "lifetime": "31"}, "lifetime"),
        ({"name": "x", "role": "viewer"}, "lifetime"),
    ],
)
async def test_an_odd_form_is_refused_by_field(tab: Any, form: dict[str, str], field: str) -> None:
    _, page = await open_section(tab, EDITOR)
    assert handed_over(await call(page, "make_token", form), TOKEN_BOX) == ""
    assert (list(page.token_errors), page.tokens) == ([field], [])


async def test_a_role_above_ones_own_is_refused_in_words(tab: Any) -> None:
    _, page = await open_section(tab, EDITOR)
    form = {"name": "x", "role": "owner", "lifetime": "never"}
    assert handed_over(await call(page, "make_token", form), TOKEN_BOX) == ""
    assert "more than the person" in page.tokens_notice


async def test_revoking_asks_first_and_admins_may_end_those_of_others(hub: Hub, tab: Any) -> None:
    _, page = await open_section(tab, EDITOR)
    event = await call(page, "make_token", {"name": "ci", "role": "editor", "lifetime": "never"})
    token = handed_over(event, TOKEN_BOX)
    _, owners = await open_section(tab, ACTOR)
    line = owners.tokens[0]
    assert (line.name, line.whose, line.expires_at) == ("ci", EDITOR.email, "")
    await call(owners, "ask_revoke", line.id)
    assert owners.ending_name == "ci"
    await call(owners, "keep")
    assert (owners.ending_id, (await tokens.require(hub, token)).actor.email) == ("", EDITOR.email)
    await call(owners, "ask_revoke", line.id)
    await call(owners, "revoke")
    assert (owners.tokens, owners.tokens_notice) == ([], "")
    assert await tokens.find(hub, token) is None


async def test_nobody_ends_the_token_of_somebody_above(hub: Hub, tab: Any) -> None:
    row, token = await tokens.create(hub, ACTOR, name="owner's")
    _, page = await open_section(tab, EDITOR)
    assert page.tokens == []
    await call(page, "ask_revoke", row.id)
    await call(page, "revoke")
    assert page.tokens_notice == "There is no such API token."
    assert await tokens.find(hub, token.reveal("test")) is not None
