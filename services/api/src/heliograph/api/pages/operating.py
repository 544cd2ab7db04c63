"""The pages of commands and scripts: the journal as it is filtered, the scripts, and the log of one of them.

What is shown is asked of the service commands beside the pictures, for those who look, and kept as long as they do.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from heliograph.api import commands as asked
from heliograph.api.commanded import EntryList
from heliograph.api.errors import Problem
from heliograph.api.pages.rendering import Renderer
from heliograph.api.scripted import ScriptLog
from heliograph.api.view import View
from heliograph.contract import JournalRequest, JournalWay, ScriptLogRequest

JOURNAL_ROWS: Final = 50
LOG_LINES: Final = 200
FIRST_LOOK_SECONDS: Final = 1.0
FOLLOW_SECONDS: Final = 1.0
KEPT_TURNS: Final = 5
"""What nobody looked at for so many turns is forgotten."""
MOST_KEPT: Final = 32
QUIET_TURNS: Final = 3
"""Without news on the bus the journal is asked for anew every so many turns."""


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """Which entries are shown."""

    way: JournalWay | None = None
    failed: bool = False
    before: int | None = None

    @property
    def query(self) -> str:
        """As in the page's address."""
        given = {"way": self.way, "failed": "true" if self.failed else None, "before": self.before}
        return urlencode({name: value for name, value in given.items() if value is not None})

    def of(self, way: JournalWay | None) -> "JournalFilter":
        """The newest of another way."""
        return replace(self, way=way, before=None)

    def only(self, *, failed: bool) -> "JournalFilter":
        """The newest, of the failed alone or of all."""
        return replace(self, failed=failed, before=None)

    def older(self, before: int) -> "JournalFilter":
        """The page after this one."""
        return replace(self, before=before)


@dataclass(slots=True)
class _Kept:
    """What was asked for somebody who looks."""

    page: EntryList | ScriptLog | None = None
    problem: str = ""
    turns_left: int = KEPT_TURNS


class Operating:
    """Renders the sections of the pages of commands and scripts."""

    def __init__(self, view: View, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer
        self._kept: dict[JournalFilter | str, _Kept] = {}
        self._heard = -1
        self._turn = 0

    async def follow(self, wanted: asyncio.Event) -> None:
        """Keep what is looked at fresh while somebody looks, for ever."""
        while True:
            await wanted.wait()
            await self.refresh()
            await asyncio.sleep(FOLLOW_SECONDS)

    async def refresh(self) -> None:
        """Ask anew for what is looked at, and forget the rest."""
        self._turn += 1
        heard = self._view.journal.heard
        is_news = heard != self._heard or self._turn % QUIET_TURNS == 0
        self._heard = heard
        for key, kept in list(self._kept.items()):
            kept.turns_left -= 1
            if kept.turns_left <= 0:
                self._kept.pop(key, None)
            elif isinstance(key, str) or is_news or kept.page is None:
                await self._refresh(key, kept)

    async def commands_page(self, token_place: str, wanted: JournalFilter, *, is_locked: bool) -> str:
        """The page of commands; without data for who has yet to give the token."""
        if not is_locked:
            await self._look(wanted)
        sections = _locked("identity", "journal") if is_locked else self.commands(wanted)
        return self._renderer.shell("commands_page", sections, token_place, is_locked=is_locked, filter=wanted)

    def scripts_page(self, token_place: str, *, is_locked: bool) -> str:
        """The page of scripts; without data for who has yet to give the token."""
        sections = _locked("identity", "scripts") if is_locked else self.scripts()
        return self._renderer.shell("scripts_page", sections, token_place, is_locked=is_locked)

    async def script_page(self, name: str, token_place: str, *, is_locked: bool) -> str:
        """The page of one script; without data for who has yet to give the token."""
        if not is_locked and self.knows(name):
            await self._look(name)
        sections = _locked("identity", "script", "log") if is_locked else self.script(name)
        return self._renderer.shell("script_page", sections, token_place, is_locked=is_locked, script=name)

    def knows(self, name: str) -> bool:
        """Whether there is such a script."""
        return any(script.name == name for script in self._view.scripts() or ())

    def commands(self, wanted: JournalFilter) -> dict[str, str]:
        """The sections of the page of commands."""
        kept = self._wanted(wanted)
        facts = {"journal": kept.page, "problem": kept.problem, "filter": wanted, "ways": list(JournalWay)}
        return self._with_identity(journal=self._renderer.render("journal", facts))

    def scripts(self) -> dict[str, str]:
        """The section of the page of scripts."""
        facts = {"scripts": self._view.scripts(), "uid": self._view.status().uid}
        return self._with_identity(scripts=self._renderer.render("scripts", facts))

    def script(self, name: str) -> dict[str, str]:
        """The sections of one script's page; it says so where there is no such script."""
        scripts = self._view.scripts()
        script = next((script for script in scripts or () if script.name == name), None)
        if script is None:
            facts = {"text": _UNKNOWN if scripts is None else _NAMED}
            return self._with_identity(script=self._renderer.render("no_script", facts), log="")
        kept = self._wanted(name)
        log = self._renderer.render("script_log", {"log": kept.page, "problem": kept.problem})
        return self._with_identity(script=self._renderer.render("script", {"script": script}), log=log)

    def _with_identity(self, **sections: str) -> dict[str, str]:
        return {"identity": self._renderer.identity(), **sections}

    def _wanted(self, key: JournalFilter | str) -> _Kept:
        """What is known under a key that somebody looks at."""
        kept = self._kept.setdefault(key, _Kept())
        kept.turns_left = KEPT_TURNS
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return kept

    async def _look(self, key: JournalFilter | str) -> None:
        """Ask for a page of the journal, or for a script's log by its name, where it is not known yet."""
        kept = self._wanted(key)
        if kept.page is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_LOOK_SECONDS):
                    await self._refresh(key, kept)

    async def _refresh(self, key: JournalFilter | str, kept: _Kept) -> None:
        try:
            kept.page = await self._asked(key)
        except Problem as problem:
            kept.problem = problem.detail
        else:
            kept.problem = ""

    async def _asked(self, key: JournalFilter | str) -> EntryList | ScriptLog:
        if isinstance(key, str):
            return await asked.script_log(self._view, ScriptLogRequest(script=key, limit=LOG_LINES))
        request = JournalRequest(limit=JOURNAL_ROWS, before=key.before, way=key.way, failed=key.failed)
        return await asked.journal(self._view, request)


def _locked(*names: str) -> dict[str, str]:
    """Sections of a page that shows no data."""
    return dict.fromkeys(names, "")


_NAMED: Final = "The scripts are those that _scl.ini names; it may have been taken out."
_UNKNOWN: Final = "The service commands does not report now."
