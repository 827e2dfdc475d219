"""GitHub Apps on accounts in the emulated REST API, and what a person does with an installation."""

from collections.abc import Iterable
from dataclasses import replace

from integrations_app.sandbox.control_calls import WrongCall
from integrations_app.sandbox.github.calls import Call, Json, Refusal, Reply, endpoint, not_found, paged
from integrations_app.sandbox.github.state import Account, GitHub, Installation, Repository, github_of, stamp
from integrations_app.sandbox.github.views import account_view, repository_view
from integrations_app.sandbox.github.webhooks import app_number, fire_app_event, tell_app
from integrations_app.sandbox.world import World

AT = "/user/installations"


def installation_view(world: World, one: Installation, web: str) -> Json:
    """An installation as the API and the App's own notices show it."""
    app, kind = world.app("github", one.client_id), one.account.type
    at = f"{web}/api/v3/installations/{one.id}"
    return {
        "id": one.id,
        "client_id": one.client_id,
        "account": account_view(one.account, web),
        "repository_selection": "all" if one.chosen is None else "selected",
        "access_tokens_url": f"{web}/api/v3/app/installations/{one.id}/access_tokens",
        "repositories_url": f"{at}/repositories",
        "app_id": app_number(app) if app else 0,
        "app_slug": app.name.lower() if app else "",
        "target_id": one.account.id,
        "target_type": kind,
        "permissions": {"metadata": "read", **one.permissions},
        "events": list(one.events),
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.created_at),
        "suspended_at": stamp(one.suspended_at) if one.suspended_at else None,
        "suspended_by": None,
    }


def _seen(github: GitHub, one: Installation, person: Account) -> list[Repository]:
    """The repositories of an installation that the person has rights of their own in, though it be suspended."""
    awake = replace(one, suspended_at=0.0)
    return [r for r in github.repositories.values() if awake.covers(r) and person.login in r.access]


def _visible(call: Call) -> list[Installation]:
    """Those of the token's App that the person may see; 403 for a token that is no App's."""
    person = call.me()
    if call.token is None or not call.token.of_app:
        words = "You must authenticate with an access token authorized to a GitHub App in order to list installations"
        raise Refusal(403, words)
    ours = [one for one in call.github.installations.values() if one.client_id == call.token.client_id]
    owned = [one for one in ours if one.account is person or person.login in one.account.owners]
    return [one for one in ours if one in owned or _seen(call.github, one, person)]


@endpoint("GET", AT)
def list_installations(call: Call) -> Reply:
    """Where the token's App is installed and the person may see it, with its events and permissions."""
    found = _visible(call)
    views = [installation_view(call.world, one, call.web) for one in found]
    return paged(call, views, lambda page: {"total_count": len(found), "installations": page})


@endpoint("GET", AT + "/{installation:int}/repositories")
def list_repositories(call: Call) -> Reply:
    """The repositories that both the installation and the person reach."""
    one = next((one for one in _visible(call) if one.id == call.path["installation"]), None)
    if one is None:
        raise not_found()
    if one.suspended_at:
        raise Refusal(403, "This installation has been suspended")
    person = call.me()
    found = _seen(call.github, one, person)
    views = [repository_view(r, call.web, person.login) for r in found]
    selection = "all" if one.chosen is None else "selected"
    return paged(
        call, views, lambda page: {"total_count": len(found), "repository_selection": selection, "repositories": page}
    )


def install(world: World, web: str, account: Account, given: Json) -> Installation:
    """Put an App on an account, and tell it. Raises WrongCall."""
    github = github_of(world)
    apps = [client_id for vendor, client_id in world.apps if vendor == "github"]
    client_id = str(given.get("client_id") or apps[0])
    if client_id not in apps:
        raise WrongCall("no such app")
    events, permissions = list(given.get("events", [])), dict(given.get("permissions", {}))
    made = Installation(github.next_id(), client_id, account, events, permissions, world.clock())
    if "repositories" in given:
        made.chosen = {one.id for one in _named(github, account, given["repositories"])}
    github.installations[made.id] = made
    _notice(world, web, made, "created")
    return made


def change(world: World, web: str, one: Installation, given: Json) -> None:
    """What the account's owner does: `act` is deleted, suspend or unsuspend; `add` and `remove` name repositories."""
    github, act = github_of(world), str(given.get("act", ""))
    if "events" in given:
        one.events = list(given["events"])
    for name, action in (("add", "added"), ("remove", "removed")):
        chosen = _named(github, one.account, given.get(name, []))
        if chosen:
            mine = one.chosen if one.chosen is not None else {r.id for r in github.repositories.values()}
            ids = {r.id for r in chosen}
            one.chosen = mine | ids if name == "add" else mine - ids
            _notice_repositories(world, web, one, action, chosen)
    if act in ("suspend", "unsuspend"):
        one.suspended_at = world.clock() if act == "suspend" else 0.0
    if act == "deleted":
        del github.installations[one.id]
    if act:
        _notice(world, web, one, act)


def _named(github: GitHub, account: Account, names: Iterable[str]) -> list[Repository]:
    found = [github.repositories.get(str(name).lower()) for name in names]
    if any(one is None or one.owner is not account for one in found):
        raise WrongCall("no such repository of the account")
    return [one for one in found if one is not None]


def _notice(world: World, web: str, one: Installation, action: str) -> None:
    app, account = world.app("github", one.client_id), one.account
    payload: Json = {"action": action, "installation": installation_view(world, one, web), "repositories": []}
    fire_app_event(world, "installation", payload | {"requester": None, "sender": account_view(account, web)}, app)


def _notice_repositories(world: World, web: str, one: Installation, action: str, chosen: list[Repository]) -> None:
    brief = [{"id": r.id, "name": r.name, "full_name": r.full_name, "private": r.private} for r in chosen]
    payload: Json = {"action": action, "installation": installation_view(world, one, web)}
    payload |= {"repository_selection": "selected", "repositories_added": brief if action == "added" else []}
    payload |= {"repositories_removed": brief if action == "removed" else [], "requester": None}
    tell_app(world, one, "installation_repositories", payload | {"sender": account_view(one.account, web)})
