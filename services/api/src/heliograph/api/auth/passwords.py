"""Passwords: which are taken, and their argon2id hashes, made two at a time in threads so that nothing else waits."""

import asyncio
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST: Final = 10
LONGEST: Final = 200
AT_A_TIME: Final = 2
_WORST: Final = frozenset({
    "0000000000", "0123456789", "0987654321", "1111111111", "1122334455", "1234512345", "12345678910",
    "1234567890", "123456789a", "123456789q", "1234567891", "1q2w3e4r5t", "9876543210", "aaaaaaaaaa",
    "abcdefghij", "administrator", "adminadmin", "admin12345", "changeme12", "changeme123", "heliograph",
    "heliograph1", "heliograph123", "iloveyou12", "letmein123", "password10", "password11", "password12",
    "password123", "password1234", "passw0rd123", "passwort12", "passwort123", "photovoltaic", "q1w2e3r4t5",
    "qwerty1234", "qwerty12345", "qwertyuiop", "qwertzuiop", "solarpower", "solar12345", "sunshine12",
    "sunshine123", "welcome123", "webdynsunpm",
})  # fmt: skip


def password_fault(password: str, name: str) -> str:
    """What is wrong with a password to be set, for a person; empty when nothing is."""
    plain = _plain(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        return f"A password has {SHORTEST} to {LONGEST} characters; a few words with spaces between do well."
    if plain.casefold() in _WORST or len(set(plain)) < 3:
        return "This password is one of the first that anybody tries: take another one."
    if plain.casefold().strip() == name.casefold():
        return "The password must not be the name."
    return ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one hash costs. The default takes about a tenth of a second on a small ARM machine."""

    memory_kib: int = 19_456
    rounds: int = 2


@dataclass
class Passwords:
    """Hashes and compares."""

    cost: Cost = field(default_factory=Cost)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_A_TIME))

    async def hash(self, password: str) -> str:
        """The hash that is kept, with its salt and its cost in it."""
        async with self._turns:
            return await asyncio.to_thread(lambda: self._hasher.hash(_plain(password)))

    async def fits(self, kept: str | None, password: str) -> bool:
        """Whether a password is the one of a hash; without a hash it takes as long, and fits never."""
        async with self._turns:
            return await asyncio.to_thread(self._fits, kept, password)

    def _fits(self, kept: str | None, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415  # when somebody logs in

        try:
            return self._hasher.verify(kept or self._decoy, _plain(password)) and kept is not None
        except (InvalidHashError, VerificationError):
            return False

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher  # noqa: PLC0415  # when somebody logs in: it takes memory

        return PasswordHasher(time_cost=self.cost.rounds, memory_cost=self.cost.memory_kib, parallelism=1)

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash("of nobody")


def _plain(password: str) -> str:
    """The same text however the keyboard composed it; no longer than the longest by much, for it is hashed."""
    return unicodedata.normalize("NFKC", password[: LONGEST + 1])
