"""Names of connections, kept apart when the product chooses them."""

from integrations_app.connections.models import Connection
from integrations_app.connections.repository import Connections


def free_name(connections: Connections, row: Connection, wanted: str) -> str:
    """`wanted`, with a number behind it when another connection of the organisation has that name."""
    taken = {other.name.lower() for other in connections.list_all() if other.id != row.id}
    wanted = wanted.strip()[:190]
    name, number = wanted, 2
    while name.lower() in taken:
        name, number = f"{wanted} {number}", number + 1
    return name
