"""The connection doctor: looks at a connection in the order in which things stand on each other, and names each fix."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from integrations_app.connections.budgets import written
from integrations_app.connections.credentials import access_for
from integrations_app.connections.health import test
from integrations_app.connections.probing import Probed, probe
from integrations_app.connections.refresh_lease import MISCONFIGURED
from integrations_app.connections.repository import Connections
from integrations_app.connections.service import get
from integrations_app.connections.views import ConnectionView, RateView, TestResult
from integrations_app.errors import Conflict, ReconnectRequired
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.context import Access
from integrations_app.sdk.provider import Provider

SKEW_NOTICED = timedelta(seconds=60)
SKEW_HARMFUL = timedelta(minutes=5)
"""From here on signed deliveries are refused and tokens end too early or too late."""
LITTLE = 0.1
"""The part of a budget below which it is worth a warning."""


class Verdict(StrEnum):
    """How one look ended."""

    WELL = "well"
    WARNING = "warning"
    PROBLEM = "problem"
    NOT_LOOKED = "not_looked"


class Remedy(StrEnum):
    """What a button beside a finding does."""

    NONE = ""
    RECONNECT = "reconnect"
    ALLOW = "allow"
    """Reconnect, and allow what is missing."""
    SETTINGS = "settings"
    """The form with settings and secrets."""
    APP = "app"
    """The OAuth app's form."""
    REPAIR_HOOK = "repair_hook"
    """Register the hook `subject` again."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found, and the one next thing to do."""

    key: str
    title: str
    verdict: Verdict
    message: str
    fix: str = ""
    remedy: Remedy = Remedy.NONE
    subject: str = ""
    heard_at: datetime | None = None
    """When the last event came, of a finding about events."""


async def examine_connection(hub: Hub, actor: Actor, connection_id: str) -> tuple[Finding, ...]:
    """Address, certificate, clock, token, account, permissions and rate budget of a connection, in this order.

    What cannot be judged because an earlier look found a problem is `not_looked`. Needs MANAGE_CONNECTIONS. Raises
    NotFound, RateLimited when a test has just run.
    """
    actor.require(Permission.MANAGE_CONNECTIONS)
    view = await get(hub, actor, connection_id)
    provider = hub.registry.get(view.provider)
    try:
        access = await hub.database.read(lambda session: _access(hub, session, actor, connection_id))
        probed = await probe(access, provider.address(access), hub.clock, ca_pem=provider.trust(access))
    except (Conflict, ReconnectRequired) as error:
        probed = Probed("", error=error)
    tested = await _test(hub, actor, connection_id)
    await written(hub, actor.organization_id, connection_id)
    now_known = await get(hub, actor, connection_id)
    patient = _Patient(provider, now_known, tested, hub.clock())
    return (*_on_the_way(provider, probed), *patient.findings(reached=probed.answered))


def _access(hub: Hub, session: Session, actor: Actor, connection_id: str) -> Access:
    row = Connections(session, actor.organization_id).get(connection_id)
    return access_for(hub, hub.registry.get(row.provider), row, {})


async def _test(hub: Hub, actor: Actor, connection_id: str) -> TestResult:
    """The test's result; a connection that cannot be tested has one too."""
    try:
        return await test(hub, actor, connection_id)
    except (ReconnectRequired, Conflict) as error:
        return TestResult(False, 0, code=error.code, message=str(error), fix="Reconnect it.")


def _on_the_way(provider: Provider, probed: Probed) -> list[Finding]:
    """Address, certificate and clock."""
    return [_address(provider, probed), _certificate(probed), _clock(provider, probed)]


def _address(provider: Provider, probed: Probed) -> Finding:
    title = "Address"
    if probed.reached:
        took = f" It answered after {probed.milliseconds} ms." if probed.answered else ""
        return Finding("address", title, Verdict.WELL, f"{probed.host} can be reached.{took}")
    error = probed.error
    code = error.code if error else ""
    reason = getattr(error, "reason", "")
    if code in {"settings_invalid", "sandbox_off", "needs_reauth"}:
        return Finding("address", title, Verdict.PROBLEM, str(error), _ADDRESS_FIXES[code], _ADDRESS_REMEDIES[code])
    if reason in {"dns_failed", "dns_timeout"}:
        message, fix = f"The name {probed.host} cannot be resolved.", "Check the name and this machine's DNS."
        return Finding("address", title, Verdict.PROBLEM, message, fix, _own(provider))
    if reason:
        message = f"Calls to {probed.host} are not allowed ({reason})."
        where = "in the proxy for outgoing calls" if reason == "proxy_denied" else "with INTEGRATIONS_EGRESS_ALLOW"
        fix = f"Ask the operator to allow it {where}, or correct the address."
        return Finding("address", title, Verdict.PROBLEM, message, fix, _own(provider))
    message = f"{probed.host} does not answer: {error}" if error else f"{probed.host} does not answer."
    fix = "Look whether the service is up and whether this machine reaches it, then look again."
    return Finding("address", title, Verdict.PROBLEM, message, fix, _own(provider))


_ADDRESS_FIXES = {
    "settings_invalid": "Open the settings and save them again.",
    "sandbox_off": "Switch the sandbox on, or connect a real account.",
    "needs_reauth": "Reconnect it.",
}
_ADDRESS_REMEDIES = {
    "settings_invalid": Remedy.SETTINGS,
    "sandbox_off": Remedy.NONE,
    "needs_reauth": Remedy.RECONNECT,
}


def _own(provider: Provider) -> Remedy:
    """Where a person chooses the address, it can be corrected in the settings."""
    return Remedy.NONE if provider.hosts else Remedy.SETTINGS


def _certificate(probed: Probed) -> Finding:
    title = "Certificate (TLS)"
    if probed.untrusted:
        message = f"{probed.host} cannot prove who it is: its certificate is expired, for another name or not trusted."
        fix = "Renew the certificate there, or add its authority to this machine's trusted certificates."
        return Finding("tls", title, Verdict.PROBLEM, message, fix)
    if not probed.reached:
        return _not_looked("tls", title, "The address cannot be reached.")
    if not probed.encrypted:
        return Finding("tls", title, Verdict.NOT_LOOKED, "The address is not https: nothing proves who answers there.")
    return Finding("tls", title, Verdict.WELL, f"{probed.host} has proved who it is.")


def _clock(provider: Provider, probed: Probed) -> Finding:
    title = "Clock"
    if probed.ahead is None:
        why = "The answer told no time." if probed.answered else "No answer came."
        return _not_looked("clock", title, why)
    skew = abs(probed.ahead)
    if skew < SKEW_NOTICED:
        return Finding("clock", title, Verdict.WELL, "This machine and the service agree on the time.")
    which = "behind" if probed.ahead > timedelta(0) else "ahead of"
    message = f"The clock of this machine is {_span(skew)} {which} that of {provider.name}."
    fix = "Let this machine set its clock by NTP: signed deliveries and token lifetimes depend on it."
    verdict = Verdict.PROBLEM if skew >= SKEW_HARMFUL else Verdict.WARNING
    return Finding("clock", title, verdict, message, fix)


@dataclass(frozen=True, slots=True)
class _Patient:
    """A connection after its test."""

    provider: Provider
    view: ConnectionView
    tested: TestResult
    now: datetime

    def findings(self, *, reached: bool) -> list[Finding]:
        """Token, account, permissions, rate budget."""
        token = self._token(reached=reached)
        return [token, self._account(), self._permissions(), self._rate()]

    def _token(self, *, reached: bool) -> Finding:
        title, code = "Credentials", self.tested.code
        if self.tested.ok or code in {"account_mismatch", "missing_scope", "rate_limited"}:
            lives = f" They end {_when(self.view.expires_at, self.now)}." if self.view.expires_at else ""
            taken = "The service accepts them." if code != "rate_limited" else "Not asked again during the pause."
            verdict = Verdict.WELL if code != "rate_limited" else Verdict.NOT_LOOKED
            return Finding("token", title, verdict, f"{taken}{lives}")
        if code in {"unavailable", "egress_denied", "tls_error"} and not reached:
            return _not_looked("token", title, "No answer came.")
        fix, remedy = self._mend(code)
        verdict = Verdict.WARNING if code == "refresh_pending" else Verdict.PROBLEM
        return Finding("token", title, verdict, self.tested.message, fix, remedy)

    def _mend(self, code: str) -> tuple[str, Remedy]:
        if code == MISCONFIGURED:
            return "Correct the client id and the secret of the OAuth app.", Remedy.APP
        if code not in {"needs_reauth", "credential_unreadable"}:
            return self.tested.fix, Remedy.NONE
        if self.view.auth_kind != "oauth2":
            return "Enter new credentials.", Remedy.SETTINGS
        return "Reconnect it: runs that wait go on by themselves afterwards.", Remedy.RECONNECT

    def _account(self) -> Finding:
        title = "Account"
        if self.tested.ok:
            return Finding("account", title, Verdict.WELL, f"We are {self.tested.account_name}.")
        if self.tested.code == "account_mismatch":
            return Finding("account", title, Verdict.PROBLEM, self.tested.message, *self._mend("needs_reauth"))
        return _not_looked("account", title, "The service did not say who we are.")

    def _permissions(self) -> Finding:
        title = "Permissions"
        oauth, granted = self.provider.oauth, self.tested.scopes or self.view.scopes
        if oauth is None:
            return Finding("scopes", title, Verdict.WELL, "This service knows no permissions to be asked for.")
        if self.tested.missing_scopes:
            message = f"The connection lacks {', '.join(self.tested.missing_scopes)}."
            remedy = Remedy.ALLOW if self.view.auth_kind == "oauth2" else Remedy.SETTINGS
            fix = "Reconnect and allow what is missing." if remedy is Remedy.ALLOW else "Enter a token that may do it."
            return Finding("scopes", title, Verdict.PROBLEM, message, fix, remedy)
        if not granted:
            return Finding("scopes", title, Verdict.NOT_LOOKED, "The service does not say which permissions it gave.")
        return Finding("scopes", title, Verdict.WELL, f"Granted: {', '.join(granted)}.")

    def _rate(self) -> Finding:
        title = "Rate limit"
        waits = [one.waits_until for one in self.view.rate if one.waits_until is not None]
        if waits:
            message = f"The calls are used up. They go on {_when(max(waits), self.now)}."
            fix = "Nothing is lost: runs wait until then. Spread the work, or ask the vendor for a higher limit."
            return Finding("rate", title, Verdict.PROBLEM, message, fix)
        told = [one for one in self.view.rate if one.most and one.remaining is not None]
        if not told:
            return Finding("rate", title, Verdict.WELL, "The service has not asked for a pause.")
        least = min(told, key=_share)
        message = f"{least.remaining:,} of {least.most:,} calls left."
        if _share(least) < LITTLE:
            fix = "When they are used up, runs wait until the limit is renewed."
            return Finding("rate", title, Verdict.WARNING, message, fix)
        return Finding("rate", title, Verdict.WELL, message)


def _share(rate: RateView) -> float:
    return (rate.remaining or 0) / (rate.most or 1)


def _not_looked(key: str, title: str, why: str) -> Finding:
    return Finding(key, title, Verdict.NOT_LOOKED, why)


def _when(at: datetime | None, now: datetime) -> str:
    if at is None or at <= now:
        return "now"
    return f"in {_span(at - now)}"


def _span(span: timedelta) -> str:
    """A span in words, rounded up to what a person wants to know."""
    seconds = span.total_seconds()
    for length, word in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * length:
            return f"{round(seconds / length)} {word}"
    return f"{max(round(seconds), 1)} seconds"
