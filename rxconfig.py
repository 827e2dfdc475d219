"""What Reflex must know: name, plugins, allowed origins, no telemetry, state in the serving process."""

import reflex as rx
from reflex.constants import StateManagerMode

from integrations_app.settings import load_settings
from integrations_app.ui.same_origin import SameOriginPlugin

settings = load_settings()
config = rx.Config(
    app_name="integrations_app",
    plugins=[rx.plugins.RadixThemesPlugin(theme=rx.theme(accent_color="indigo", radius="medium")), SameOriginPlugin()],
    disable_plugins=[rx.plugins.SitemapPlugin],
    cors_allowed_origins=[settings.public_origin],
    backend_host=settings.host,
    # A tab stays on the process of its socket and drafts are in the database, so no process needs another's
    # state; the alternatives would write whole states, session cookies included, to disk or Redis.
    state_manager_mode=StateManagerMode.MEMORY,
    transport="websocket",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    redis_url=None,
    frontend_compression_formats=["brotli", "gzip"],
)
