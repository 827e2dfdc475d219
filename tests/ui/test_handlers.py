"""Every event handler of the application against the permission table: any socket may call any of them."""

import os

import pytest

os.environ.setdefault("REFLEX_BACKEND_ONLY", "1")  # the pages are imported here, not built

import integrations_app.integrations_app  # noqa: F401 - registers every page's state
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import assert_guarded, guarded_handlers

LOOKING = {
    "attention.load",
    "bulk_replay.clear",
    "connection.choose",
    "connection.load",
    "connection.show_tab",
    "editor_canvas.show_outline",
    "editor_canvas.show_view",
    "editor_raw.show_raw",
    "editor_raw.show_step_raw",
    "editor_run.hide_run",
    "editor_run.list_problems",
    "editor_versions.choose_against",
    "editor_versions.compare",
    "editor_versions.list_versions",
    "endpoints.load",
    "event.load",
    "events.choose_endpoint",
    "events.choose_verdict",
    "events.choose_workflow",
    "events.clear_filters",
    "events.load",
    "events.show_older",
    "integrations.find",
    "integrations.load",
    "integrations.show",
    "keys.load",
    "moving.load",
    "organizations.load",
    "run.load",
    "run.show_more",
    "run.unfold",
    "run.unfold_trigger",
    "runs.choose_status",
    "runs.choose_workflow",
    "runs.clear_filters",
    "runs.load",
    "runs.show_older",
    "retention.load",
    "settings.load",
    "templates.load",
    "tokens.load",
    "trouble.show_trouble",
    "try.begin_try",
    "workflow_editor.close_panel",
    "workflow_editor.load",
    "workflow_editor.select",
    "workflow_editor.show_problem",
    "workflows.choose_state",
    "workflows.choose_tag",
    "workflows.clear_filters",
    "workflows.find",
    "workflows.load",
    "workflows.show_more",
}
"""What a viewer may send: it changes nothing but what the own tab shows."""
OWN = {"settings.change_password", "tokens.ask_revoke", "tokens.keep", "tokens.make_token", "tokens.revoke"}
"""What everybody may do to their own account, and with their own tokens."""
ACTING = {
    "connection": Permission.MANAGE_CONNECTIONS,
    "doctor": Permission.MANAGE_CONNECTIONS,
    "moving": Permission.EDIT_WORKFLOWS,
    "integrations": Permission.MANAGE_CONNECTIONS,
    "editor_condition": Permission.EDIT_WORKFLOWS,
    "endpoints": Permission.MANAGE_CONNECTIONS,
    "endpoint_cap": Permission.MANAGE_CONNECTIONS,
    "endpoint_terms": Permission.MANAGE_CONNECTIONS,
    "endpoint_acts": Permission.MANAGE_CONNECTIONS,
    "editor_endpoint": Permission.MANAGE_CONNECTIONS,
    "editor_input": Permission.EDIT_WORKFLOWS,
    "editor_pin": Permission.EDIT_WORKFLOWS,
    "editor_raw": Permission.EDIT_WORKFLOWS,
    "editor_versions": Permission.EDIT_WORKFLOWS,
    "editor_sample": Permission.EDIT_WORKFLOWS,
    "workflows": Permission.EDIT_WORKFLOWS,
    "import": Permission.EDIT_WORKFLOWS,
    "editor_clipboard": Permission.EDIT_WORKFLOWS,
    "workflow_acts": Permission.EDIT_WORKFLOWS,
    "templates": Permission.EDIT_WORKFLOWS,
    "workflow_editor": Permission.EDIT_WORKFLOWS,
    "editor_canvas": Permission.EDIT_WORKFLOWS,
    "editor_step": Permission.EDIT_WORKFLOWS,
    "editor_history": Permission.EDIT_WORKFLOWS,
    "editor_run": Permission.EDIT_WORKFLOWS,
    "editor_trial": Permission.EDIT_WORKFLOWS,
    "event_replay": Permission.EDIT_WORKFLOWS,
    "editor_request": Permission.EDIT_WORKFLOWS,
    "try": Permission.EDIT_WORKFLOWS,
    "run": Permission.EDIT_WORKFLOWS,
    "runs": Permission.EDIT_WORKFLOWS,
    "bulk_replay": Permission.EDIT_WORKFLOWS,
    "activity": Permission.MANAGE_MEMBERS,
    "audit": Permission.MANAGE_MEMBERS,
    "retention": Permission.MANAGE_MEMBERS,
    "settings": Permission.MANAGE_MEMBERS,
    "keys": Permission.MANAGE_KEYS,
}
"""What everything else in a state asks for."""


def handlers() -> dict[str, Permission]:
    """The application's handlers as `state.handler`."""
    found = {}
    for name, permission in guarded_handlers().items():
        _, state, handler = name.rsplit(".", 2)
        if state.startswith("integrations_app___ui___"):
            found[f"{state.rsplit('____', 1)[-1].removesuffix('_state')}.{handler}"] = permission
    return found


def test_no_handler_of_the_application_is_unguarded() -> None:
    assert_guarded()


def test_a_viewer_may_look_and_nothing_else() -> None:
    assert {name for name, permission in handlers().items() if permission is Permission.VIEW} == LOOKING | OWN


@pytest.mark.parametrize("name", sorted(set(handlers()) - LOOKING - OWN))
def test_whoever_acts_needs_what_the_table_says(name: str) -> None:
    assert handlers()[name] is ACTING[name.partition(".")[0]]
