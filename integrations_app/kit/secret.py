"""Secret: a value that masks itself, refuses to travel, and leaves only through `reveal`."""

import hmac
import threading
import weakref
from typing import Any, NoReturn

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

MASK = "********"
REVEALED_LIMIT = 1024


class Secret:
    """Text or bytes that must not be seen.

    `str`, `repr`, `format` give a mask; pickle, copy, JSON, iteration, hash and len raise TypeError;
    `==` takes constant time and is true only between two secrets. `bool` tells one thing only: whether
    it is empty, so that `if secret` reads naturally.
    """

    __slots__ = ("__value", "__weakref__")

    def __init__(self, value: str | bytes) -> None:
        """Wrap `value`; text is kept as UTF-8. Raises TypeError for anything but str and bytes."""
        if isinstance(value, str):
            self.__value = value.encode("utf-8", "surrogatepass")
        elif isinstance(value, bytes):
            self.__value = value
        else:
            raise TypeError(f"a secret is str or bytes, not {type(value).__name__}")

    def reveal(self, purpose: str) -> str:
        """The text itself. `purpose` names the use, for readers and the lint that lists the callers.

        Raises ValueError when the bytes are not UTF-8 text (the message does not hold them).
        """
        text = _decode(self.reveal_bytes(purpose))
        if text is None:
            raise ValueError("the secret is not text")
        return text

    def reveal_bytes(self, purpose: str) -> bytes:
        """The bytes themselves; `purpose` as in `reveal`."""
        if not purpose:
            raise ValueError("a secret is revealed for a named purpose")
        _remember(self)
        return self.__value

    def _peek(self) -> bytes:
        """The bytes, for `revealed_values` in this module only."""
        return self.__value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value, other.__value)

    def __hash__(self) -> NoReturn:
        raise TypeError("a secret cannot be hashed")

    def __len__(self) -> NoReturn:
        raise TypeError("a secret does not tell its length")

    def __iter__(self) -> NoReturn:
        raise TypeError("a secret cannot be iterated")

    def __contains__(self, part: object) -> NoReturn:
        raise TypeError("a secret cannot be searched")

    def __copy__(self) -> NoReturn:
        raise TypeError("a secret cannot be copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("a secret cannot be copied")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Models accept str or Secret and dump the mask, in Python mode too."""
        return core_schema.no_info_plain_validator_function(
            _validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                _mask, return_schema=core_schema.str_schema()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Shown as a password field."""
        return {"type": "string", "format": "password", "writeOnly": True}


_revealed: dict[int, "weakref.ref[Secret]"] = {}
_lock = threading.RLock()  # re-entrant: a finaliser that logs may run while the lock is held


def revealed_values() -> list[bytes]:
    """Values of the secrets revealed so far that are still alive, newest last, for the log scrubber.

    At most REVEALED_LIMIT; the registry holds weak references, so it keeps no secret alive.
    """
    with _lock:
        references = tuple(_revealed.values())
    alive = (reference() for reference in references)
    return [secret._peek() for secret in alive if secret is not None]  # noqa: SLF001 - revealing would count as a use


def _remember(secret: Secret) -> None:
    with _lock:
        _revealed.pop(id(secret), None)
        _revealed[id(secret)] = weakref.ref(secret)
        if len(_revealed) <= REVEALED_LIMIT:
            return
        for key in [key for key, reference in tuple(_revealed.items()) if reference() is None]:
            del _revealed[key]
        while len(_revealed) > REVEALED_LIMIT:
            del _revealed[next(iter(_revealed))]


def _decode(value: bytes) -> str | None:
    # The UnicodeDecodeError would carry the bytes, so it must not become the context of another error.
    try:
        return value.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None


def _validate(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(value)
    raise PydanticCustomError("secret_type", "Input should be a text")


def _mask(_value: Secret) -> str:
    return MASK
