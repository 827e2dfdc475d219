"""Rows of edits: what each person did to a draft, and can undo or do again."""

from sqlalchemy import ColumnElement, delete, func, select
from sqlmodel import Session, col

from integrations_app.workflows.models import DraftEdit
from integrations_app.workflows.views import History

KEPT = 200
"""Edits of a workflow that can be undone; older ones are forgotten."""


class Edits:
    """The edits of one workflow's draft."""

    def __init__(self, session: Session, organization_id: str, workflow_id: str) -> None:
        self._session = session
        self._organization_id = organization_id
        self._workflow_id = workflow_id

    def add(self, edit: DraftEdit) -> None:
        """Keep an edit as the newest; what its author had undone before cannot be done again any more."""
        self._forget(col(DraftEdit.user_id) == edit.user_id, col(DraftEdit.undone).is_(True))
        edit.number = self._newest_number() + 1
        self._session.add(edit)
        self._session.flush()
        self._forget(col(DraftEdit.number) <= edit.number - KEPT)

    def remove(self, edit: DraftEdit) -> None:
        """Forget one."""
        self._session.delete(edit)

    def newest(self, user_id: str) -> DraftEdit | None:
        """What the person would undo."""
        return self._first(user_id, undone=False)

    def undone(self, user_id: str) -> DraftEdit | None:
        """What the person would do again."""
        return self._first(user_id, undone=True)

    def history(self, user_id: str) -> History:
        """Both in words, empty when there is none."""
        undo, redo = self.newest(user_id), self.undone(user_id)
        return History(undo.words if undo else "", redo.words if redo else "")

    def _first(self, user_id: str, *, undone: bool) -> DraftEdit | None:
        number = col(DraftEdit.number)
        statement = (
            select(DraftEdit)
            .where(*self._mine(), col(DraftEdit.user_id) == user_id, col(DraftEdit.undone).is_(undone))
            .order_by(number if undone else number.desc())
            .limit(1)
        )
        found: DraftEdit | None = self._session.scalars(statement).first()
        return found

    def _newest_number(self) -> int:
        return self._session.execute(select(func.max(DraftEdit.number)).where(*self._mine())).scalar() or 0

    def _forget(self, *which: ColumnElement[bool]) -> None:
        self._session.execute(delete(DraftEdit).where(*self._mine(), *which))

    def _mine(self) -> tuple[ColumnElement[bool], ...]:
        return (
            col(DraftEdit.organization_id) == self._organization_id,
            col(DraftEdit.workflow_id) == self._workflow_id,
        )
