"""Events are judged before their handlers: session, tab, permission, rate; unguarded handlers stop the start."""

import os
from datetime import timedelta

import pytest

os.environ.setdefault("REFLEX_BACKEND_ONLY", "1")

import reflex as rx
from reflex_base.event import Event
from reflex_base.registry import RegistrationContext

from integrations_app.errors import StartRefused, Unauthenticated
from integrations_app.kit.secret import Secret
from integrations_app.organizations import audit, members, service, sessions
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import FRAMEWORK_EVENTS, GuardMiddleware, assert_guarded, guard, guarded_handlers
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.ui.tabs import BURST, TABS, Tabs


class ProbeState(SessionState):
    """A page with one handler per kind of permission."""

    count: int = 0
    _hidden: str = "kept"

    @rx.event
    @guard(Permission.VIEW)
    async def look(self) -> None:
        self.count += 1

    @guard(Permission.MANAGE_CONNECTIONS)  # type: ignore[type-var]  # mypy takes rx.event for a class; it returns the handler
    @rx.event
    def disconnect(self) -> None:
        self.count += 1

    @rx.event(background=True)
    @guard(Permission.EDIT_WORKFLOWS)
    async def run_now(self) -> None:
        async with self:
            self.count += 1


def event_name(handler: str) -> str:
    return f"{ProbeState.get_full_name()}.{handler}"


def tree(cookie: str = "", token: str = "tab-1") -> rx.State:
    root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]  # hinted as a dataclass, its __init__ takes it
    headers = {"cookie": f"other=1; {sessions.COOKIE}={cookie}"} if cookie else {}
    root.router_data = {"token": token, "headers": headers, "ip": "203.0.113.9"}
    return root


@pytest.fixture
def tabs():
    return Tabs()


@pytest.fixture
def judge(hub, tabs):
    middleware = GuardMiddleware(lambda: hub, tabs)

    async def ask(cookie: str, handler: str, token: str = "tab-1"):
        root = tree(cookie, token)
        name = handler if "." in handler else event_name(handler)
        update = await middleware.preprocess(None, root, Event(name=name, payload={}))
        return update, await root.get_state(SessionState)

    return ask


def denied(hub, organization_id):
    page = hub.database.read_now(
        lambda session: audit.list_events(session, organization_id, audit.Filters(name="authz.denied"))
    )
    return [(event.actor, event.detail["reason"], event.detail["handler"]) for event in page.items]


@pytest.mark.parametrize(
    ("role", "passed"),
    [
        ("viewer", {"look"}),
        ("editor", {"look", "run_now"}),
        ("admin", {"look", "run_now", "disconnect"}),
        ("owner", {"look", "run_now", "disconnect"}),
    ],
)
async def test_each_role_reaches_exactly_its_handlers(judge, person, role, passed):
    who = await person(role)
    reached = {
        handler for handler in ("look", "run_now", "disconnect") if (await judge(who.cookie, handler))[0] is None
    }
    assert reached == passed


async def test_a_refusal_says_so_and_leaves_one_record(hub, judge, person):
    viewer = await person("viewer")
    for _ in range(5):
        update, shown = await judge(viewer.cookie, "disconnect")
        assert update is not None
    assert shown.not_allowed
    assert list(update.delta) == [SessionState.get_full_name()]
    assert denied(hub, viewer.organization_id) == [(viewer.email, "permission", event_name("disconnect"))]


async def test_the_page_learns_who_is_signed_in_from_the_server(judge, person):
    editor = await person("editor")
    _, shown = await judge(editor.cookie, "look")
    assert (shown.email, shown.role, shown.can_edit, shown.can_manage) == (editor.email, "editor", True, False)
    assert shown.organization_name == "Acme"


@pytest.mark.parametrize("cookie", ["", "0" * 64, "x" * 5000])
async def test_no_session_no_event_not_even_of_the_framework(judge, cookie):
    for name in ("look", "reflex___state____state.hydrate_and_load"):
        update, shown = await judge(cookie, name)
        assert update is not None
        assert shown.signed_out


async def test_framework_events_pass_and_setters_do_not(judge, person):
    owner = await person("owner")
    for name, registered in RegistrationContext.get().event_handlers.items():
        if not registered.handler.fn.__module__.startswith("reflex"):
            continue
        update, _ = await judge(owner.cookie, name)
        assert (update is None) == (name.rpartition(".")[2] in FRAMEWORK_EVENTS), name
    assert any(name.endswith(".setvar") for name in RegistrationContext.get().event_handlers)


@pytest.mark.parametrize("name", ["state.nothing", "set_role", "reflex___state____state.set_email"])
async def test_unknown_handlers_are_refused(judge, person, name):
    owner = await person("owner")
    update, _ = await judge(owner.cookie, name)
    assert update is not None


async def test_a_stolen_tab_gives_nothing_to_another_session(hub, judge, person):
    victim, thief = await person("owner"), await person("viewer")
    assert (await judge(victim.cookie, "look", "tab-9"))[0] is None
    for name in ("look", "reflex___state____state.hydrate", "reflex___state____state.hydrate_and_load"):
        update, shown = await judge(thief.cookie, name, "tab-9")
        assert update is not None
        assert not update.delta
        assert not update.events
        assert shown.email == ""
    assert (await judge(victim.cookie, "look", "tab-9"))[0] is None
    assert [row[1] for row in denied(hub, thief.organization_id)] == ["foreign_tab"]


async def test_a_tab_may_be_used_again_after_its_own_session_ended(hub, judge, person):
    ada = await person("owner")
    await judge(ada.cookie, "look", "tab-2")
    await service.sign_out(hub, await sessions.require(hub, ada.cookie))
    update, shown = await judge(ada.cookie, "look", "tab-2")
    assert update is not None
    assert shown.signed_out
    again = await service.sign_in(hub, email=ada.email, password=Secret(ada.password))
    assert (await judge(again, "look", "tab-2"))[0] is None


async def test_a_lowered_role_is_felt_at_the_next_event(hub, judge, person):
    owner, other = await person("owner"), await person("admin")
    assert (await judge(other.cookie, "disconnect", "tab-3"))[0] is None
    await members.change_role(hub, await sessions.require(hub, owner.cookie), other.user_id, "viewer")
    update, shown = await judge(other.cookie, "disconnect", "tab-3")
    assert update is not None
    assert shown.signed_out


async def test_a_flood_is_slowed_down_and_forgiven(judge, person, clock):
    viewer = await person("viewer")
    results = [(await judge(viewer.cookie, "look"))[0] for _ in range(int(BURST) + 5)]
    assert results.count(None) == int(BURST)
    clock.advance(timedelta(seconds=1))
    assert (await judge(viewer.cookie, "look"))[0] is None


async def test_current_actor_is_the_servers_and_ends_with_the_session(hub, person):
    owner = await person("owner")
    root = tree(owner.cookie, "tab-current")
    root._update_router_vars(root.router_data, {})
    page = await root.get_state(ProbeState)
    with pytest.raises(Unauthenticated):
        current_actor(page)
    middleware = GuardMiddleware(lambda: hub, TABS)
    assert await middleware.preprocess(None, root, Event(name=event_name("look"), payload={})) is None
    actor = current_actor(page)
    assert (actor.user_id, actor.organization_id, actor.role) == (owner.user_id, owner.organization_id, "owner")
    await service.sign_out(hub, actor)
    await middleware.preprocess(None, root, Event(name=event_name("look"), payload={}))
    with pytest.raises(Unauthenticated):
        current_actor(page)


def test_every_handler_of_the_probe_is_known_with_its_permission():
    known = guarded_handlers()
    assert known[event_name("look")] is Permission.VIEW
    assert known[event_name("disconnect")] is Permission.MANAGE_CONNECTIONS
    assert known[event_name("run_now")] is Permission.EDIT_WORKFLOWS


def test_one_unguarded_public_handler_refuses_the_start():
    context = RegistrationContext.get().fork() if hasattr(RegistrationContext, "fork") else None
    if context is None:
        pytest.fail("this Reflex cannot fork its registry")
    token = RegistrationContext.set(context)
    try:
        assert_guarded()

        class CarelessState(rx.State):
            def helper(self) -> None:
                """Public by accident."""

        with pytest.raises(StartRefused, match="helper") as refused:
            assert_guarded()
        assert refused.value.code == "handler_unguarded"
        assert "CarelessState" not in guarded_handlers()
    finally:
        RegistrationContext.reset(token)
