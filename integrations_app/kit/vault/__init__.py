"""The vault: root keys, wrapped data keys and AES-256-GCM-SIV envelopes; the only importer of cryptography."""

from integrations_app.kit.vault.certificates import open_client_key, read_validity
from integrations_app.kit.vault.envelope import Envelope, SealContext
from integrations_app.kit.vault.keyring import DATA_KEY_MAX_USES, SYSTEM_TENANT, DataKey, WrappedKey
from integrations_app.kit.vault.root_keys import (
    RootKey,
    RootKeys,
    create_key_file,
    load_key_file,
    root_key_fingerprint,
)
from integrations_app.kit.vault.vault import Vault, new_installation_key

__all__ = [
    "DATA_KEY_MAX_USES",
    "SYSTEM_TENANT",
    "DataKey",
    "Envelope",
    "RootKey",
    "RootKeys",
    "SealContext",
    "Vault",
    "WrappedKey",
    "create_key_file",
    "load_key_file",
    "new_installation_key",
    "open_client_key",
    "read_validity",
    "root_key_fingerprint",
]
