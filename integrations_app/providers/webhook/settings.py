"""What a webhook connection holds beside its secret."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic.config import JsonDict

from integrations_app.errors import EgressDenied, InvalidInput
from integrations_app.kit.egress import check_ca, check_user_headers, parse_target
from integrations_app.sdk.forms import Address, Multiline
from integrations_app.sdk.provider import Settings

GROUP = "Headers, repeats, time and trust"
_MORE: JsonDict = {"group": GROUP}
_ADVICE = {
    "url_scheme": "must begin with https:// or http://",
    "url_userinfo": "may not hold a user name or a password: connect with Basic authentication instead",
}


class WebhookSettings(Settings):
    """Where calls go, how the secret travels and how long a call may take."""

    base_url: Annotated[str, Address()] = Field(
        title="Base URL",
        description="Calls name a path below it. The secret is never sent to another origin.",
        json_schema_extra={"placeholder": "https://api.example.com/v1"},
    )
    api_key_in: Literal["header", "query"] = Field(default="header", title="Send the API key in")
    api_key_name: str = Field(default="X-API-Key", title="Name of the header or query parameter", min_length=1)
    username: str = Field(default="", title="User name")
    token_url: Annotated[str, Address()] = Field(
        default="",
        title="Token URL",
        description="Where an access token is asked for. The client secret is sent there and nowhere else.",
        json_schema_extra={"placeholder": "https://login.example.com/oauth/token"},
    )
    client_id: str = Field(default="", title="Client ID")
    scope: str = Field(default="", title="Scopes", description="Separated by blanks, as the vendor writes them.")
    client_auth: Literal["client_secret_basic", "client_secret_post"] = Field(
        default="client_secret_basic",
        title="Send the client secret in",
        json_schema_extra={"labels": {"client_secret_basic": "The Authorization header", "client_secret_post": "Form"}},
    )
    signature_header: str = Field(default="X-Signature", title="Signature header", min_length=1)
    signature_algorithm: Literal["sha256", "sha512"] = Field(
        default="sha256", title="Algorithm", json_schema_extra={"labels": {"sha256": "SHA-256", "sha512": "SHA-512"}}
    )
    signature_encoding: Literal["hex", "base64"] = Field(
        default="hex",
        title="Written as",
        json_schema_extra={"labels": {"hex": "Hexadecimal", "base64": "Base64"}},
    )
    signature_prefix: str = Field(
        default="",
        title="Before the signature",
        pattern=r"^[\x21-\x7e]{0,40}$",
        json_schema_extra={"placeholder": "sha256="},
    )
    timestamp_header: str = Field(
        default="",
        title="Timestamp header",
        description="Carries Unix seconds, signed before the body with a dot between. Empty: the body alone is signed.",
    )
    headers: dict[str, str] = Field(
        json_schema_extra=_MORE,
        default={},
        title="Headers of every call",
        description="One a line, as name: value. Not for secrets: they are shown.",
    )
    honours_idempotency_key: bool = Field(
        json_schema_extra=_MORE,
        default=False,
        title="The receiver ignores a repeated idempotency key",
        description="Then a call whose answer was lost is repeated; otherwise the run waits for a person.",
    )
    idempotency_header: str = Field(
        json_schema_extra=_MORE, default="Idempotency-Key", title="Idempotency header", min_length=1
    )
    connect_seconds: float = Field(json_schema_extra=_MORE, default=10, title="Seconds to connect", ge=0.1, le=60)
    read_seconds: float = Field(
        json_schema_extra=_MORE,
        default=30,
        title="Seconds of silence",
        ge=0.1,
        le=600,
        description="Between two pieces of the answer.",
    )
    total_seconds: float | None = Field(
        json_schema_extra=_MORE,
        default=None,
        title="Seconds for a whole call",
        ge=0.1,
        le=600,
        description="30 when empty. The timeout of a step ends its call, too.",
    )
    ca: Annotated[str, Multiline(4)] = Field(
        json_schema_extra=_MORE,
        default="",
        title="Certificates to trust",
        max_length=100_000,
        description="PEM of a private authority, trusted for this connection only. Verification is never off.",
    )

    @field_validator("base_url", "token_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        text = value.strip()
        if not text:
            return text
        try:
            parse_target(text)
        except EgressDenied as error:
            raise ValueError(_ADVICE.get(error.reason, "is not a web address")) from error
        if "?" in text or "#" in text:
            raise ValueError("may not hold a query or a fragment")
        return text.rstrip("/")

    @field_validator("base_url")
    @classmethod
    def _is_there(cls, value: str) -> str:
        if not value:
            raise ValueError("is not a web address")
        return value

    @field_validator("api_key_name", "signature_header", "timestamp_header", "idempotency_header")
    @classmethod
    def _is_header_name(cls, value: str) -> str:
        try:
            check_user_headers([(value.strip(), "")] if value.strip() else [])
        except InvalidInput as error:
            raise ValueError("is not a header that may be sent") from error
        return value.strip()

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, value: dict[str, str]) -> dict[str, str]:
        try:
            check_user_headers(value.items())
        except InvalidInput as error:
            raise ValueError("; ".join(error.fields.values())) from error
        return value

    @field_validator("username")
    @classmethod
    def _has_no_colon(cls, value: str) -> str:
        if ":" in value:
            raise ValueError("may not hold a colon")
        return value

    @field_validator("ca")
    @classmethod
    def _are_certificates(cls, value: str) -> str:
        try:
            if value.strip():
                check_ca(value)
        except InvalidInput as error:
            raise ValueError("; ".join(error.fields.values())) from error
        return value.strip()
