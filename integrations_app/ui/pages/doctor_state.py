"""State of the connection doctor: what it found out about the chosen connection, and the fixes it can do itself."""

from dataclasses import dataclass

import reflex as rx

from integrations_app.connections.diagnosis import Finding, Remedy, Verdict
from integrations_app.errors import IntegrationsError
from integrations_app.organizations.permissions import Permission
from integrations_app.ui.guard import guard
from integrations_app.ui.hub import hub
from integrations_app.ui.pages.run_words import iso
from integrations_app.ui.session import SessionState, current_actor
from integrations_app.workflows import hooks
from integrations_app.workflows.diagnosis import diagnose

WORDS = {
    Verdict.WELL: "Well",
    Verdict.WARNING: "Warning",
    Verdict.PROBLEM: "Problem",
    Verdict.NOT_LOOKED: "Not looked at",
}


@dataclass(frozen=True)
class FindingLine:
    """One finding, laid out."""

    title: str
    verdict: str
    word: str
    message: str
    fix: str = ""
    remedy: str = ""
    subject: str = ""
    heard_at: str = ""


@dataclass(frozen=True)
class Report:
    """What the doctor says of one connection."""

    connection_id: str = ""
    running: bool = False
    headline: str = ""
    ok: bool = True
    lines: tuple[FindingLine, ...] = ()
    notice: str = ""


class DoctorState(SessionState):
    """What one tab knows from the doctor."""

    report: Report = Report()

    @rx.event(background=True)
    @guard(Permission.MANAGE_CONNECTIONS)
    async def examine(self, connection_id: str) -> None:
        """Look at everything, in order; the vendor is asked while nothing is locked."""
        async with self:
            actor = current_actor(self)
            self.report = Report(connection_id, running=True)
        try:
            shown = report(connection_id, await diagnose(hub(), actor, connection_id))
        except IntegrationsError as error:
            shown = Report(connection_id, headline=error.message, ok=False)
        async with self:
            if self.report == Report(connection_id, running=True):
                self.report = shown

    @rx.event(background=True)
    @guard(Permission.MANAGE_CONNECTIONS)
    async def repair_hook(self, endpoint_id: str) -> None:
        """Register a hook again, and say how that went where the finding stands."""
        async with self:
            actor, before = current_actor(self), self.report
        try:
            await hooks.repair(hub(), actor, endpoint_id)
            notice, lines = "Registered again.", tuple(_mended(one, endpoint_id) for one in before.lines)
        except IntegrationsError as error:
            notice, lines = error.message, before.lines
        async with self:
            if self.report == before:
                headline, ok = _headline(lines)
                self.report = Report(before.connection_id, False, headline, ok, lines, notice)


def report(connection_id: str, findings: tuple[Finding, ...]) -> Report:
    """Lay the findings out; the headline counts what needs somebody."""
    lines = tuple(_line(one) for one in findings)
    headline, ok = _headline(lines)
    return Report(connection_id, headline=headline, ok=ok, lines=lines)


def _headline(lines: tuple[FindingLine, ...]) -> tuple[str, bool]:
    problems = sum(one.verdict == Verdict.PROBLEM.value for one in lines)
    warnings = sum(one.verdict == Verdict.WARNING.value for one in lines)
    if problems:
        return ("One problem found." if problems == 1 else f"{problems} problems found."), False
    return ("Nothing is broken; look at the warning." if warnings else "Everything is well."), True


def _line(one: Finding) -> FindingLine:
    return FindingLine(
        title=one.title,
        verdict=one.verdict.value,
        word=WORDS[one.verdict],
        message=one.message,
        fix=one.fix,
        remedy=one.remedy.value,
        subject=one.subject,
        heard_at=iso(one.heard_at),
    )


def _mended(one: FindingLine, endpoint_id: str) -> FindingLine:
    if one.subject != endpoint_id or one.remedy != Remedy.REPAIR_HOOK.value:
        return one
    well = Verdict.WELL
    return FindingLine(one.title, well.value, WORDS[well], "The hook is registered.", heard_at=one.heard_at)
