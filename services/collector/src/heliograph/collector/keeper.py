"""Brings drafts to the outbox: never blocks who hands one over, commits what waits together, outlives a full disk.

While the disk refuses, drafts wait in memory up to a limit, alarms go to the bus directly (their readers take each
identity once), and both are committed when the disk allows it again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from heliograph.collector.drafts import AlarmDraft, ChangeDraft, Draft, RecordDraft, Verdict
from heliograph.collector.errors import OutboxUnavailable
from heliograph.collector.outbox import Outbox
from heliograph.contract.channels import ALARMS
from heliograph.runtime import Backoff, Bus, BusError, Clock, EventLog

MEMORY_BYTES: Final = 16 * 1024 * 1024
"""Drafts kept in memory while the disk refuses."""
COMMIT_DRAFTS: Final = 2000
"""Most drafts in one commit, beyond those that fall due at one instant."""


class Keeper:
    """The way into the outbox."""

    def __init__(self, outbox: Outbox, bus: Bus, clock: Clock, events: EventLog) -> None:
        self._outbox = outbox
        self._bus = bus
        self._clock = clock
        self._events = events
        self._waiting: deque[Sequence[Draft]] = deque()
        self._bytes = 0
        self._told: set[str] = set()
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.trouble = ""
        """Why the disk refuses, empty when all is well."""
        self.full = False
        """Whether records are or were just refused because the storage is full."""
        self.on_verdict: Callable[[RecordDraft, Verdict], None] = lambda _draft, _verdict: None
        """Told in the event loop what became of each record."""
        self.on_full: Callable[[bool], None] = lambda _: None
        """Told when the storage becomes full, and when it has room again."""

    @property
    def waiting(self) -> int:
        """Drafts that are not committed yet."""
        return sum(map(len, self._waiting))

    def put(self, drafts: Sequence[Draft]) -> None:
        """Take drafts for one commit. Beyond the memory's limit records are refused."""
        size = sum(len(draft.body) for draft in drafts)
        if self._bytes + size > MEMORY_BYTES:
            drafts = self._without_records(drafts)
            size = sum(len(draft.body) for draft in drafts)
        if drafts and self._bytes + size <= 2 * MEMORY_BYTES:
            self._waiting.append(drafts)
            self._bytes += size
            self._idle.clear()
            self._news.set()

    async def run(self) -> None:
        """Commit what was put, for ever."""
        backoff = Backoff(1, 30)
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                if await self._commit():
                    backoff.reset()
                else:
                    await self._tell_alarms()
                    await self._clock.sleep(backoff.wait())
            self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Return when all was committed, or after so many seconds."""
        if not await self.committed(seconds):
            self._events.error(f"{self.waiting} records and alarms could not be written before the end: {self.trouble}")

    async def committed(self, seconds: float) -> bool:
        """Return when all that was put is on the disk, or after so many seconds; tell whether it is."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _commit(self) -> bool:
        portions = self._portions()
        drafts = [draft for portion in portions for draft in portion]
        try:
            verdicts = await self._outbox.append([self._untold(draft) for draft in drafts])
        except OutboxUnavailable as error:
            self._refused_by_disk(error)
            return False
        for _ in portions:
            self._bytes -= sum(len(draft.body) for draft in self._waiting.popleft())
        self._told.clear()
        self._accepted_by_disk()
        self._judge(drafts, verdicts)
        return True

    def _portions(self) -> list[Sequence[Draft]]:
        """Return what one commit takes: whole portions, the first in any case."""
        chosen: list[Sequence[Draft]] = []
        count = 0
        for portion in self._waiting:
            if chosen and count + len(portion) > COMMIT_DRAFTS:
                break
            chosen.append(portion)
            count += len(portion)
        return chosen

    def _judge(self, drafts: Sequence[Draft], verdicts: Sequence[Verdict]) -> None:
        for draft, verdict in zip(drafts, verdicts, strict=True):
            if isinstance(draft, RecordDraft):
                self.on_verdict(draft, verdict)
            elif verdict is Verdict.REFUSED:
                what = "alarms" if isinstance(draft, AlarmDraft) else "changes of the plant"
                self._events.error(f"one of the {what} was not stored: too many wait for the bus")
        pairs = zip(drafts, verdicts, strict=True)
        if any(verdict is Verdict.REFUSED and not isinstance(draft, ChangeDraft) for draft, verdict in pairs):
            self._set_full(True)
        elif self.full and not self._outbox.is_full:
            self._set_full(False)

    def _set_full(self, full: bool) -> None:
        if full is not self.full:
            self.full = full
            self.on_full(full)

    def _refused_by_disk(self, error: OutboxUnavailable) -> None:
        if not self.trouble:
            self._events.error(
                f"the outbox cannot be written: {error}. Polling goes on and what is recorded waits in memory;"
                " free the disk or mend its rights"
            )
        self.trouble = str(error)
        self._set_full(True)

    def _accepted_by_disk(self) -> None:
        if self.trouble:
            self._events.info("the outbox can be written again")
            self.trouble = ""

    def _without_records(self, drafts: Sequence[Draft]) -> list[Draft]:
        for draft in drafts:
            if isinstance(draft, RecordDraft):
                self.on_verdict(draft, Verdict.REFUSED)
        return [draft for draft in drafts if not isinstance(draft, RecordDraft)]

    def _untold(self, draft: Draft) -> Draft:
        """Return a draft as it is to be committed: of an alarm that the bus has already, only its known value."""
        if isinstance(draft, AlarmDraft) and draft.identity in self._told:
            return AlarmDraft(known=draft.known)
        return draft

    async def _tell_alarms(self) -> None:
        """Give the bus the alarms that the disk refuses."""
        for draft in [draft for portion in self._waiting for draft in portion]:
            if isinstance(draft, AlarmDraft) and draft.identity and draft.identity not in self._told:
                try:
                    await self._bus.store(ALARMS, draft.body, draft.identity, service="collector")
                except BusError:
                    return
                self._told.add(draft.identity)
