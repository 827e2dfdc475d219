"""What `doctor` looks at: each check says in one line what it found, and changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from integrations_app import assembly, migrations, serve
from integrations_app.errors import EgressDenied, IntegrationsError
from integrations_app.kit.egress import Door, EgressPolicy
from integrations_app.kit.vault.root_keys import RootKeys, load_key_file
from integrations_app.sdk.registry import registry
from integrations_app.settings import Settings

_METADATA_URL = "http://169.254.169.254/latest"  # judged, never dialled


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    ok: bool
    message: str


def examine(settings: Settings) -> list[Finding]:
    """Every finding, in a fixed order. A check that refuses becomes a finding that is not ok."""
    checks: list[tuple[str, Callable[[Settings], str]]] = [
        ("key", _key),
        ("database", _database),
        ("front end", _front_end),
        ("port", _port),
        ("egress", _egress),
        ("providers", _providers),
    ]
    return [_run(name, check, settings) for name, check in checks]


def _run(name: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, True, check(settings))
    except IntegrationsError as error:
        return Finding(name, False, " ".join(error.message.split()))


def _key(settings: Settings) -> str:
    if settings.encryption_keys:
        keys = RootKeys.parse(settings.encryption_keys)
        return f"{len(keys.ids())} from the environment, {keys.primary.id} is primary"
    if not settings.key_file.exists() and not _has_database(settings):
        return f"will be made in {settings.key_file} at the first start"
    return f"{load_key_file(settings.key_file).id} from {settings.key_file}"


def _database(settings: Settings) -> str:
    if not _has_database(settings):
        return f"{settings.database_label}, will be made at the first start"
    engine = create_engine(settings.database_url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            missing = migrations.pending(connection)
    except OperationalError as error:
        raise IntegrationsError(f"{settings.database_label} cannot be opened: {migrations.reason(error)}") from None
    return settings.database_label + (f", {missing} migrations to run" if missing else ", up to date")


def _has_database(settings: Settings) -> bool:
    """Whether there may be something in the database; connecting to SQLite would create the file."""
    url = make_url(settings.database_url)
    return not settings.is_sqlite or migrations.sqlite_file(url).exists()


def _front_end(settings: Settings) -> str:
    del settings
    front_end = serve.find_front_end()
    if front_end.packed:
        return "comes with this installation"
    if not serve.is_stale(front_end):
        return "built and fresh"
    if serve.node_folder() is None:
        raise IntegrationsError("must be built, and no usable node is here: run `make run`")
    return "will be built at the next start"


def _port(settings: Settings) -> str:
    serve.refuse_taken_address(settings)
    return f"{settings.host}:{settings.port} is free; browsers use {settings.public_url}"


def _egress(settings: Settings) -> str:
    policy = EgressPolicy.parse(settings.egress_allow, assembly.own_addresses(settings))
    proxy = assembly.outer_proxy(settings)
    way = ""
    if proxy is not None:
        proxy.require_answer()
        way = f", through the proxy {proxy.shown}, trusted to refuse names that stand for private addresses"
    try:
        Door(policy).check_url(_METADATA_URL)
    except EgressDenied:
        return f"public addresses only, {len(policy.allow)} exceptions{way}"
    raise IntegrationsError("the door would let calls to the cloud's metadata address out")


def _providers(settings: Settings) -> str:
    del settings
    found = registry()
    if found.left_out:
        raise IntegrationsError("; ".join(f"{one.source} is left out: {one.reason}" for one in found.left_out))
    return ", ".join(provider.key for provider in found)
