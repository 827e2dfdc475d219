"""The workflows' service: what pages, the REST API and commands call, in one place."""

from integrations_app.workflows.consent import Consent, Need, consent_of, needed_scopes
from integrations_app.workflows.drafts import create, duplicate, get, list_by_organization
from integrations_app.workflows.editing.edits import edit, redo, rename, save_draft, undo
from integrations_app.workflows.exchange import Exported, export
from integrations_app.workflows.held import release_held
from integrations_app.workflows.hooks import delivery_refusal, endpoint_url
from integrations_app.workflows.importing import Arrival, import_definition, preview
from integrations_app.workflows.pins import Sample, load_sample, pin, pin_run, unpin
from integrations_app.workflows.publishing import Published, delete, pause, publish, resume, unpublish
from integrations_app.workflows.rendering import render_inputs
from integrations_app.workflows.replacing import Replaced, replace_connection
from integrations_app.workflows.replaying import Replayed, find_failed, replay, replay_failed
from integrations_app.workflows.runs import cancel, get_run, list_runs, resolve, start_run, wait_for_run
from integrations_app.workflows.tags import list_tags, set_tags
from integrations_app.workflows.trial import Trial, try_step
from integrations_app.workflows.tryout import preview_action, preview_step, try_action
from integrations_app.workflows.variables import Variable, load_variables
from integrations_app.workflows.versions import ChangeWords, VersionRow, changes_since, list_versions, restore

__all__ = [
    "Arrival",
    "ChangeWords",
    "Consent",
    "Exported",
    "Need",
    "Published",
    "Replaced",
    "Replayed",
    "Sample",
    "Trial",
    "Variable",
    "VersionRow",
    "cancel",
    "changes_since",
    "consent_of",
    "create",
    "delete",
    "delivery_refusal",
    "duplicate",
    "edit",
    "endpoint_url",
    "export",
    "find_failed",
    "get",
    "get_run",
    "import_definition",
    "list_by_organization",
    "list_runs",
    "list_tags",
    "list_versions",
    "load_sample",
    "load_variables",
    "needed_scopes",
    "pause",
    "pin",
    "pin_run",
    "preview",
    "preview_action",
    "preview_step",
    "publish",
    "redo",
    "release_held",
    "rename",
    "render_inputs",
    "replace_connection",
    "replay",
    "replay_failed",
    "resolve",
    "restore",
    "resume",
    "save_draft",
    "set_tags",
    "start_run",
    "try_action",
    "try_step",
    "undo",
    "unpin",
    "unpublish",
    "wait_for_run",
]
