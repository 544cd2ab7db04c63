"""The tokens of programs: `tokens.json`. Each is shown once, when it is made; only its digest is kept."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from heliograph.api.auth.kept import Kept
from heliograph.api.auth.who import Role
from heliograph.api.errors import NotThere, Overtaken, Refused
from heliograph.runtime import EventLog

MOST: Final = 64
PREFIX: Final = "hg_"
NOTED_MS: Final = 600_000
"""A token's last use is written down so often, at most."""


@dataclass(frozen=True, slots=True)
class ProgramToken:
    """One program."""

    name: str
    role: Role
    digest: str
    """SHA-256 of the token, hexadecimal."""
    created: int
    """Milliseconds since 1970."""
    by: str
    """Who made it, for people."""
    expires: int | None = None
    last_used: int | None = None


class Tokens:
    """All tokens, in the order in which they were made."""

    def __init__(self, directory: Path, events: EventLog) -> None:
        self._kept = Kept(directory / "tokens.json", TypeAdapter(tuple[ProgramToken, ...]), events)

    @property
    def rows(self) -> tuple[ProgramToken, ...]:
        """All, those that expired as well."""
        return self._kept.rows

    def find(self, given: str, now: int) -> ProgramToken | None:
        """The token that a program gives, unless it expired."""
        digest = digest_of(given)
        fitting = (row for row in self.rows if row.digest == digest)
        return next((row for row in fitting if row.expires is None or now < row.expires), None)

    async def add(self, token: ProgramToken) -> None:
        """Take one more. Raises `Refused`, `Silent`."""

        def make(rows: tuple[ProgramToken, ...]) -> tuple[ProgramToken, ...]:
            if any(row.name == token.name for row in rows):
                raise Refused(f"There is a token {token.name} already: revoke it first, or take another name.")
            if len(rows) >= MOST:
                raise Refused(f"There are {MOST} tokens already: revoke one that nobody needs.")
            return (*rows, token)

        await self._kept.change(make)

    def get(self, name: str) -> ProgramToken:
        """The token of this name, also one that expired; raises `NotThere`."""
        return _found(self.rows, name)

    async def remove(self, name: str, created: int | None = None) -> None:
        """Let one go; with `created` only that one. Raises `NotThere`, `Overtaken`, `Silent`."""

        def make(rows: tuple[ProgramToken, ...]) -> tuple[ProgramToken, ...]:
            old = _found(rows, name)
            if created not in (None, old.created):
                raise Overtaken(f"The token {name} is another one by now: read it again.")
            return tuple(row for row in rows if row is not old)

        await self._kept.change(make)

    async def note_use(self, token: ProgramToken, now: int) -> None:
        """Remember that a token was used, if that was not written down lately. Raises `Silent`."""
        if token.last_used is not None and now - token.last_used < NOTED_MS:
            return
        await self._kept.change(
            lambda rows: tuple(replace(row, last_used=now) if row.digest == token.digest else row for row in rows)
        )


def new_token() -> str:
    """A token that nobody guesses: 256 random bits."""
    return f"{PREFIX}{secrets.token_urlsafe(32)}"


def _found(rows: tuple[ProgramToken, ...], name: str) -> ProgramToken:
    for row in rows:
        if row.name == name:
            return row
    raise NotThere(f"There is no token {name[:32]!r}; /api/v1/tokens lists them.")


def digest_of(token: str) -> str:
    """What is kept of a token, or of a session's cookie: as random as these are, a plain digest is enough."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
