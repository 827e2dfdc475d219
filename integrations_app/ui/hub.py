"""What event handlers reach the services through: set once by the composition root."""

from dataclasses import dataclass

from integrations_app.organizations.hub import Hub


@dataclass(slots=True)
class _Provided:
    hub: Hub | None = None


_provided = _Provided()


def provide(hub: Hub) -> None:
    """Called by the composition root before the first event is served."""
    _provided.hub = hub


def hub() -> Hub:
    """The services of this process; raises RuntimeError before `provide`."""
    if _provided.hub is None:
        raise RuntimeError("the hub is not provided yet")
    return _provided.hub
