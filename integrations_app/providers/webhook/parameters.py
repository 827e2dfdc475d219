"""The parameters of a call: what is sent, and what its answer means."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic.config import JsonDict

from integrations_app.errors import InvalidInput
from integrations_app.kit.templates import parse, parse_condition
from integrations_app.providers.webhook.client import LARGEST_ANSWER
from integrations_app.providers.webhook.statuses import parse_statuses
from integrations_app.sdk.actions import Params
from integrations_app.sdk.forms import Json, Multiline

FORM = "application/x-www-form-urlencoded"
TRIED_AGAIN = "408, 425, 429, 500, 502-504, 506-599"
_ANSWER: JsonDict = {"group": "Answer"}
_REPEAT: JsonDict = {"group": "Trying again"}
_PAGES: JsonDict = {"group": "Pages"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def _only(field: str, value: str, **more: Any) -> JsonDict:
    return {"show_when": [field, value], **more}


class Call(Params):
    """One HTTP call."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] = Field(default="POST", title="Method")
    path_or_url: str = Field(
        default="", title="Path or URL", description="A path below the connection's base URL, or a full address there."
    )
    query: dict[str, str] = Field(default={}, title="Query parameters")
    headers: dict[str, str] = Field(default={}, title="Headers")
    body_kind: Literal["json", "form", "multipart", "text", "graphql"] = Field(
        default="json",
        title="Kind of body",
        json_schema_extra={
            "labels": {"json": "JSON", "multipart": "Multipart (files)", "graphql": "GraphQL", "text": "Plain text"}
        },
    )
    body: Annotated[Any, Json()] = Field(
        default=None,
        title="Body",
        description="JSON; a text is sent as it is. Not sent with GET and HEAD when empty.",
        json_schema_extra=_only("body_kind", "json"),
    )
    form: dict[str, str] = Field(default={}, title="Form fields", json_schema_extra=_only("body_kind", "form"))
    parts: Annotated[list[dict[str, str]], Json()] = Field(
        default=[],
        title="Parts",
        description="A list of objects with name, and text or base64; filename and content_type make it a file.",
        json_schema_extra=_only(
            "body_kind", "multipart", placeholder='[{"name": "file", "filename": "a.txt", "text": "Hello"}]'
        ),
    )
    text: Annotated[str, Multiline(6)] = Field(default="", title="Text", json_schema_extra=_only("body_kind", "text"))
    graphql_query: Annotated[str, Multiline(6)] = Field(
        default="",
        title="GraphQL query",
        description="Put values into the variables, where they cannot change the query.",
        json_schema_extra=_only("body_kind", "graphql"),
    )
    graphql_variables: Annotated[dict[str, Any], Json()] = Field(
        default={}, title="GraphQL variables", json_schema_extra=_only("body_kind", "graphql")
    )
    content_type: str = Field(
        default="",
        title="Content type",
        description="When empty, the one that belongs to the kind of body.",
    )
    success: str = Field(
        default="",
        title="Successful statuses",
        description="Such as 200-299, 404. When empty: every 2xx, and a redirect is handed back.",
        json_schema_extra=_ANSWER,
    )
    success_when: str = Field(
        default="",
        title="Successful only if",
        description="A condition on status, headers and body, such as body.ok == true.",
        json_schema_extra=_ANSWER,
    )
    never_fail: bool = Field(
        default=False,
        title="Go on whatever the answer is",
        description="The step succeeds with ok = false. A call without an answer fails all the same.",
        json_schema_extra=_ANSWER,
    )
    parse_as: Literal["auto", "json", "xml", "form", "text", "file"] = Field(
        default="auto",
        title="Read the answer as",
        json_schema_extra={
            **_ANSWER,
            "labels": {
                "auto": "What it says it is",
                "json": "JSON",
                "xml": "XML",
                "form": "Form data",
                "text": "Text",
                "file": "A file (base64)",
            },
        },
    )
    outputs: dict[str, str] = Field(
        default={},
        title="Named outputs",
        description="Name and path, such as id: body.data.id. A path that leads nowhere gives null.",
        json_schema_extra=_ANSWER,
    )
    largest: int = Field(
        default=LARGEST_ANSWER,
        title="Largest answer (bytes)",
        ge=1,
        le=LARGEST_ANSWER,
        json_schema_extra=_ANSWER,
    )
    redirects: int = Field(
        default=0,
        title="Redirects to follow",
        ge=0,
        le=3,
        description="0 hands a redirect back. Credentials are left behind when the origin changes.",
        json_schema_extra=_ANSWER,
    )
    retry_statuses: str = Field(default=TRIED_AGAIN, title="Statuses tried again", json_schema_extra=_REPEAT)
    retry_lost: bool = Field(
        default=True,
        title="Try again when no answer came",
        description="Refused and lost connections, timeouts. A call that may have taken effect is repeated only "
        "when that is safe.",
        json_schema_extra=_REPEAT,
    )
    paginate: Literal["none", "link", "cursor", "page"] = Field(
        default="none",
        title="Further pages",
        description="Of a GET. Their items come together as one list in body.",
        json_schema_extra={
            **_PAGES,
            "labels": {"none": "Not read", "link": "By the Link header", "cursor": "By a cursor", "page": "By number"},
        },
    )
    items_path: str = Field(
        default="body",
        title="Path of the items",
        description="Where the list stands in a page's answer, such as body.items.",
        json_schema_extra=_PAGES,
    )
    cursor_path: str = Field(
        default="body.next_cursor", title="Path of the cursor", json_schema_extra=_only("paginate", "cursor", **_PAGES)
    )
    cursor_parameter: str = Field(
        default="cursor", title="Query parameter of the cursor", json_schema_extra=_only("paginate", "cursor", **_PAGES)
    )
    page_parameter: str = Field(
        default="page", title="Query parameter of the number", json_schema_extra=_only("paginate", "page", **_PAGES)
    )
    first_page: int = Field(
        default=1, title="First number", ge=0, le=1_000_000, json_schema_extra=_only("paginate", "page", **_PAGES)
    )
    max_pages: int = Field(default=10, title="Most pages", ge=1, le=100, json_schema_extra=_PAGES)
    max_items: int = Field(default=1000, title="Most items", ge=1, le=10_000, json_schema_extra=_PAGES)

    @field_validator("success", "retry_statuses")
    @classmethod
    def _are_statuses(cls, value: str) -> str:
        parse_statuses(value)
        return value

    @field_validator("success_when")
    @classmethod
    def _is_condition(cls, value: str) -> str:
        try:
            if value.strip():
                parse_condition(value)
        except InvalidInput as error:
            raise ValueError("; ".join(error.fields.values())) from error
        return value

    @field_validator("items_path", "cursor_path")
    @classmethod
    def _is_path(cls, value: str) -> str:
        return checked_path(value)

    @field_validator("outputs")
    @classmethod
    def _are_named_paths(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name[:64]} is not a name: letters, digits and _ only")
        return {name: checked_path(path) for name, path in value.items()}


def checked_path(path: str) -> str:
    """The path as it is; ValueError for what is none."""
    try:
        if "{" in path or "}" in path or not parse("{{" + path + "}}").variables():
            raise ValueError("is not a path such as body.items")
    except InvalidInput as error:
        raise ValueError("; ".join(error.fields.values())) from error
    return path
