"""Sets logging up once per process: one event per line, for people or as JSON, with secrets taken out."""

import logging
import sys

import structlog

from integrations_app.kit.redact import RedactingFilter, Redactor
from integrations_app.sdk.registry import Registry
from integrations_app.settings import Settings

# These say at INFO or DEBUG what nobody may read: URLs with tokens, request bodies, event payloads.
QUIET = ("httpx", "urllib3", "socketio", "engineio", "aiohttp", "asyncio", "authlib")


def configure(settings: Settings, registry: Registry) -> None:
    """Send every log record through one redacting handler on stderr, and say which installed providers are left out."""
    patterns = [pattern for provider in registry for pattern in provider.secret_patterns]
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(RedactingFilter(Redactor(patterns)))
    handler.setFormatter(_formatter(settings))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for one in registry.left_out:
        logging.getLogger(__name__).error("the installed provider %s is left out: %s", one.source, one.reason)


def _formatter(settings: Settings) -> logging.Formatter:
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    as_json = settings.log_format == "json"
    last = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
    )
