"""The life of a service: from its settings to its orderly stop.

    start → bus in the background → main(context) until `context.stopping` → flush the log → exit 0

A stop signal, or the notice that all services restart, sets `stopping`; a main that has not returned `STOP_SECONDS`
later is cancelled. When main raises, the process ends with status 1. However it ends, whoever supervises it starts it
again, unless it was stopped from there.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from heliograph.contract import Service, ServiceState
from heliograph.contract.channels import RESTART, STATE
from heliograph.garbage import spare_what_is_loaded
from heliograph.runtime import logs
from heliograph.runtime.bus import Bus, BusError
from heliograph.runtime.clock import Clock, SystemClock, milliseconds
from heliograph.runtime.logs import EventLog
from heliograph.runtime.memory import resident_bytes
from heliograph.runtime.restart import Reset, Restarts, carry_out_reset
from heliograph.runtime.settings import ServiceSettings
from heliograph.stopping import STOP_SIGNALS

STOP_SECONDS = 20.0
STATE_SECONDS = 5.0
FLUSH_SECONDS = 2.0

_log = logging.getLogger("heliograph.service")


@dataclass(frozen=True, slots=True)
class Context:
    """What a service's main gets."""

    service: Service
    bus: Bus
    clock: Clock
    events: EventLog
    stopping: asyncio.Event
    started: int
    alive_file: Path | None = None
    reset: int | None = None
    """The last factory reset that this service carried out."""

    async def report(self, state: Callable[[], ServiceState], changed: asyncio.Event | None = None) -> None:
        """Publish the service's state every few seconds, and soon after `changed`, for ever."""
        while True:
            try:
                told = state().model_copy(update={"reset": self.reset, "memory_bytes": resident_bytes()})
                await self.bus.store(STATE, told, service=self.service)
            except BusError as error:
                _log.debug("state not published: %s", error)
            self._touch()
            await _first(self.clock.sleep(STATE_SECONDS), changed.wait() if changed else None)
            if changed and changed.is_set():
                changed.clear()
                await self.clock.sleep(0.2)

    def _touch(self) -> None:
        if self.alive_file is not None:
            self.alive_file.touch()

    def now(self) -> int:
        """Milliseconds since 1970 by the wall clock."""
        return milliseconds(self.clock)


Main = Callable[[Context], Awaitable[None]]


def run_service(service: Service, settings: ServiceSettings, main: Main, spared: Collection[str] = ()) -> int:
    """Run a service until a stop signal; return its exit status.

    `spared` are the names in its state directory that a factory reset leaves alone.
    """
    spare_what_is_loaded()
    logs.configure(service, settings.log_level)
    try:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        reset = carry_out_reset(settings.state_dir, spared)
    except OSError as error:
        sys.stderr.write(f"{service}: cannot use the state directory {settings.state_dir}: {error.strerror}\n")
        return 1
    with asyncio.Runner() as runner:
        status = runner.run(_run(service, settings, main, reset))
        # The loop takes its handlers along when it closes: a second signal then must not change the status.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        return status


async def _run(service: Service, settings: ServiceSettings, main: Main, reset: Reset) -> int:
    clock = SystemClock()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    events = EventLog(service, clock)
    async with Bus(settings, service) as bus:
        context = Context(service, bus, clock, events, stopping, milliseconds(clock), settings.alive_file, reset.time)
        _tell(events, reset)
        restarts = Restarts(service, settings.state_dir, reset.time, stopping, events)
        await bus.subscribe(RESTART, restarts.hear)
        delivery = asyncio.create_task(events.deliver(bus), name=f"{service}: log")
        try:
            return await _until_stopped(context, main)
        finally:
            delivery.cancel()
            await asyncio.gather(delivery, return_exceptions=True)
            await events.flush(bus, FLUSH_SECONDS)


async def _until_stopped(context: Context, main: Main) -> int:
    work = asyncio.ensure_future(main(context))
    stop = asyncio.create_task(context.stopping.wait(), name=f"{context.service}: stop signal")
    try:
        await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await asyncio.wait({work}, timeout=STOP_SECONDS)
        if not work.done():
            _log.warning("still busy after %s s; ending", STOP_SECONDS)
            work.cancel()
            await asyncio.wait({work}, timeout=STOP_SECONDS)
        return _status(context, work)
    finally:
        stop.cancel()


def _tell(events: EventLog, reset: Reset) -> None:
    """Say what a factory reset did, the first line of what comes after it."""
    if reset.is_new:
        events.info("factory reset: what this service kept is deleted")
    for text in reset.left:
        events.warning(f"factory reset: not deleted: {text}")


def _status(context: Context, work: "asyncio.Future[None]") -> int:
    if not work.done() or work.cancelled():
        return 0 if context.stopping.is_set() else 1
    error = work.exception()
    if error is None:
        return 0
    _log.error("ended by an error", exc_info=error)
    context.events.error(f"service {context.service} ends by an error and starts again: {error!r}")
    return 1


async def _first(*waits: Awaitable[object] | None) -> None:
    tasks = {asyncio.ensure_future(wait) for wait in waits if wait is not None}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
