"""Reads many records: pages of a query, hits of a search; and where a free call may go."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from integrations_app.errors import InvalidInput, ResponseRefused
from integrations_app.providers.salesforce.client import SalesforceClient
from integrations_app.sdk.actions import Result

OPEN = ("/services/data/", "/services/apexrest/")
# "Reserved characters" of the SOSL reference.
_RESERVED = re.compile(r"""([?&|!{}\[\]()^~*:\\"'+\-])""")


class Records(Result):
    """Records found; `totalSize` counts those beyond the limit too, `done` says that none is left out."""

    totalSize: int  # noqa: N815 - the vendor's own name
    done: bool
    records: list[dict[str, Any]]


async def query(client: SalesforceClient, soql: str, most: int, *, deleted_too: bool) -> Records:
    """Ask and follow the pages until `most` records are there."""
    answer = await client.read("/queryAll" if deleted_too else "/query", {"q": soql})
    found: list[dict[str, Any]] = []
    while True:
        found += [plain(one) for one in _records(answer, "records")]
        following = answer.get("nextRecordsUrl")
        if not following or len(found) >= most:
            break
        answer = await client.read_next(str(following))
    whole = not following and len(found) <= most
    return Records(totalSize=int(answer["totalSize"]), done=whole, records=found[:most])


async def search(client: SalesforceClient, text: str, name: str, fields: list[str], most: int) -> Records:
    """Search one object; characters with a meaning of their own are taken as they are."""
    wanted = {"q": _RESERVED.sub(r"\\\1", text.strip()), "sobject": name, "fields": ",".join(fields)}
    answer = await client.read("/parameterizedSearch", wanted | {"defaultLimit": str(most)})
    found = [plain(one) for one in _records(answer, "searchRecords")]
    return Records(totalSize=len(found), done=len(found) < most, records=found)


def _records(answer: Any, name: str) -> list[Any]:
    found = answer.get(name) if isinstance(answer, Mapping) else None
    if not isinstance(found, list):
        raise ResponseRefused("protocol_error", "Salesforce's answer cannot be read.")
    return found


def plain(value: Any) -> Any:
    """A record without the `attributes` that each carries, inside parents and children too."""
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items() if name != "attributes"}
    return [plain(one) for one in value] if isinstance(value, list) else value


def api_path(data: str, text: str) -> str:
    """The path of a free call; raises InvalidInput for one that leaves the data of the organisation."""
    given = text.strip()
    path = given if given.startswith("/services/") else f"{data}/{given.removeprefix('/')}"
    parts = unquote(path).split("/")
    if not path.startswith(OPEN) or {".", "..", ""} & set(parts[1:-1]) or re.search(r"[\\?#\s]", path):
        raise InvalidInput({"path": "is not a path below /services/data/ or /services/apexrest/"}, "", "url_invalid")
    return path
