"""The sessions of browsers: `sessions.json`. A session is known by the digest of its cookie and lasts over restarts."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from heliograph.api.auth.kept import Kept
from heliograph.api.auth.tokens import digest_of
from heliograph.api.errors import NotThere
from heliograph.runtime import EventLog

IDLE_MS: Final = 12 * 3_600_000
LONGEST_MS: Final = 30 * 24 * 3_600_000
MOST: Final = 64
NOTED_MS: Final = 600_000
"""That a session is in use is written down so often, at most."""
_KEY_LETTERS: Final = 16


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that somebody logged in with."""

    digest: str
    """SHA-256 of the cookie, hexadecimal."""
    name: str
    """Of the account; empty for the gateway's own token."""
    proof: str
    """Of the gateway's token, where it is its session: it ends when that becomes another one."""
    created: int
    """Milliseconds since 1970."""
    seen: int
    address: str
    browser: str

    @property
    def key(self) -> str:
        """What it is called by: tells nothing of the cookie."""
        return self.digest[:_KEY_LETTERS]


class Sessions:
    """All sessions, the oldest first."""

    def __init__(self, directory: Path, events: EventLog) -> None:
        self._kept = Kept(directory / "sessions.json", TypeAdapter(tuple[Session, ...]), events)

    def find(self, cookie: str, now: int) -> Session | None:
        """The session of a cookie, unless it ended."""
        digest = digest_of(cookie)
        return next((row for row in self._kept.rows if row.digest == digest and _lives(row, now)), None)

    def of(self, name: str, now: int) -> tuple[Session, ...]:
        """The sessions of an account, or of the gateway's token, the newest first."""
        return tuple(row for row in reversed(self._kept.rows) if row.name == name and _lives(row, now))

    async def begin(self, session: Session) -> None:
        """Take one more; those that ended go, and the oldest where there are too many. Raises `Silent`."""
        now = session.created
        await self._kept.change(
            lambda rows: (*[row for row in rows if _lives(row, now)][-(MOST - 1) :], session)
        )  # fmt: skip

    async def note_use(self, session: Session, now: int) -> None:
        """Remember that a session is in use, if that was not written down lately. Raises `Silent`."""
        if 0 <= now - session.seen < NOTED_MS:
            return
        await self._kept.change(
            lambda rows: tuple(replace(row, seen=now) if row.digest == session.digest else row for row in rows)
        )

    async def end(self, key: str, name: str) -> None:
        """End one session of an account. Raises `NotThere`, `Silent`."""
        if not any(row.key == key and row.name == name for row in self._kept.rows):
            raise NotThere("There is no such session of yours; it may have ended.")
        await self._end(lambda row: row.key == key and row.name == name)

    async def end_all(self, name: str, but: str = "") -> None:
        """End all sessions of an account, but the one of this key. Raises `Silent`."""
        await self._end(lambda row: row.name == name and row.key != but)

    async def _end(self, ends: Callable[[Session], bool]) -> None:
        await self._kept.change(lambda rows: tuple(row for row in rows if not ends(row)))


def new_cookie() -> str:
    """What a browser keeps: 256 random bits."""
    return secrets.token_urlsafe(32)


def csrf_of(cookie: str) -> str:
    """What requests of a session have to carry beside the cookie; only a page of this gateway knows it."""
    return hashlib.sha256(b"csrf " + cookie.encode(errors="replace")).hexdigest()


def _lives(session: Session, now: int) -> bool:
    return now - session.seen < IDLE_MS + NOTED_MS and now - session.created < LONGEST_MS
