"""Versions of the workflow: what changed between two, publishing after a look, and going back to an older one."""

from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from integrations_app.errors import IntegrationsError
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.editor_run_state import EditorRunState
from integrations_app.ui.pages.run_words import iso
from integrations_app.ui.pages.workflow_editor_state import WorkflowEditorState
from integrations_app.ui.session import current_actor
from integrations_app.workflows import service
from integrations_app.workflows.versions import ChangeWords

_PUBLISH: Any = EditorRunState.publish
"""A background handler: its type does not say that it takes arguments."""


@dataclass(frozen=True)
class VersionLine:
    """One version of the list."""

    number: int
    published_at: str
    live: bool


@dataclass(frozen=True)
class PartLine:
    """One part of a change: what it was and what it is."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class ChangeLine:
    """One change in words."""

    kind: str
    words: str
    parts: list[PartLine] = field(default_factory=list)


class EditorVersionsState(WorkflowEditorState):
    """The dialogs of Publish and Versions."""

    versions: list[VersionLine] = []
    listing_versions: bool = False
    compared: int = 0
    """The version whose changes are shown; 0 for none."""
    against: int = 0
    """The version that others are compared with; 0 for the draft."""
    between: str = ""
    """Which two are compared, the older one first."""
    changes: list[ChangeLine] = []
    asking_publish: bool = False
    version_note: str = ""

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def ask_publish(self) -> Any:
        """Show what is new since the newest version; a first version, and one that cannot be, need no look."""
        newest = await self._list()
        if not newest or self.error_count or self.unsaved:
            return _PUBLISH(False)
        await self._compare(newest)
        self.asking_publish = True
        return None

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def publish_changes(self) -> Any:
        """Publish what was looked at."""
        self.asking_publish = False
        return _PUBLISH(False)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    def keep_changes(self, open_: bool = False) -> None:
        """Do not publish after all."""
        if not open_:
            self.asking_publish = False

    @rx.event
    @guard(Permission.VIEW)
    async def list_versions(self, open_: bool = True) -> None:
        """Open or close the list of versions."""
        self.listing_versions, self.compared, self.against, self.version_note = open_, 0, 0, ""
        if open_:
            await self._list()

    @rx.event
    @guard(Permission.VIEW)
    async def compare(self, number: int) -> None:
        """Show what is otherwise in the version and in what was chosen to compare with; a second press hides it."""
        if number == self.compared:
            self.compared = 0
        else:
            await self._compare(number, self.against)

    @rx.event
    @guard(Permission.VIEW)
    async def choose_against(self, chosen: str) -> None:
        """Compare with another version, or with the draft again."""
        self.against = next((line.number for line in self.versions if str(line.number) == chosen), 0)
        if self.compared == self.against:
            self.compared = 0
        elif self.compared:
            await self._compare(self.compared, self.against)

    @rx.event
    @guard(Permission.EDIT_WORKFLOWS)
    async def restore(self, number: int) -> None:
        """Put the version in the draft's place; Undo takes it back."""
        try:
            made = await service.restore(hub(), current_actor(self), self.workflow_id, number)
        except IntegrationsError as error:
            self.version_note = f"Not restored: {error.message or error.code}"
            return
        self.listing_versions = False
        self._errors, self._typed = {}, {}
        await self._take(made)
        self._say(f"The draft is as version {number} was. Undo takes it back.")

    async def _list(self) -> int:
        rows = await service.list_versions(hub(), current_actor(self), self.workflow_id)
        self.versions = [VersionLine(one.number, iso(one.published_at), one.live) for one in rows]
        return rows[0].number if rows else 0

    async def _compare(self, number: int, against: int = 0) -> None:
        """Tell the changes from the older to the newer one; the draft is newer than every version."""
        older, newer = (number, None) if not against else (min(number, against), max(number, against))
        try:
            found = await service.changes_since(hub(), current_actor(self), self.workflow_id, older, newer)
        except IntegrationsError as error:
            self.version_note = error.message or error.code
            return
        self.compared, self.changes, self.version_note = number, [_line(one) for one in found], ""
        self.between = f"From version {older} to {f'version {newer}' if newer else 'the draft'}"


def _line(change: ChangeWords) -> ChangeLine:
    parts = [PartLine(one.label, one.before, one.after) for one in change.parts]
    return ChangeLine(change.kind.value, change.words, parts)
