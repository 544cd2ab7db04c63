"""A revision on its way: put in force on the servers and the bus, heard about from the services, confirmed or undone.

    revised → destinations and cursors on the disk → the servers' tasks → the bus
    trial   → the main server's connection, or the MQTT session where there is none, or the clock
    verdict → one rejection takes all back; once nobody can reject any more, what waits for nobody is dropped

`Configuration` decides what is in force; here is when that takes effect (spec 1.7).
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

from heliograph.contract import ServiceState
from heliograph.contract.channels import CONFIGURATION
from heliograph.runtime import BusError, Context
from heliograph.sync.applied import Applied
from heliograph.sync.calendar import start_share
from heliograph.sync.configuration import Configuration
from heliograph.sync.owndisk import OwnDisk
from heliograph.sync.server import ServerTask
from heliograph.sync.serving import Serving
from heliograph.sync.telemetry import MqttTask
from heliograph.sync.turns import Turns
from heliograph.sync.verdicts import Rejection, Verdicts

TRIAL_LOOK_SECONDS: Final = 5.0
DROP_LOOK_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 1.0
"""Between two tries of a step that the gateway's own disk refuses."""
SILENCE_SECONDS: Final = 15 * 60.0
"""So long what waits for a server that is gone is kept when a service says nothing of the revision; a restart of sync
begins it anew."""


class Rollout:
    """Follows the configuration. Belongs to the loop, but for `revised`."""

    def __init__(
        self, context: Context, configuration: Configuration, verdicts: Verdicts, serving: Serving, turns: Turns,
        servers: Sequence[ServerTask | MqttTask], disk: OwnDisk,
        *, start_share_seconds: int, changed: Callable[[], None],
    ) -> None:  # fmt: skip
        self._bus, self._clock = context.bus, context.clock
        self._configuration = configuration
        self._verdicts = verdicts
        self._serving = serving
        self._turns = turns
        self._servers = servers
        self._disk = disk
        self._start_share_seconds = start_share_seconds
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._revised = asyncio.Event()
        self._unpublished = asyncio.Event()
        self._tries: asyncio.Queue[tuple[int, bool]] = asyncio.Queue()
        self._serves = asyncio.Lock()  # what one revision dismisses and the next takes back must not be dropped between
        self._in_force: Applied | None = None
        self._placed: Applied | None = None
        """The same with its destinations, while something may wait for a server that it does not have."""
        self._since = 0.0
        self._known: frozenset[int] = frozenset()
        """The destinations of the revision before."""

    def tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Return the endless work, by the name of its task."""
        return {
            "revisions": self._follow(),
            "trial": self._watch_trial(),
            "tries": self._judge_tries(),
            "publish": self._publish(),
            "backlogs": self._drop_backlogs(),
        }

    async def begin(self) -> None:
        """Put what lies on the disk in force, at the start."""
        self._revised.set()
        await self._take()

    def revised(self) -> None:
        """The revision in force is another one, or confirmed: told in whatever thread."""
        with suppress(RuntimeError):  # the loop has ended: the next start takes what lies on the disk
            self._loop.call_soon_threadsafe(self._revised.set)

    def publish(self) -> None:
        """Have the bus get the revision in force: it is new, or its store is."""
        self._unpublished.set()

    def tried(self, _: int, applied: Applied, success: bool) -> None:
        """Without a main file server its MQTT session shows whether a revision reaches anybody."""
        if applied.main is None and (success or applied.provisional):
            self._tries.put_nowait((applied.number, success))

    async def hear(self, state: ServiceState) -> None:
        """Take what a service says of the revision in force; one that rejects it takes it back for all."""
        rejection: Rejection | None = None
        with self._disk.step("what the services applied"):
            rejection = self._verdicts.hear(state)
        if rejection is not None:
            with self._disk.step("a revision that is taken back"):
                await asyncio.to_thread(
                    self._configuration.take_back, rejection.number, rejection.service, rejection.why
                )

    async def _follow(self) -> None:
        """Put each revision in force, wherever it came from."""
        while True:
            await self._revised.wait()
            self._revised.clear()
            await self._take()
            if self._is_behind:
                self._revised.set()
                await self._clock.sleep(RETRY_SECONDS)

    @property
    def _is_behind(self) -> bool:
        return self._configuration.applied not in (None, self._in_force)

    async def _take(self) -> None:
        """Put the last good revision in force where it is not yet."""
        applied = self._configuration.applied
        if applied is None or applied == self._in_force:
            return
        with self._disk.step("the servers of a revision"):
            async with self._serves:
                placed = await asyncio.to_thread(self._serving.begin, applied)
                self._configure(placed)
                self._in_force, self._placed, self._since = applied, placed, self._clock.monotonic()

    def _configure(self, placed: Applied) -> None:
        """Give the servers' tasks a revision. Only a server that is new here waits for its share of the start."""
        before = {server: server.server for server in self._servers}
        share = start_share(placed.set.uid, self._start_share_seconds)
        for server in self._servers:
            server.configure(placed)
            if server.server is not None and server.server != before[server]:
                server.start(0 if placed.destination(server.number) in self._known else share)
        self._known = frozenset(placed.destinations.values())
        self._unpublished.set()
        self._changed()

    async def _watch_trial(self) -> None:
        """Let the clock of a trial run; time that the gateway spends without power does not count."""
        looked = self._clock.monotonic()
        while True:
            await self._clock.sleep(TRIAL_LOOK_SECONDS)
            now = self._clock.monotonic()
            with self._disk.step("the clock of a trial"):
                await asyncio.to_thread(self._configuration.pass_time, now - looked)
            looked = now

    async def _judge_tries(self) -> None:
        """Tell the trial of each try, beside the loop: a set may be validated just now. The disk is waited for."""
        while True:
            number, success = await self._tries.get()
            is_told = False
            while not is_told:
                with self._disk.step("the trial of a revision"):
                    await asyncio.to_thread(self._judge, number, success)
                    is_told = True
                if not is_told:
                    await self._clock.sleep(RETRY_SECONDS)

    def _judge(self, number: int, success: bool) -> None:
        if success:
            self._configuration.reached(number)
        else:
            self._configuration.missed(number, "the MQTT server was not reached")

    async def _publish(self) -> None:
        """Give the other services the revision in force, until the bus has it."""
        while True:
            await self._unpublished.wait()
            self._unpublished.clear()
            applied = self._configuration.applied
            if applied is None:
                continue
            try:
                await self._bus.store(CONFIGURATION, applied.revision())
            except BusError:
                await self._clock.sleep(1)
                self._unpublished.set()

    async def _drop_backlogs(self) -> None:
        """Drop what waits for servers that are gone, once no service can take their revision back any more."""
        while True:
            await self._clock.sleep(DROP_LOOK_SECONDS)
            with self._disk.step("the end of what waited for servers that are gone"):
                async with self._serves:
                    if self._placed is not None and self._is_final(self._placed):
                        await self._drop(self._placed)

    async def _drop(self, placed: Applied) -> None:
        """Drop it, unless a connection to such a server is just about to end."""
        surplus = await asyncio.to_thread(self._serving.surplus, placed)
        if self._turns.taken.isdisjoint(surplus):
            await asyncio.to_thread(self._serving.drop, placed)
            self._placed = None

    def _is_final(self, placed: Applied) -> bool:
        """Whether a revision stays: confirmed, followed by none yet, and applied by all, or not rejected for long."""
        if placed.provisional or self._configuration.applied != self._in_force:
            return False
        is_late = self._clock.monotonic() - self._since >= SILENCE_SECONDS
        return is_late or self._verdicts.is_applied(placed.number)
