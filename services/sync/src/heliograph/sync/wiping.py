"""A factory reset carried out: what sync does at a start that finds its order, and nothing else (spec 1.7).

stores of the bus emptied → the other services told until each deleted what it keeps → emptied again → own disk → end

The next start is a first start. Sync comes last, since it alone knows the order; each step may be repeated. The
configuration goes from the bus first, so that a service that begins anew finds none.
"""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path
from typing import Final

from heliograph.contract import Service, ServiceState, SyncState
from heliograph.contract.channels import RESTART, STATE
from heliograph.runtime import BusError, Context
from heliograph.runtime.restart import delete_kept
from heliograph.sync.resetfile import NAME, Order, ResetFile, Step
from heliograph.sync.resetting import notice_of

SERVICES_SECONDS: Final = 120.0
"""A service that is away for longer does its part when it comes back; the gateway begins anew without it."""
AGAIN_SECONDS: Final = 2.0

_log = logging.getLogger("heliograph.sync")


class _Stop(Exception):
    """Ends the group of tasks."""


async def finish_reset(context: Context, state_dir: Path) -> bool:
    """Carry out the reset that is ordered, as far as the service is not stopped; return whether there was one."""
    file = ResetFile(state_dir)
    order = file.read()
    if order is None or order.step is not Step.DELETING:
        return False
    wiping = Wiping(context, state_dir, file, order)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(context.report(wiping.state), name="sync: state")
            group.create_task(_until_stopped(context), name="sync: stop")
            group.create_task(_ended(wiping), name="sync: factory reset")
    except* _Stop:
        _log.info("stopped")
    return True


class Wiping:
    """One reset that is being carried out."""

    def __init__(self, context: Context, state_dir: Path, file: ResetFile, order: Order) -> None:
        self._context = context
        self._state_dir = state_dir
        self._file = file
        self._order = order
        self._silent: set[Service] = set(order.silent)

    async def run(self) -> None:
        """Delete everything, everywhere. Raises `OSError` when the own disk does not take the end of it."""
        await self._context.bus.watch(STATE, self._hear)
        await self._tell_others()
        while not await self._empty_bus():
            await self._context.clock.sleep(AGAIN_SECONDS)
        left = await asyncio.to_thread(delete_kept, self._state_dir, {NAME})
        for text in left:
            _log.warning("factory reset: not deleted: %s", text)
        deleted = self._order.model_copy(update={"step": Step.DELETED, "silent": tuple(sorted(self._silent))})
        await asyncio.to_thread(self._file.write, deleted)

    def state(self) -> SyncState:
        """Tell people what goes on."""
        waited = f"; waiting for {', '.join(sorted(self._silent))}" if self._silent else ""
        text = f"factory reset: configuration and data are being deleted{waited}"
        return SyncState(time=self._context.now(), started=self._context.started, findings=(text,))

    async def _tell_others(self) -> None:
        """Return when each service did its part, or is away for too long. The bus is waited for: it holds data."""
        context = self._context
        await context.bus.wait_connected()
        begun = context.clock.monotonic()
        while self._silent and context.clock.monotonic() - begun < SERVICES_SECONDS:
            if await self._empty_bus():
                with suppress(BusError):
                    await context.bus.publish(RESTART, notice_of(self._order))
            await context.clock.sleep(AGAIN_SECONDS)

    async def _empty_bus(self) -> bool:
        try:
            await self._context.bus.ensure_streams()
            await self._context.bus.purge()
        except BusError as error:
            _log.info("factory reset: the bus is not emptied yet: %s", error)
            return False
        return True

    async def _hear(self, state: ServiceState) -> None:
        if state.reset == self._order.time:
            self._silent.discard(Service(state.service))


async def _until_stopped(context: Context) -> None:
    await context.stopping.wait()
    raise _Stop


async def _ended(wiping: Wiping) -> None:
    await wiping.run()
    raise _Stop
