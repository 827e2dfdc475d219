"""What a Salesforce connection holds beside its tokens: where people sign in, and the version of the interface."""

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from integrations_app.sdk.provider import Settings

SANDBOXES = "https://test.salesforce.com"
_MY_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,3}my\.salesforce\.com")


class SalesforceSettings(Settings):
    """Which of Salesforce's sign-in pages is used, and which version of the REST interface."""

    login: Literal["production", "sandbox", "my_domain"] = Field(
        default="production",
        title="Sign in at",
        description="Sandbox is for the copies of an organisation that are reached at test.salesforce.com.",
    )
    my_domain: str = Field(
        default="",
        title="My Domain",
        description="The host name of your organisation, as in its address after signing in.",
        json_schema_extra={"placeholder": "acme.my.salesforce.com", "show_when": ["login", "my_domain"]},
    )
    api_version: str = Field(
        default="62.0",
        title="API version",
        description="Of the REST interface, such as 62.0.",
        pattern=r"^[3-9][0-9]\.0$",
    )

    @field_validator("my_domain")
    @classmethod
    def _is_my_domain(cls, value: str) -> str:
        host = value.strip().lower().removeprefix("https://").rstrip("/")
        if host and not _MY_DOMAIN.fullmatch(host):
            raise ValueError("is not the name of a My Domain: it ends with .my.salesforce.com")
        return host

    @model_validator(mode="after")
    def _has_its_domain(self) -> "SalesforceSettings":
        if self.login == "my_domain" and not self.my_domain:
            raise ValueError("My Domain is needed to sign in there")
        return self


def sign_in_bases(settings: BaseModel) -> Mapping[str, str]:
    """The base addresses that these settings move; none for production, which is where the operator says."""
    if not isinstance(settings, SalesforceSettings) or settings.login == "production":
        return {}
    return {"web": SANDBOXES if settings.login == "sandbox" else f"https://{settings.my_domain}"}
