"""The accounts of people: `accounts.json`. There is always an operator among them, once there is an account at all."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from heliograph.api.auth.kept import Kept
from heliograph.api.auth.who import Role
from heliograph.api.errors import NotThere, Overtaken, Refused
from heliograph.runtime import EventLog

MOST: Final = 32
NAME_PATTERN: Final = "^[a-z0-9][a-z0-9._-]{0,31}$"
NAME_RULE: Final = (
    "A name has 1 to 32 small letters, digits, dots, hyphens and underscores; it begins with none of these."
)
_LAST: Final = "This is the last operator: make another account an operator first."


@dataclass(frozen=True, slots=True)
class Account:
    """One person."""

    name: str
    role: Role
    hash: str
    created: int
    """Milliseconds since 1970."""
    last_login: int | None = None
    version: int = 1
    """Grows with each change of role or password."""


Change = Callable[[Account], Account]


class Accounts:
    """All accounts, in the order in which they were made."""

    def __init__(self, directory: Path, events: EventLog) -> None:
        self._kept = Kept(directory / "accounts.json", TypeAdapter(tuple[Account, ...]), events)

    @property
    def rows(self) -> tuple[Account, ...]:
        """All."""
        return self._kept.rows

    @property
    def are_there(self) -> bool:
        """Whether there is an account, or there were some that cannot be read any more."""
        return bool(self._kept.rows) or self._kept.was_broken

    def find(self, name: str) -> Account | None:
        """The account of this name."""
        return next((row for row in self.rows if row.name == name), None)

    def get(self, name: str) -> Account:
        """The account of this name; raises `NotThere`."""
        return _found(self.rows, name)

    async def add(self, account: Account) -> None:
        """Take one more; the first is an operator. Raises `Refused`, `Silent`."""

        def make(rows: tuple[Account, ...]) -> tuple[Account, ...]:
            if any(row.name == account.name for row in rows):
                raise Refused(f"There is an account {account.name} already.")
            if len(rows) >= MOST:
                raise Refused(f"There are {MOST} accounts already: remove one that nobody needs.")
            return _with_operator((*rows, account), "The first account is an operator's.")

        await self._kept.change(make)

    async def change(self, name: str, change: Change, version: int | None = None) -> Account:
        """Change one; with `version` only that one. Raises `NotThere`, `Overtaken`, `Refused`, `Silent`."""

        def make(rows: tuple[Account, ...]) -> tuple[Account, ...]:
            old = _of_version(_found(rows, name), version)
            new = replace(change(old), version=old.version + 1)
            return _with_operator(tuple(new if row is old else row for row in rows), _LAST)

        await self._kept.change(make)
        return self.get(name)

    async def remove(self, name: str, version: int | None = None) -> None:
        """Let one go. Raises as `change`."""

        def make(rows: tuple[Account, ...]) -> tuple[Account, ...]:
            old = _of_version(_found(rows, name), version)
            return _with_operator(tuple(row for row in rows if row is not old), _LAST)

        await self._kept.change(make)

    async def note_login(self, name: str, time: int) -> None:
        """Remember when somebody logged in last. Raises `Silent`."""
        await self._kept.change(
            lambda rows: tuple(replace(row, last_login=time) if row.name == name else row for row in rows)
        )


def name_fault(name: str) -> str:
    """What is wrong with a name, for a person; empty when nothing is."""
    return "" if re.fullmatch(NAME_PATTERN[1:-1], name) else NAME_RULE


def plain_name(name: str) -> str:
    """A name as somebody types it in, as it is kept: keyboards of phones begin with a capital letter."""
    return name.strip().lower()[:64]


def _found(rows: tuple[Account, ...], name: str) -> Account:
    for row in rows:
        if row.name == name:
            return row
    raise NotThere(f"There is no account {name[:32]!r}; /api/v1/accounts lists them.")


def _of_version(account: Account, version: int | None) -> Account:
    if version is not None and account.version != version:
        raise Overtaken(f"The account {account.name} was changed meanwhile: read it again.")
    return account


def _with_operator(rows: tuple[Account, ...], otherwise: str) -> tuple[Account, ...]:
    if not any(row.role is Role.OPERATOR for row in rows):
        raise Refused(otherwise)
    return rows
