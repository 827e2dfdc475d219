"""Passwords: argon2id in a few threads of their own, and what a password must look like."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from integrations_app.errors import InvalidInput, RateLimited
from integrations_app.kit.columns import new_id
from integrations_app.kit.secret import Secret

T = TypeVar("T")

# OWASP's first choice for argon2id: 19 MiB, 2 passes, 1 lane; about 70 ms on one of our cores.
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
THREADS = 2
MAX_WAITING = 64
MIN_LENGTH = 8
MAX_LENGTH = 256


class Passwords:
    """Hashes and verifies beside the event loop, and never inside a transaction."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=LANES)
        self._threads = ThreadPoolExecutor(THREADS, "passwords")
        self._waiting = 0
        self.verified = 0
        """Hashes computed to verify a password so far."""

    async def hash(self, password: Secret) -> str:
        """The argon2id hash to store. Raises RateLimited when too many wait already."""
        return await self._run(lambda: self.hash_now(password))

    async def matches(self, password: Secret, stored: str | None) -> bool:
        """Whether `stored` is a hash of `password`; None (no such person) takes the same time and is never true.

        Raises RateLimited when too many wait already.
        """
        return await self._run(lambda: self._verify(password, stored))

    def is_outdated(self, stored: str) -> bool:
        """Whether `stored` was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def hash_now(self, password: Secret) -> str:
        """Like `hash`, for commands without an event loop."""
        return self._hasher.hash(_normal(password))

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash(new_id())

    def _verify(self, password: Secret, stored: str | None) -> bool:
        nobody = self._nobody  # before the first answer, so that it never differs between known and unknown people
        self.verified += 1
        try:
            self._hasher.verify(stored or nobody, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise RateLimited("Too many people sign in at this moment. Try again in a few seconds.", 5.0)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def require_password(password: Secret, field: str = "password") -> None:
    """Raise InvalidInput for `field` unless the password is long enough and not absurdly long."""
    length = len(_normal(password))
    if length < MIN_LENGTH:
        raise InvalidInput({field: f"Use at least {MIN_LENGTH} characters."})
    if length > MAX_LENGTH:
        raise InvalidInput({field: f"Use at most {MAX_LENGTH} characters."})


def _normal(password: Secret) -> str:
    # One password typed on two keyboards must stay one password: NFC.
    return unicodedata.normalize("NFC", password.reveal("password"))
