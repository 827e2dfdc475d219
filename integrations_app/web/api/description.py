"""The description of the API: words that belong to all calls, and what the framework leaves to be put right."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import orjson

from integrations_app.web.paths import API
from integrations_app.workflows.definition import Definition

WORDS = (
    "Make an API token in the settings, or with `integrations-app tokens create`, and send it with every call: "
    "`Authorization: Bearer <token>`. A call does what the token's role allows; things of other organisations are "
    "answered like things that do not exist.\n\n"
    "Bodies are JSON of at most 2 MiB. Fields and parameters that a call does not know are refused with "
    "`unknown_field`. Times are ISO 8601 in UTC. Lists come in pages: hand `next_cursor` back as `cursor` until it is "
    "null."
)
MEANINGS = {
    400: "The body is not as long as announced.",
    401: "No API token, or one that is unknown, expired or revoked.",
    403: "The token's role does not allow this.",
    404: "No such thing in this organisation.",
    408: "The body took too long.",
    409: "The thing changed meanwhile, or is in a state in which this cannot be done.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    422: "Something in the call is wrong; `fields` says what.",
    429: "Too many attempts; come back after Retry-After.",
    502: "The vendor's answer cannot be used.",
    503: "Not available right now; try again after Retry-After when it is given.",
}
_SCHEMAS = "#/components/schemas/{model}"
_PAGE = re.compile(rb"\bListed_([A-Za-z]+)_(?=\")")
"""How the framework calls a page of things."""
_FRAMEWORK = ("HTTPValidationError", "ValidationError")
_DEFINED = ("create_workflow", "save_workflow")


@cache
def kept(describe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The description, made once."""
    return describe()


def finish(described: dict[str, Any]) -> dict[str, Any]:
    """Add the address, the token and the model of a definition; drop the framework's own shape of refusals."""
    schemas = described["components"]["schemas"]
    for name in _FRAMEWORK:
        schemas.pop(name, None)
    model = Definition.model_json_schema(ref_template=_SCHEMAS)
    schemas.update(model.pop("$defs"))
    schemas["Definition"] = model
    described["servers"] = [{"url": API}]
    described["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    described["security"] = [{"token": []}]
    reference = {"$ref": _SCHEMAS.format(model="Definition")}
    for call in (call for path in described["paths"].values() for call in path.values()):
        if call["operationId"] in _DEFINED:
            call["requestBody"]["content"]["application/json"]["schema"] = reference
        if call.get("description", "").rstrip(".") == call["summary"]:  # the framework's, when there is no more to say
            del call["description"]
    named: dict[str, Any] = orjson.loads(_PAGE.sub(rb"\1Page", orjson.dumps(described)))
    return named
