"""Values open in their own place, under their own key, unchanged; everything else is refused."""

import os
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, Never

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_app.errors import CredentialUnreadable, StartRefused, VaultSealed
from integrations_app.kit.secret import Secret
from integrations_app.kit.vault import (
    DATA_KEY_MAX_USES,
    SYSTEM_TENANT,
    Envelope,
    RootKey,
    RootKeys,
    SealContext,
    Vault,
    new_installation_key,
)
from integrations_app.kit.vault.cipher import require_cipher
from integrations_app.kit.vault.envelope import associate
from tests.examples import many

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CONTEXT = SealContext("org-1", "connection-1", "vendor", "access_token", 3)


def root(key_id: str = "r1") -> RootKey:
    return RootKey(key_id, Secret(os.urandom(32)))


ROOTS = RootKeys((root(),))
INSTALLATION = new_installation_key(ROOTS, NOW)
VAULT = Vault(ROOTS, INSTALLATION)
KEY = VAULT.data_key(VAULT.new_data_key("org-1", NOW).id)
SEALED = VAULT.seal(Secret("CNRY_value"), CONTEXT, KEY)


def refused(envelope: bytes, context: SealContext = CONTEXT, vault: Vault = VAULT) -> bool:
    with pytest.raises(CredentialUnreadable) as caught:
        vault.open(envelope, context)
    return "CNRY" not in str(caught.value)


@given(st.binary(max_size=4096))
def test_round_trip(plain: bytes) -> None:
    sealed = VAULT.seal(Secret(plain), CONTEXT, KEY)
    assert VAULT.open(sealed, CONTEXT) == Secret(plain)
    assert len(sealed) == 2 + 16 + 12 + len(plain) + 16


def test_every_single_bit_flip_is_refused() -> None:
    for bit in range(len(SEALED) * 8):
        flipped = bytearray(SEALED)
        flipped[bit // 8] ^= 1 << bit % 8
        assert refused(bytes(flipped)), bit


@given(st.binary(min_size=1, max_size=80), st.integers(0, len(SEALED) * 8 - 1))
def test_any_flip_of_any_value_is_refused(plain: bytes, bit: int) -> None:
    sealed = bytearray(VAULT.seal(Secret(plain), CONTEXT, KEY))
    sealed[bit // 8 % len(sealed)] ^= 1 << bit % 8
    refused(bytes(sealed))


def test_every_truncation_and_extension_is_refused() -> None:
    assert all(refused(SEALED[:length]) for length in range(len(SEALED)))
    assert refused(SEALED + b"\0")
    assert refused(b"\0" + SEALED)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(raw: bytes) -> None:
    refused(raw)


names = st.text(min_size=1, max_size=20)
contexts = st.builds(SealContext, st.just("org-1"), names, names, names, st.integers(0, 2**63 - 1))


@given(contexts, contexts)
def test_a_value_opens_in_its_own_context_only(one: SealContext, other: SealContext) -> None:
    sealed = VAULT.seal(Secret("value"), one, KEY)
    if one == other:
        assert VAULT.open(sealed, other)
    else:
        refused(sealed, other)


@pytest.mark.parametrize("name", [field.name for field in fields(SealContext)])
def test_each_part_of_the_context_is_bound(name: str) -> None:
    changed: Any = CONTEXT.version - 1 if name == "version" else "other"
    assert refused(SEALED, replace(CONTEXT, **{name: changed}))


def test_a_value_of_another_tenant_is_refused_even_with_the_same_ids() -> None:
    other = VAULT.data_key(VAULT.new_data_key("org-2", NOW).id)
    sealed = VAULT.seal(Secret("value"), replace(CONTEXT, tenant="org-2"), other)
    assert refused(sealed)
    with pytest.raises(ValueError, match="another tenant"):
        VAULT.seal(Secret("value"), CONTEXT, other)


def test_the_key_is_chosen_by_id_and_never_tried() -> None:
    second = VAULT.data_key(VAULT.new_data_key("org-1", NOW).id)
    parsed = Envelope.parse(SEALED)
    assert refused(bytes(replace(parsed, key_id=second.id)))
    assert VAULT.open(bytes(parsed), CONTEXT).reveal("test") == "CNRY_value"


def test_the_same_text_is_never_sealed_to_the_same_bytes() -> None:
    assert len({VAULT.seal(Secret("same"), CONTEXT, KEY) for _ in range(50)}) == 50


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_length_prefixes_keep_lists_apart(one: bytes, other: bytes) -> None:
    assert (associate(*one) == associate(*other)) == (one == other)


@pytest.mark.parametrize("parts", [("", "b", "c", "d", 0), ("a", "b", "c", "d", -1), ("a", "b", "c", "d", 2**63)])
def test_a_context_has_no_empty_part_and_a_sane_version(parts: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"context|version"):
        SealContext(*parts)


def test_without_a_root_key_everything_is_sealed() -> None:
    vault = Vault(None, INSTALLATION)
    assert vault.sealed
    calls: list[Callable[[], object]] = [
        lambda: vault.open(SEALED, CONTEXT),
        lambda: vault.seal(Secret("x"), CONTEXT, KEY),
        lambda: vault.new_data_key("org-1", NOW),
        lambda: vault.derive("sessions"),
        lambda: vault.fingerprint(Secret("x")),
        lambda: vault.add_keys(()),
        lambda: vault.rewrap_key(INSTALLATION),
    ]
    for call in calls:
        with pytest.raises(VaultSealed):
            call()


def test_a_wrong_root_key_of_another_id_names_both_ids() -> None:
    vault = Vault(RootKeys((root("r9"),)), INSTALLATION)
    assert vault.sealed
    assert "r1" in vault.sealed_reason
    assert "r9" in vault.sealed_reason


def test_a_wrong_root_key_of_the_same_id_seals() -> None:
    vault = Vault(RootKeys((root("r1"),)), INSTALLATION)
    assert "not the one of this database" in vault.sealed_reason
    with pytest.raises(VaultSealed):
        vault.data_key(KEY.id)


def test_an_unknown_or_removed_key_is_unreadable_and_others_keep_working() -> None:
    vault = Vault(ROOTS, INSTALLATION)
    assert refused(SEALED, vault=vault)
    row = vault.new_data_key("org-1", NOW)
    sealed = vault.seal(Secret("x"), CONTEXT, vault.data_key(row.id))
    vault.remove_key(row.id)
    assert refused(sealed, vault=vault)
    assert not vault.knows(row.id)
    vault.add_keys((row,))
    assert vault.knows(row.id)
    assert vault.open(sealed, CONTEXT).reveal("test") == "x"


def test_a_damaged_or_moved_data_key_is_unreadable() -> None:
    row = VAULT.new_data_key("org-1", NOW)
    other = VAULT.new_data_key("org-2", NOW)
    damaged = [replace(row, wrapped=row.wrapped[:cut]) for cut in (0, 1, 5, 14, len(row.wrapped) - 1)]
    moved = [replace(row, tenant="org-2"), replace(row, wrapped=other.wrapped), replace(row, id=other.id)]
    for bad in (*damaged, *moved):
        vault = Vault(ROOTS, INSTALLATION)
        vault.add_keys((bad,))
        with pytest.raises(CredentialUnreadable):
            vault.data_key(bad.id)


def test_a_data_key_whose_root_key_is_not_loaded_seals() -> None:
    old, new = root("old"), root("new")
    installation = new_installation_key(RootKeys((new, old)), NOW)
    row = Vault(RootKeys((old, new)), installation).new_data_key("org-1", NOW)
    vault = Vault(RootKeys((new,)), installation)
    vault.add_keys((row,))
    with pytest.raises(VaultSealed, match="expects root key old; found new"):
        vault.data_key(row.id)


def test_root_rotation_changes_the_wrapping_and_nothing_else() -> None:
    old, new = root("old"), root("new")
    installation = new_installation_key(RootKeys((old,)), NOW)
    before = Vault(RootKeys((old,)), installation)
    row = before.new_data_key("org-1", NOW)
    sealed = before.seal(Secret("kept"), CONTEXT, before.data_key(row.id))
    both = Vault(RootKeys((new, old)), installation)
    rows = [both.rewrap_key(each) for each in (installation, row)]
    assert {each.root_key_id for each in rows} == {"new"}
    after = Vault(RootKeys((new,)), rows[0])
    after.add_keys(rows[1:])
    assert after.open(sealed, CONTEXT).reveal("test") == "kept"
    assert after.derive("sessions") == before.derive("sessions")
    assert after.fingerprint(Secret("x")) == before.fingerprint(Secret("x"))


def test_sub_keys_differ_by_label_and_installation() -> None:
    other = Vault(ROOTS, new_installation_key(ROOTS, NOW))
    assert INSTALLATION.tenant == SYSTEM_TENANT
    assert VAULT.derive("sessions") == VAULT.derive("sessions")
    assert VAULT.derive("sessions") != VAULT.derive("audit")
    assert VAULT.derive("sessions") != other.derive("sessions")


def test_fingerprints_are_eight_hex_digits_and_scoped() -> None:
    value = Secret("token")
    assert int(VAULT.fingerprint(value), 16) >= 0
    assert len(VAULT.fingerprint(value)) == 8
    assert VAULT.fingerprint(value, "org-1") != VAULT.fingerprint(value, "org-2")
    assert VAULT.fingerprint(value) == VAULT.fingerprint(Secret("token"))


def test_uses_are_counted_and_a_worn_key_is_named() -> None:
    vault = Vault(ROOTS, INSTALLATION)
    row = vault.new_data_key("org-1", NOW)
    vault.add_keys((replace(row, use_count=DATA_KEY_MAX_USES - 2),))
    for worn in (False, True):
        vault.seal(Secret("x"), CONTEXT, vault.data_key(row.id))
        assert vault.is_worn(row.id) is worn
    assert vault.drain_uses() == {row.id: 2}
    assert vault.drain_uses() == {}


def test_new_keys_take_their_randomness_from_the_argument() -> None:
    drawn = []

    def random(size: int) -> bytes:
        drawn.append(size)
        return bytes([len(drawn)]) * size

    row = VAULT.new_data_key("org-1", NOW, random)
    assert drawn == [16, 32, 12]
    assert row.id == b"\1" * 16
    assert row.created_at == NOW
    assert b"\2" * 8 not in row.wrapped


def test_a_build_without_the_cipher_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object) -> Never:
        raise UnsupportedAlgorithm("not here")

    monkeypatch.setattr("integrations_app.kit.vault.cipher.aead.AESGCMSIV", absent)
    with pytest.raises(StartRefused) as caught:
        require_cipher()
    assert caught.value.code == "cipher_missing"


def test_nothing_shows_the_keys() -> None:
    shown = repr(ROOTS) + repr(KEY) + repr(VAULT) + repr(INSTALLATION)
    raw = ROOTS.primary.value.reveal_bytes("test")
    assert repr(raw) not in shown
    assert raw.hex() not in shown


@settings(max_examples=many(20))
@given(st.binary(min_size=16, max_size=16), st.binary(min_size=12, max_size=12), st.binary(min_size=16, max_size=50))
def test_envelopes_parse_to_what_they_were_made_of(key_id: bytes, nonce: bytes, sealed: bytes) -> None:
    envelope = Envelope(key_id, nonce, sealed)
    assert Envelope.parse(bytes(envelope)) == envelope
