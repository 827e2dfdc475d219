"""Loads the choices of a form's picker with a connection."""

from pydantic import BaseModel

from integrations_app.connections.access import use
from integrations_app.connections.credentials import Connected
from integrations_app.connections.health import note_failure
from integrations_app.connections.repository import Connections
from integrations_app.errors import InvalidInput, NotFound, ReconnectRequired
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.permissions import Actor, Permission
from integrations_app.sdk.forms import ChoicePage, ChoiceQuery, Choices, choices_of
from integrations_app.sdk.provider import Provider


async def choices(
    hub: Hub, actor: Actor, connection_id: str, action_key: str, field: str, query: ChoiceQuery
) -> ChoicePage:
    """One page of the picker behind `field` of an action or trigger (`provider.key`). Needs EDIT_WORKFLOWS.

    Whose the connection is, is settled before anything is opened. Raises NotFound for what is not there or not
    of the connection's provider, InvalidInput `unknown_field` for a value that is no parameter, and whatever
    opening the connection or the vendor says.
    """
    actor.require(Permission.EDIT_WORKFLOWS)
    organization_id = actor.organization_id
    row = await hub.database.read(lambda session: Connections(session, organization_id).get(connection_id))
    picker = _picker(hub.registry.get(row.provider), action_key, field, query)
    values = {name: query.values[name] for name in picker.depends_on if name in query.values}
    asked = ChoiceQuery(query.search[:200], values, query.cursor)
    version = row.credential_version

    async def load(connected: Connected) -> ChoicePage:
        nonlocal version
        version = connected.opened.credential_version
        return await picker.load(asked, connected.context(f"picker-{hub.new_id()}", hub.clock()))

    try:
        return await use(hub, organization_id, connection_id, load)
    except ReconnectRequired as error:
        await note_failure(hub, organization_id, connection_id, error, credential_version=version)
        raise


def _picker(provider: Provider, action_key: str, field: str, query: ChoiceQuery) -> Choices:
    key, _, name = action_key.partition(".")
    model = _model(provider, name) if key == provider.key else None
    picker = choices_of(model, field) if model else None
    if model is None or picker is None:
        raise NotFound("There is no such picker.")
    unknown = {name: "is not a parameter" for name in query.values if name not in model.model_fields}
    if unknown:
        raise InvalidInput(unknown, "", "unknown_field")
    return picker


def _model(provider: Provider, name: str) -> type[BaseModel] | None:
    if (action := provider.action(name)) is not None:
        return action.params
    trigger = provider.trigger(name)
    return trigger.config if trigger else None
