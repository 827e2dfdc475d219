"""Fills a fresh data directory through the product's own services; run as a program inside the product's folder."""

import asyncio
import json
import os
from typing import Any

from integrations_app.cli.opening import installation
from integrations_app.connections.creation import create as create_connection
from integrations_app.kit.columns import new_id
from integrations_app.organizations.hub import Hub
from integrations_app.organizations.models import Organization
from integrations_app.organizations.permissions import system_actor
from integrations_app.workflows import drafts, publishing
from integrations_app.workflows.endpoints import create_endpoint


def workflow(endpoint_id: str, connection_id: str) -> dict[str, Any]:
    """The job: a webhook comes in, three fields are mapped, one POST with a bearer credential goes out."""
    fields = {"id": "{{ trigger.id }}", "title": "{{ trigger.title }}", "author": "{{ trigger.author.name }}"}
    call = {"method": "POST", "path_or_url": "/in", "body": fields}
    step = {"key": "tell", "type": "action", "action": "webhook.call", "connection": connection_id, "inputs": call}
    trigger = {"type": "webhook", "config": {"endpoint": endpoint_id}}
    return {"format": 1, "name": "Pass it on", "trigger": trigger, "steps": [step]}


async def prepare(hub: Hub, sink: str) -> dict[str, str]:
    """Make organisation, endpoint, connection and published workflow; returns where deliveries go, and their secret."""
    organization = Organization(id=new_id(), name="Bench", created_at=hub.clock())
    await hub.database.write(lambda session: session.add(organization))
    actor = system_actor(organization.id)
    endpoint = await create_endpoint(hub, actor, "bench", "hmac_sha256")
    made = await create_connection(
        hub, actor, "webhook", name="sink", settings={"base_url": sink}, secrets={"token": "bench-token"}
    )
    assert made.status == "connected", made
    saved = await drafts.create(hub, actor, workflow(endpoint.row.id, made.id))
    assert not [one for one in saved.problems if one.severity == "error"], saved.problems
    await publishing.publish(hub, actor, saved.id)
    assert endpoint.secret is not None
    path = f"/api/webhooks/{endpoint.row.id}"
    await hub.door.aclose()
    return {"path": path, "secret": endpoint.secret.reveal("sign the deliveries of the benchmark")}


if __name__ == "__main__":
    with installation(may_create=True) as opened:
        print(json.dumps(asyncio.run(prepare(opened, os.environ["BENCH_SINK"]))))
