"""Calls about providers: what can be connected, and what workflows can do with it."""

from functools import lru_cache
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel
from starlette.responses import Response

from integrations_app.organizations.permissions import Permission
from integrations_app.sdk.actions import Action
from integrations_app.sdk.auth import Auth, TypedSecrets
from integrations_app.sdk.provider import Provider
from integrations_app.sdk.triggers import Trigger
from integrations_app.web.api.answers import ProviderShown
from integrations_app.web.api.calls import Call, Caller
from integrations_app.web.api.lists import Json, Listed, Paging, paged


async def list_providers(asked: Caller, paging: Annotated[Paging, Query()]) -> Response:
    """List providers.

    Everything that can be connected, with the forms of its settings, actions and triggers as JSON schemas.
    """
    return paged(asked.hub.registry, paging, by=lambda one: (one.name.lower(), one.key), show=_shown)


async def get_provider(asked: Caller, key: str) -> Response:
    """Show a provider."""
    return Json(_shown(asked.hub.registry.get(key)))


CALLS = (
    Call("GET", "/providers", list_providers, Permission.VIEW, Listed[ProviderShown]),
    Call("GET", "/providers/{key}", get_provider, Permission.VIEW, ProviderShown),
)


def _shown(provider: Provider) -> dict[str, Any]:
    return {
        "key": provider.key,
        "name": provider.name,
        "summary": provider.summary,
        "docs_url": provider.docs_url,
        "auth": [_auth(one) for one in provider.auth],
        "settings": _schema(provider.settings),
        "actions": [_action(one) for one in provider.actions],
        "triggers": [_trigger(one) for one in provider.triggers],
    }


def _auth(auth: Auth) -> dict[str, Any]:
    fields = auth.fields if isinstance(auth, TypedSecrets) else ()
    secrets = [{"name": one.name, "title": one.title, "help": one.help, "optional": one.optional} for one in fields]
    return {"kind": auth.kind, "title": auth.title, "secrets": secrets}


def _action(action: Action) -> dict[str, Any]:
    return {
        "key": action.key,
        "name": action.title,
        "description": action.description,
        "params": _schema(action.params),
        "result": _schema(action.result),
        "scopes": list(action.scopes),
        "repeat": action.repeat.value,
        "effect": action.effect.value,
    }


def _trigger(trigger: Trigger) -> dict[str, Any]:
    return {
        "key": trigger.key,
        "name": trigger.title,
        "description": trigger.description,
        "config": _schema(trigger.config),
        "scopes": list(trigger.scopes),
    }


@lru_cache(maxsize=1024)
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()
