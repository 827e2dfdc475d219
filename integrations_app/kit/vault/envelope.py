"""The bytes of a sealed value, and the context that is bound to them."""

from dataclasses import dataclass

from integrations_app.errors import CredentialUnreadable
from integrations_app.kit.vault.cipher import NONCE_BYTES, TAG_BYTES

LABEL = b"integrations"
ENVELOPE_VERSION = 1
AES_256_GCM_SIV = 1
KEY_ID_BYTES = 16
HEADER_BYTES = 2 + KEY_ID_BYTES + NONCE_BYTES


@dataclass(frozen=True, slots=True)
class SealContext:
    """Where a sealed value belongs; opening it anywhere else fails.

    `tenant` and `record` are ids, `kind` says whose format it is, `field` which value of the record,
    `version` (0 to 2**63 - 1) which generation of it.
    """

    tenant: str
    record: str
    kind: str
    field: str
    version: int = 0

    def __post_init__(self) -> None:
        if not (self.tenant and self.record and self.kind and self.field):
            raise ValueError("a seal context has no empty part")
        if not 0 <= self.version < 2**63:
            raise ValueError("a version is 0 to 2**63 - 1")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Header and ciphertext: version (1 byte), algorithm (1), data-key id (16), nonce (12), text and tag."""

    key_id: bytes
    nonce: bytes
    sealed: bytes

    def __bytes__(self) -> bytes:
        return bytes((ENVELOPE_VERSION, AES_256_GCM_SIV)) + self.key_id + self.nonce + self.sealed

    @classmethod
    def parse(cls, raw: bytes) -> "Envelope":
        """Take the bytes apart; CredentialUnreadable for another version, algorithm or a short text."""
        if len(raw) < HEADER_BYTES + TAG_BYTES:
            raise CredentialUnreadable("The stored value is too short to be an envelope.")
        if raw[0] != ENVELOPE_VERSION or raw[1] != AES_256_GCM_SIV:
            raise CredentialUnreadable("The stored value has an unknown version or algorithm.")
        split = 2 + KEY_ID_BYTES
        return cls(bytes(raw[2:split]), bytes(raw[split:HEADER_BYTES]), bytes(raw[HEADER_BYTES:]))


def associate(*parts: str | bytes | int) -> bytes:
    """Length-prefix each part after the product's label, so that no two lists give the same bytes."""
    return b"".join(len(raw).to_bytes(4) + raw for raw in (LABEL, *map(_to_bytes, parts)))


def bind(context: SealContext, key_id: bytes) -> bytes:
    """The associated data of an envelope: its header's facts and the whole context."""
    return associate(
        "value",
        ENVELOPE_VERSION,
        AES_256_GCM_SIV,
        context.tenant,
        context.record,
        context.kind,
        context.field,
        context.version,
        key_id,
    )


def _to_bytes(part: str | bytes | int) -> bytes:
    if isinstance(part, bytes):
        return part
    if isinstance(part, str):
        return part.encode("utf-8", "surrogatepass")
    return part.to_bytes(8)
