"""Typed settings: the only reader of the environment."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from integrations_app.errors import StartRefused
from integrations_app.kit.proxy_address import read_proxy
from integrations_app.kit.secret import Secret

PREFIX = "INTEGRATIONS_"
LogFormat = Literal["console", "json"]
LogLevel = Literal["debug", "info", "warning", "error", "critical"]
_SETUP_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,}")


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an address, without port) can only mean this machine."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _listed(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _default_public_url(values: dict[str, Any]) -> str:
    return f"http://localhost:{values.get('port', 3000)}"


def _default_sandbox(values: dict[str, Any]) -> bool:
    return is_loopback(urlsplit(values.get("public_url", "")).hostname or "")


def _default_database_url(values: dict[str, Any]) -> str:
    return f"sqlite:///{values.get('data_dir', Path('data')) / 'integrations.db'}"


class Settings(BaseSettings):
    """Everything an operator may set. Frozen; keyword arguments win over the environment.

    Read it with `load_settings`, which turns a bad value into a refusal to start. Empty variables
    count as unset.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, validate_default=True
    )

    data_dir: Path = Path("data")
    port: Annotated[int, Field(ge=1, le=65535)] = 3000
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    public_url: str = Field(default_factory=_default_public_url)
    sandbox: bool = Field(default_factory=_default_sandbox)
    database_url: str = Field(default_factory=_default_database_url, repr=False)
    encryption_keys: Secret | None = None
    setup_token: Secret | None = None
    egress_allow: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    egress_proxy: Secret | None = None
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    log_format: LogFormat = "console"
    log_level: LogLevel = "info"
    # Set by the `run` command for its web processes; an operator uses --workers and --no-execute.
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    execute: bool = True

    _by_provider: dict[str, Secret] = PrivateAttr(default_factory=dict)

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("public_url")
    @classmethod
    def _origin_only(cls, value: str) -> str:
        try:
            url = urlsplit(value)
            host, port = url.hostname, url.port
        except ValueError:
            raise ValueError("is not a URL") from None
        if url.scheme not in {"http", "https"} or not host or "*" in host:
            raise ValueError("must look like https://integrations.example.com")
        if url.path not in {"", "/"} or url.query or url.fragment or "@" in url.netloc:
            raise ValueError("must be scheme, host and port only")
        if url.scheme == "http" and not is_loopback(host):
            raise ValueError("must be https unless it is this machine's loopback")
        name = f"[{host}]" if ":" in host else host
        default_port = {"http": 80, "https": 443}[url.scheme]
        return f"{url.scheme}://{name}" + (f":{port}" if port and port != default_port else "")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        scheme, separator, rest = value.partition("://")
        if separator and scheme in {"postgres", "postgresql", "postgresql+psycopg"}:
            return f"postgresql+psycopg://{rest}"
        if separator and scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
            return f"sqlite:///{Path(rest[1:]).expanduser().absolute()}"
        raise ValueError("must be postgresql://… or sqlite:///file")

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(str(ipaddress.ip_network(one)) for one in value)
        except ValueError:
            raise ValueError("must be IP addresses or networks such as 10.0.0.0/8, separated by commas") from None

    @field_validator("setup_token")
    @classmethod
    def _strong_enough(cls, value: Secret | None) -> Secret | None:
        if value is not None and not _SETUP_TOKEN.fullmatch(value.reveal("check the setup token's form")):
            raise ValueError("must be at least 16 letters, digits, - or _")
        return value

    @field_validator("egress_proxy")
    @classmethod
    def _is_proxy(cls, value: Secret | None) -> Secret | None:
        if value is not None:
            read_proxy(value)
        return value

    def model_post_init(self, _context: object, /) -> None:
        """Keep what remains under our prefix for the providers to ask for by key."""
        known = {PREFIX + name.upper() for name in type(self).model_fields}
        for name, value in os.environ.items():
            if name.startswith(PREFIX) and name not in known and value:
                self._by_provider[name.removeprefix(PREFIX)] = Secret(value)

    def provider_secret(self, key: str, name: str) -> Secret | None:
        """The value of INTEGRATIONS_<KEY>_<NAME>, sealed; None when unset."""
        return self._by_provider.get(f"{key}_{name}".upper().replace("-", "_"))

    def provider(self, key: str, name: str) -> str | None:
        """As `provider_secret` for what is no secret (a client id, a URL). ValueError for a …_SECRET."""
        if name.upper().endswith("SECRET"):
            raise ValueError("ask provider_secret for a secret")
        value = self.provider_secret(key, name)
        return None if value is None else value.reveal("public provider setting")

    @property
    def public_origin(self) -> str:
        """Scheme, host and port of the product as browsers know it: links, redirect URIs, allowed origin."""
        return self.public_url

    @property
    def public_is_loopback(self) -> bool:
        """Whether only this machine can reach the public URL."""
        return is_loopback(urlsplit(self.public_url).hostname or "")

    @property
    def sandbox_origin(self) -> str:
        """The other loopback name of this server: another origin, so the sandbox shares no cookie with us."""
        url = urlsplit(self.public_url)
        port = (url.port or 80) if self.public_is_loopback and url.scheme == "http" else self.port
        host = "localhost" if is_loopback(url.hostname or "") and url.hostname != "localhost" else "127.0.0.1"
        return f"http://{host}:{port}"

    @property
    def key_file(self) -> Path:
        """Where the encryption keys are kept when the environment does not hold them."""
        return self.data_dir / "keys"

    @property
    def is_sqlite(self) -> bool:
        """Whether the one-machine database and engine are used."""
        return self.database_url.startswith("sqlite:")

    @property
    def database_label(self) -> str:
        """The database for people: without user, password and options."""
        if self.is_sqlite:
            return f"SQLite {self.database_url.removeprefix('sqlite:///')}"
        return f"PostgreSQL {self.database_url.partition('://')[2].rpartition('@')[2].partition('?')[0]}"

    def open_data_dir(self) -> Path:
        """Create the data directory for its owner only, if it is missing. Raises StartRefused when it cannot be."""
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StartRefused("setting_invalid", f"{PREFIX}DATA_DIR cannot be created: {error.strerror}") from None
        return self.data_dir

    def hand_down(self) -> Self:
        """Write what a child process must read the same way into the environment; paths become absolute."""
        os.environ.update(
            {
                f"{PREFIX}DATA_DIR": str(self.data_dir),
                f"{PREFIX}DATABASE_URL": self.database_url,
                f"{PREFIX}PORT": str(self.port),
                f"{PREFIX}WORKERS": str(self.workers),
                f"{PREFIX}EXECUTE": str(self.execute).lower(),
            }
        )
        return self


def load_settings(**overrides: object) -> Settings:
    """The settings from the environment, with `overrides` (None is ignored) on top.

    Raises StartRefused naming the variable and the reason, never its value.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = PREFIX + str(first["loc"][0] if first["loc"] else "").upper()
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise StartRefused("setting_invalid", f"{name} {reason[0].lower()}{reason[1:]}") from None
    if settings.workers > 1 and settings.is_sqlite:
        raise StartRefused("setting_invalid", f"several web processes need PostgreSQL: set {PREFIX}DATABASE_URL")
    if settings.workers > 1 and settings.execute:
        words = "several web processes only serve: add --no-execute, and let one more process with one worker execute"
        raise StartRefused("setting_invalid", words)
    return settings
