"""Every error this product raises on purpose, drawn as one tree.

    IntegrationsError                 code, message for people
    ├── Retryable(message, after)     try again, not before `after` seconds when given
    │   ├── RateLimited               the vendor asked for patience
    │   └── Unavailable               the vendor, the network or our storage is away for now
    ├── ReconnectRequired             only a person can mend the credentials
    ├── MissingScope                  the credentials work, this permission is not among them
    ├── Rejected                      the vendor understood and refused
    ├── InvalidInput                  our own validation refused, field by field
    │   └── MappingError              an input mapping names something that is not there
    ├── OutcomeUnknown                the call may or may not have taken effect
    ├── EgressDenied                  the door refuses this address
    ├── ResponseRefused               the answer broke a bound: too large, too slow, not the protocol
    ├── SignatureInvalid              an inbound delivery is not from whom it says
    ├── AddressRefused                an inbound delivery comes from where its endpoint takes none
    ├── VaultSealed                   the root key is missing or wrong: nothing can be opened
    ├── CredentialUnreadable          one sealed value cannot be opened
    ├── Unauthenticated               nobody is signed in
    ├── Forbidden                     signed in, but the role does not allow it
    ├── NotFound                      no such thing in this organisation
    ├── Conflict                      the thing changed meanwhile, or exists already
    └── StartRefused                  the process must not start (exit 78)

An error tells its receiver what to do, never a transport's status code. All take positional
arguments only and keep them in `args`, so that they pickle. No error carries a secret.
"""

from collections.abc import Mapping


class IntegrationsError(Exception):
    """Root of the tree. `code` is stable snake_case for programs, `message` is for people."""

    code = "internal_error"

    def __init__(self, message: str = "", *rest: object) -> None:
        super().__init__(message, *rest)
        self.message = message

    def __str__(self) -> str:
        return self.message or self.code


class CodedError(IntegrationsError):
    """An error whose code is chosen where it is raised."""

    def __init__(self, code: str, message: str, *rest: object) -> None:
        super().__init__(message)
        self.args = (code, message, *rest)
        self.code = code


class Retryable(IntegrationsError):
    """Nothing is wrong with the request; try again, after `after` seconds when given."""

    code = "retryable"

    def __init__(self, message: str = "", after: float | None = None) -> None:
        super().__init__(message, after)
        self.after = after


class RateLimited(Retryable):
    """The vendor asked us to wait `after` seconds."""

    code = "rate_limited"


class Unavailable(Retryable):
    """The other side, or our storage, cannot answer now. Certain not to have taken effect."""

    code = "unavailable"

    def __init__(self, message: str = "", after: float | None = None, code: str = "unavailable") -> None:
        super().__init__(message, after)
        self.args = (message, after, code)
        self.code = code


class ReconnectRequired(IntegrationsError):
    """The credentials are dead (revoked, expired without refresh): a person must reconnect."""

    code = "needs_reauth"

    def __init__(self, message: str = "", vendor_code: str = "") -> None:
        super().__init__(message, vendor_code)
        self.vendor_code = vendor_code


class MissingScope(IntegrationsError):
    """The credentials lack the `needed` scopes; `granted` is what they have."""

    code = "missing_scope"

    def __init__(self, needed: tuple[str, ...], granted: tuple[str, ...] = ()) -> None:
        super().__init__(f"The connection lacks the permission {', '.join(needed)}. Reconnect and allow it.")
        self.args = (needed, granted)
        self.needed = needed
        self.granted = granted


class Rejected(CodedError):
    """The vendor understood the request and refused it: `Rejected(code, message)`."""


class InvalidInput(IntegrationsError):
    """Our own validation refused; `fields` maps a dotted path to the reason."""

    code = "invalid_input"

    def __init__(self, fields: Mapping[str, str], message: str = "", code: str = "invalid_input") -> None:
        super().__init__(message or "; ".join(f"{path}: {why}" for path, why in fields.items()))
        self.fields = dict(fields)
        self.args = (self.fields, message, code)
        self.code = code


class MappingError(InvalidInput):
    """An input mapping names a path that does not exist, or yields the wrong type."""

    def __init__(self, fields: Mapping[str, str], message: str = "") -> None:
        super().__init__(fields, message, "mapping_error")
        self.args = (self.fields, message)


class OutcomeUnknown(IntegrationsError):
    """The request left us and no usable answer came back: it may have taken effect."""

    code = "outcome_unknown"


class EgressDenied(IntegrationsError):
    """The egress door refuses to dial; `reason` is one of the door's documented reasons."""

    code = "egress_denied"

    def __init__(self, reason: str, host: str = "") -> None:
        by_proxy = "The proxy for outgoing calls refuses this address" if reason == "proxy_denied" else ""
        super().__init__(f"{by_proxy or 'Calls to this address are not allowed'} ({reason}).")
        self.args = (reason, host)
        self.reason = reason
        self.host = host


class ResponseRefused(CodedError):
    """The answer broke a bound: `response_too_large`, `deadline_exceeded`, `protocol_error`, `tls_error`.

    Or it asks for something that it does not get: `challenge_unsupported`, `certificate_refused`.
    """


class SignatureInvalid(CodedError):
    """An inbound delivery failed verification: `signature_invalid`, `timestamp_out_of_window`."""


class AddressRefused(CodedError):
    """An inbound delivery comes from an address that its endpoint does not take: `address_not_allowed`."""


class VaultSealed(IntegrationsError):
    """The root key is missing or does not fit this database."""

    code = "vault_sealed"


class CredentialUnreadable(IntegrationsError):
    """One sealed value cannot be opened: damaged, moved, or its key is gone."""

    code = "credential_unreadable"


class Unauthenticated(IntegrationsError):
    """Nobody is signed in, or the session has ended."""

    code = "unauthenticated"


class Forbidden(CodedError):
    """Signed in, but not allowed: `Forbidden(code, message)`."""

    def __init__(self, code: str = "forbidden", message: str = "Your role does not allow this.") -> None:
        super().__init__(code, message)


class NotFound(IntegrationsError):
    """No such thing in this organisation (the same answer when it exists in another)."""

    code = "not_found"

    def __init__(self, message: str = "Not found.") -> None:
        super().__init__(message)


class Conflict(CodedError):
    """The thing changed meanwhile or exists already: `Conflict(code, message)`."""


class StartRefused(CodedError):
    """The process must not start; the command exits 78 with this one line."""
