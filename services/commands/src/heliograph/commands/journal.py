"""The journal of commands as the event loop sees it: what is written down waits in memory for the next commit.

What acts is committed as begun before its effect, together with the end of what came before it: one sync of the disk a
command. What only reads needs no entry before it, and is committed with others. Whoever runs a text has it settled
before its results are handed over. `keep` commits the rest soon, and ends the service when the file is damaged.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any, Final, TypeVar

from heliograph.commands.entries import PAGE_LETTERS, Entry, payload_of
from heliograph.commands.errors import JournalDamaged, JournalUnavailable
from heliograph.commands.journal_file import JournalFile
from heliograph.commands.sought import passes
from heliograph.contract import JournalEntry, JournalPage, JournalRequest
from heliograph.runtime import Backoff, Clock, EventLog

COMMIT_SECONDS: Final = 0.5
"""How long an entry waits that nobody waits for."""
MOST_WAITING: Final = 20_000
"""Entries that wait for a disk that refuses; beyond it the oldest go, and their number is told."""
MOST_LETTERS: Final = 2000
FEWEST_LETTERS: Final = 100

Announce = Callable[[JournalEntry], Awaitable[None]]
T = TypeVar("T")


class Journal:
    """The journal, for the event loop. What is announced is told to whoever looks on."""

    def __init__(self, file: JournalFile, announce: Announce, events: EventLog, clock: Clock) -> None:
        self._file = file
        self._announce = announce
        self._events = events
        self._clock = clock
        self._number = file.last_number
        self._waiting: dict[int, Entry] = {}
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._damage: JournalDamaged | None = None
        self._refused = ""
        self._lost = 0

    async def begin(self, entry: Entry, *, acts: bool) -> Entry:
        """Return the entry with its number; one that acts is on the disk then. Raises `JournalUnavailable`."""
        entry = replace(entry, number=self._next_number())
        if acts:
            self._put(entry)
            try:
                await self._commit()
            except BaseException:
                self._waiting.pop(entry.number or 0, None)
                raise
        await self._announce(payload_of(entry))
        return entry

    async def note(self, entry: Entry) -> Entry:
        """Take down what is done; it is on the disk soon, or when the journal is settled. Never waits for the disk."""
        entry = replace(entry, number=entry.number or self._next_number())
        self._put(entry)
        await self._announce(payload_of(entry))
        return entry

    async def settle(self) -> None:
        """Have everything on the disk, or say that the disk refuses: an answer goes out nevertheless."""
        try:
            await self._commit()
        except JournalUnavailable as error:
            self._tell_refusal(str(error))

    async def note_changes(self, entries: Iterable[Entry]) -> None:
        """Take down changes, each identity once, and return when the disk has them. Raises `JournalUnavailable`."""
        changes = {entry.text: entry for entry in entries}
        known = await self._step(self._file.known, list(changes)) | {e.text for e in self._waiting.values()}
        for identity, entry in changes.items():
            if identity not in known:
                await self.note(entry)
        await self._commit()

    async def find(self, text: str) -> dict[int, Entry]:
        """What is known of the commands of a text, by position. Raises `JournalUnavailable`."""
        known = await self._step(self._file.find, text)
        return known | {entry.position: entry for entry in self._waiting.values() if entry.text == text}

    async def doubted(self, way: str) -> int:
        """See `JournalFile.doubted`. Raises `JournalUnavailable`."""
        return await self._step(self._file.doubted, way)

    async def page(self, asked: JournalRequest) -> JournalPage:
        """Return a page, newest first; the more entries it has, the shorter their long texts are."""
        try:
            kept = await self._step(self._file.page, asked)
        except JournalUnavailable as error:
            return JournalPage(error=str(error))
        found = {entry.number: entry for entry in kept}
        found |= {number: entry for number, entry in self._waiting.items() if passes(entry, asked)}
        newest = sorted(found.values(), key=lambda entry: entry.number or 0, reverse=True)
        letters = max(FEWEST_LETTERS, min(MOST_LETTERS, PAGE_LETTERS // asked.limit))
        return JournalPage(entries=tuple(payload_of(entry, letters) for entry in newest[: asked.limit]))

    async def keep(self) -> None:
        """Commit what nobody waits for, for ever. Raises `JournalDamaged`."""
        backoff = Backoff(COMMIT_SECONDS, 30)
        while True:
            await self._news.wait()
            self._news.clear()
            if self._damage is not None:
                raise self._damage
            await self._clock.sleep(COMMIT_SECONDS)
            await self.settle()
            if self._refused:
                await self._clock.sleep(backoff.wait())
                self._news.set()
            else:
                backoff.reset()

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _put(self, entry: Entry) -> None:
        self._waiting[entry.number or 0] = entry
        if len(self._waiting) > MOST_WAITING:
            self._waiting.pop(next(iter(self._waiting)))
            self._lost += 1
        self._news.set()

    async def _commit(self) -> None:
        async with self._turn:
            entries = list(self._waiting.values())
            if not entries:
                return
            await self._step(self._file.write, entries)
            for entry in entries:
                if self._waiting.get(entry.number or 0) is entry:
                    del self._waiting[entry.number or 0]
        self._tell_recovery()

    async def _step(self, step: Callable[..., T], *arguments: Any) -> T:
        """Run a step beside the event loop: it waits for the disk."""
        try:
            return await asyncio.to_thread(step, *arguments)
        except JournalDamaged as damage:
            self._damage = damage
            self._news.set()
            raise JournalUnavailable("the journal of commands is damaged; the service starts again") from damage

    def _tell_refusal(self, refused: str) -> None:
        if refused != self._refused:
            self._events.error(f"{refused}: commands that act are refused until it can be written; free some space")
        self._refused = refused

    def _tell_recovery(self) -> None:
        if self._refused:
            lost = f"; {self._lost} entries could not be kept" if self._lost else ""
            self._events.info(f"the journal of commands can be written again{lost}")
        self._refused, self._lost = "", 0
