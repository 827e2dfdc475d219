"""AES-256-GCM-SIV and HKDF-SHA256 over secrets; nothing else touches the cryptography package."""

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import aead
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from integrations_app.errors import CredentialUnreadable, StartRefused
from integrations_app.kit.secret import Secret

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16

# RFC 8452, appendix C.2 (AES-256): the second vector.
_VECTOR_KEY = b"\x01" + bytes(31)
_VECTOR_NONCE = b"\x03" + bytes(11)
_VECTOR_PLAIN = b"\x01" + bytes(7)
_VECTOR_SEALED = bytes.fromhex("c2ef328e5c71c83b843122130f7364b761e0b97427e3df28")


class Cipher:
    """AES-256-GCM-SIV under one key. A repeated nonce costs no more than seeing that two texts are equal."""

    __slots__ = ("_siv",)

    def __init__(self, key: Secret) -> None:
        """`key` holds 32 bytes; ValueError otherwise."""
        raw = key.reveal_bytes("cipher")
        if len(raw) != KEY_BYTES:
            raise ValueError("the key is not 32 bytes")
        self._siv = aead.AESGCMSIV(raw)

    def encrypt(self, nonce: bytes, plain: Secret, aad: bytes) -> bytes:
        """Ciphertext followed by the 16-byte tag."""
        return self._siv.encrypt(nonce, plain.reveal_bytes("seal"), aad)

    def decrypt(self, nonce: bytes, sealed: bytes, aad: bytes) -> Secret:
        """The plain value; CredentialUnreadable when anything was changed. Never a partial value."""
        try:
            return Secret(self._siv.decrypt(nonce, sealed, aad))
        except InvalidTag:
            raise CredentialUnreadable("The stored value does not verify: damaged or moved.") from None


def derive_key(key: Secret, info: bytes) -> Secret:
    """32 bytes by HKDF-SHA256 (RFC 5869) without salt; `info` separates the uses."""
    hkdf = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info)
    return Secret(hkdf.derive(key.reveal_bytes("derive")))


def require_cipher() -> None:
    """Check the cipher against a published vector; StartRefused `cipher_missing` on a build without it."""
    try:
        siv = aead.AESGCMSIV(_VECTOR_KEY)
        sealed = siv.encrypt(_VECTOR_NONCE, _VECTOR_PLAIN, None)
        opened = siv.decrypt(_VECTOR_NONCE, sealed, None)
    except (AttributeError, UnsupportedAlgorithm):
        raise StartRefused("cipher_missing", "This build of cryptography has no AES-256-GCM-SIV.") from None
    if sealed != _VECTOR_SEALED or opened != _VECTOR_PLAIN:
        raise StartRefused("cipher_missing", "AES-256-GCM-SIV of this build fails its published test vector.")
