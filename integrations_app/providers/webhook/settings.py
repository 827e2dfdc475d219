"""What a webhook connection holds beside its secret."""

from typing import Literal

from pydantic import Field, field_validator

from integrations_app.errors import EgressDenied, InvalidInput
from integrations_app.kit.egress import check_user_headers, parse_target
from integrations_app.sdk.provider import Settings

_ADVICE = {
    "url_scheme": "must begin with https:// or http://",
    "url_userinfo": "may not hold a user name or a password: connect with Basic authentication instead",
}


class WebhookSettings(Settings):
    """Where calls go and how the secret travels."""

    base_url: str = Field(
        title="Base URL",
        description="Calls name a path below it. The secret is never sent to another origin.",
        json_schema_extra={"placeholder": "https://api.example.com/v1"},
    )
    api_key_in: Literal["header", "query"] = Field(default="header", title="Send the API key in")
    api_key_name: str = Field(default="X-API-Key", title="Name of the header or query parameter", min_length=1)
    username: str = Field(default="", title="User name")
    honours_idempotency_key: bool = Field(
        default=False,
        title="The receiver ignores a repeated Idempotency-Key",
        description="Then a call whose answer was lost is repeated; otherwise the run waits for a person.",
    )

    @field_validator("base_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        text = value.strip()
        try:
            parse_target(text)
        except EgressDenied as error:
            raise ValueError(_ADVICE.get(error.reason, "is not a web address")) from error
        if "?" in text or "#" in text:
            raise ValueError("may not hold a query or a fragment")
        return text.rstrip("/")

    @field_validator("api_key_name")
    @classmethod
    def _is_header_name(cls, value: str) -> str:
        try:
            check_user_headers([(value.strip(), "")])
        except InvalidInput as error:
            raise ValueError("is not a header that may be sent") from error
        return value.strip()

    @field_validator("username")
    @classmethod
    def _has_no_colon(cls, value: str) -> str:
        if ":" in value:
            raise ValueError("may not hold a colon")
        return value
