"""The settings: defaults, derived values, refusals that never show a value."""

import os
from pathlib import Path

import pytest

from integrations_app.errors import StartRefused
from integrations_app.settings import Settings, is_loopback, load_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("INTEGRATIONS_")]:
        monkeypatch.delenv(name)


def test_defaults_are_one_machine_with_the_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.port == 3000
    assert settings.host == "127.0.0.1"
    assert settings.public_url == settings.public_origin == "http://localhost:3000"
    assert settings.sandbox
    assert settings.sandbox_origin == "http://127.0.0.1:3000"
    assert settings.database_url == f"sqlite:///{tmp_path}/data/integrations.db"
    assert settings.key_file == tmp_path / "data" / "keys"
    assert settings.is_sqlite


def test_the_port_moves_every_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTEGRATIONS_PORT", "4123")
    settings = load_settings()
    assert (settings.public_url, settings.sandbox_origin) == ("http://localhost:4123", "http://127.0.0.1:4123")
    assert load_settings(port=5).public_url == "http://localhost:5"


def test_the_sandbox_sits_on_the_other_loopback_name() -> None:
    assert load_settings(public_url="http://127.0.0.1:3000").sandbox_origin == "http://localhost:3000"
    assert load_settings(public_url="http://[::1]:3000").sandbox_origin == "http://localhost:3000"


def test_a_public_address_turns_the_sandbox_off_unless_told_otherwise() -> None:
    public = load_settings(public_url="https://hub.example.com/")
    assert public.public_url == "https://hub.example.com"
    assert not public.sandbox
    assert load_settings(public_url="https://hub.example.com", sandbox=True).sandbox


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://hub.example.com:443", "https://hub.example.com"),
        ("https://HUB.example.com:8443", "https://hub.example.com:8443"),
        ("http://[::1]:3000/", "http://[::1]:3000"),
    ],
)
def test_the_public_url_is_kept_as_an_origin(given: str, kept: str) -> None:
    assert load_settings(public_url=given).public_origin == kept


@pytest.mark.parametrize(
    "value",
    [
        "http://hub.example.com",
        "https://hub.example.com/path",
        "https://hub.example.com?x=1",
        "https://*.example.com",
        "*",
        "ftp://localhost",
        "https://user:pw@hub.example.com",
        "https://hub.example.com:99999",
        "http://127.0.0.1.example.com",
    ],
)
def test_an_unsafe_public_url_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTEGRATIONS_PUBLIC_URL", value)
    with pytest.raises(StartRefused, match=r"^INTEGRATIONS_PUBLIC_URL ") as refusal:
        load_settings()
    assert refusal.value.code == "setting_invalid"
    assert "\n" not in refusal.value.message


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgres_urls_name_the_driver(scheme: str) -> None:
    settings = load_settings(database_url=f"{scheme}://me:hidden@db.internal:5432/hub?sslmode=require")
    assert settings.database_url == "postgresql+psycopg://me:hidden@db.internal:5432/hub?sslmode=require"
    assert settings.database_label == "PostgreSQL db.internal:5432/hub"
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "seventy-marker"),
        ("PORT", "0"),
        ("DATABASE_URL", "mysql://marker"),
        ("DATABASE_URL", "marker"),
        ("SANDBOX", "marker"),
        ("LOG_FORMAT", "marker"),
        ("SETUP_TOKEN", "marker"),
        ("EGRESS_PROXY", "https://marker:marker@proxy:1"),
        ("TRUSTED_PROXIES", "10.0.0.1, marker"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("TRUSTED_PROXIES", "*"),
    ],
)
def test_a_bad_value_is_named_but_not_shown(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"INTEGRATIONS_{name}", value)
    with pytest.raises(StartRefused) as refusal:
        load_settings()
    assert refusal.value.message.startswith(f"INTEGRATIONS_{name} ")
    assert "marker" not in refusal.value.message


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTEGRATIONS_ENCRYPTION_KEYS", "k1:c2VjcmV0")
    monkeypatch.setenv("INTEGRATIONS_ACME_CLIENT_SECRET", "very-hidden")
    monkeypatch.setenv("INTEGRATIONS_EGRESS_PROXY", "http://us:very-hidden@proxy:4750")
    settings = load_settings()
    assert settings.encryption_keys is not None
    assert settings.encryption_keys.reveal("test") == "k1:c2VjcmV0"
    assert "c2VjcmV0" not in f"{settings!r} {settings.model_dump()}"
    assert "very-hidden" not in f"{settings!r} {settings.model_dump()}"


def test_provider_variables_are_found_by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTEGRATIONS_ACME_CLIENT_ID", "id-1")
    monkeypatch.setenv("INTEGRATIONS_ACME_CLIENT_SECRET", "hush")
    settings = load_settings()
    assert settings.provider("acme", "CLIENT_ID") == "id-1"
    secret = settings.provider_secret("acme", "CLIENT_SECRET")
    assert secret is not None
    assert secret.reveal("test") == "hush"
    assert settings.provider("other", "CLIENT_ID") is None
    with pytest.raises(ValueError, match="provider_secret"):
        settings.provider("acme", "CLIENT_SECRET")


def test_empty_variables_count_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTEGRATIONS_PORT", "")
    monkeypatch.setenv("INTEGRATIONS_ACME_URL", "")
    assert load_settings().port == 3000
    assert load_settings().provider("acme", "URL") is None


def test_lists_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTEGRATIONS_EGRESS_ALLOW", "10.0.0.0/8, hooks.internal:8443,")
    assert load_settings().egress_allow == ("10.0.0.0/8", "hooks.internal:8443")
    monkeypatch.setenv("INTEGRATIONS_TRUSTED_PROXIES", "10.0.0.1, fd00::/8")
    assert load_settings().trusted_proxies == ("10.0.0.1/32", "fd00::/8")


def test_the_data_directory_is_private(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "a" / "b")
    assert settings.open_data_dir().stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").write_text("")
    with pytest.raises(StartRefused, match="INTEGRATIONS_DATA_DIR"):
        load_settings(data_dir=tmp_path / "file" / "c").open_data_dir()


def test_several_web_processes_need_postgres() -> None:
    with pytest.raises(StartRefused, match="PostgreSQL"):
        load_settings(workers=2)
    assert load_settings(workers=2, database_url="postgresql://h/d", execute=False).workers == 2


def test_several_web_processes_do_not_execute() -> None:
    with pytest.raises(StartRefused, match="--no-execute"):
        load_settings(workers=2, database_url="postgresql://h/d")


def test_a_child_process_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.chdir(tmp_path)
    parent = load_settings(port=4000, execute=False, data_dir="x").hand_down()
    monkeypatch.chdir("/")
    child = load_settings()
    assert child == parent
    assert child.data_dir == tmp_path / "x"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("host", "local"),
    [("localhost", True), ("127.9.9.9", True), ("[::1]", True), ("localhost.example.com", False), ("10.0.0.1", False)],
)
def test_loopback_names(host: str, local: bool) -> None:
    assert is_loopback(host) is local
