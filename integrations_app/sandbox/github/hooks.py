"""Webhooks of a repository or of an organisation in the emulated REST API."""

from collections.abc import Callable
from typing import Any

from integrations_app.sandbox.deliver import is_deliverable
from integrations_app.sandbox.github import webhooks
from integrations_app.sandbox.github.calls import (
    HOOKS,
    ORGANIZATION_HOOKS,
    Act,
    Call,
    Refusal,
    Reply,
    endpoint,
    not_found,
    paged,
)
from integrations_app.sandbox.github.state import Delivery, Holder, Hook, Repository
from integrations_app.sandbox.github.views import delivery_view, hook_view

AT, ORGANIZATION_AT = "/repos/{owner}/{repo}/hooks", "/orgs/{org}/hooks"
PER_EVENT = 20
EVENTS = {
    "*",
    "push",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "issues",
    "issue_comment",
    "create",
    "delete",
    "fork",
    "star",
    "watch",
    "release",
    "workflow_run",
    "workflow_job",
    "workflow_dispatch",
    "check_run",
    "check_suite",
    "status",
    "label",
    "milestone",
    "member",
    "deployment",
    "deployment_status",
    "discussion",
    "gollum",
    "commit_comment",
    "repository",
    "branch_protection_rule",
}


def _failed(message: str) -> Refusal:
    return Refusal(422, "Validation Failed", [{"resource": "Hook", "code": "custom", "message": message}])


def _both(method: str, path: str = "", scopes: tuple[str, ...] = HOOKS) -> Callable[[Act], Act]:
    """The endpoint of a repository, and the same one of an organisation."""

    def register(act: Act) -> Act:
        endpoint(method, AT + path, *scopes)(act)
        return endpoint(method, ORGANIZATION_AT + path, *ORGANIZATION_HOOKS)(act)

    return register


def _holder(call: Call) -> Holder:
    return call.organization(ORGANIZATION_HOOKS) if "org" in call.path else call.repository("admin", HOOKS)


def _hook(call: Call) -> tuple[Holder, Hook]:
    holder = _holder(call)
    hook = holder.hooks.get(call.path["hook"])
    if hook is None:
        raise not_found()
    return holder, hook


def _events(given: Any) -> list[str]:
    if not isinstance(given, list) or not given:
        raise _failed("Events cannot be empty")
    unknown = [event for event in given if event not in EVENTS]
    if unknown:
        raise _failed(f"The hook cannot listen to these events: {', '.join(map(str, unknown))}")
    return list(dict.fromkeys(given))


def _url(config: dict[str, Any]) -> str:
    url = config.get("url")
    if not isinstance(url, str) or not url:
        raise _failed('config is missing "url"')
    if not is_deliverable(url):
        raise _failed("url is not supported because the sandbox delivers to loopback addresses only")
    return url


def _content_type(config: dict[str, Any]) -> str:
    content_type = config.get("content_type", "form")
    if content_type not in ("json", "form"):
        raise _failed("content_type must be json or form")
    return str(content_type)


@_both("POST")
def create_hook(call: Call) -> Reply:
    """Make a webhook; a ping follows. 422 for one that is there already."""
    holder = _holder(call)
    config = call.body.get("config")
    if not isinstance(config, dict):
        raise Refusal(422, 'Invalid request.\n\n"config" wasn\'t supplied.')
    if call.body.get("name", "web") != "web":
        raise Refusal(422, "Validation Failed", [{"resource": "Hook", "field": "name", "code": "invalid"}])
    events, url, content_type = (_events(call.body.get("events", ["push"])), _url(config), _content_type(config))
    secret, active = (str(config.get("secret", "")), call.body.get("active", True) is not False)
    kind = "repository" if isinstance(holder, Repository) else "organization"
    for other in holder.hooks.values():
        if (other.url, other.content_type) == (url, content_type) and set(other.events) == set(events):
            raise _failed(f"Hook already exists on this {kind}")
    for event in events:
        if sum(event in other.events for other in holder.hooks.values()) >= PER_EVENT:
            raise _failed(f'The "{event}" event cannot have more than {PER_EVENT} hooks')
    hook = Hook(call.github.next_id(), url, content_type, secret, events, active, call.now, call.now)
    holder.hooks[hook.id] = hook
    webhooks.ping(call.world, call.web, holder, hook, call.me())
    view = hook_view(hook, holder, call.web)
    if isinstance(holder, Repository):
        view["last_response"] = {"code": None, "status": "unused", "message": None}
    return Reply(201, view)


@_both("GET")
def list_hooks(call: Call) -> Reply:
    """Webhooks of a repository or an organisation."""
    holder = _holder(call)
    found = list(holder.hooks.values())
    return paged(call, found, lambda page: [hook_view(hook, holder, call.web) for hook in page])


@_both("GET", "/{hook:int}")
def get_hook(call: Call) -> Reply:
    """One webhook."""
    holder, hook = _hook(call)
    return Reply(200, hook_view(hook, holder, call.web))


@_both("PATCH", "/{hook:int}")
def update_hook(call: Call) -> Reply:
    """Change events, address, secret or activity."""
    holder, hook = _hook(call)
    body, config = call.body, call.body.get("config")
    if "events" in body:
        hook.events = _events(body["events"])
    if isinstance(config, dict):
        hook.url = _url(config)
        hook.content_type = _content_type(config)
        hook.secret = str(config.get("secret", ""))
    if "active" in body:
        hook.active = body["active"] is True
    hook.updated_at = call.now
    return Reply(200, hook_view(hook, holder, call.web))


@_both("DELETE", "/{hook:int}", ("admin:repo_hook", "repo"))
def delete_hook(call: Call) -> Reply:
    """Remove a webhook."""
    holder, hook = _hook(call)
    del holder.hooks[hook.id]
    return Reply(204)


@_both("POST", "/{hook:int}/pings")
def ping_hook(call: Call) -> Reply:
    """Send a ping."""
    holder, hook = _hook(call)
    webhooks.ping(call.world, call.web, holder, hook, call.me())
    return Reply(204)


@_both("GET", "/{hook:int}/deliveries")
def list_deliveries(call: Call) -> Reply:
    """Delivery attempts, newest first."""
    _, hook = _hook(call)
    return paged(call, hook.deliveries[::-1], lambda page: [delivery_view(one) for one in page])


def _delivery(call: Call, hook: Hook) -> Delivery:
    for delivery in hook.deliveries:
        if delivery.id == call.path["delivery"]:
            return delivery
    raise not_found()


@_both("GET", "/{hook:int}/deliveries/{delivery:int}")
def get_delivery(call: Call) -> Reply:
    """One delivery attempt with request and response."""
    _, hook = _hook(call)
    return Reply(200, delivery_view(_delivery(call, hook), whole=True))


@_both("POST", "/{hook:int}/deliveries/{delivery:int}/attempts")
def redeliver(call: Call) -> Reply:
    """Deliver again with the same GUID."""
    holder, hook = _hook(call)
    webhooks.redeliver(call.world, holder, hook, _delivery(call, hook))
    return Reply(202, {})
