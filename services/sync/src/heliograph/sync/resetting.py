"""A factory reset while sync runs: asked for, held until whoever sent commands has his results, begun (spec 1.7, 4.2).

Once the answer is "OK" the reset is certain: it is on the disk, and a kill only delays it. `wiping` carries it out at
the next start. What comes after that start is here again: a service that was away is told until it did its part.
"""

import asyncio
import hmac
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from heliograph.contract import FactoryRequest, Outcome, RestartNotice, ServiceState
from heliograph.contract.channels import RESTART
from heliograph.runtime import BusError, Context
from heliograph.runtime.clock import milliseconds
from heliograph.sync.database import Database
from heliograph.sync.diary import Diary
from heliograph.sync.lasting import gather, put_back
from heliograph.sync.mailbox import Mailbox
from heliograph.sync.owndisk import OwnDisk
from heliograph.sync.resetfile import Order, ResetFile, Step

DELIVERY_SECONDS: Final = 60.0
"""The results are waited for so long; a gateway that does not reach its server is reset all the same."""
GRACE_SECONDS: Final = 2.0
"""So long at least: results of the local way go through no server of ours."""
LOOK_SECONDS: Final = 0.5
AGAIN_SECONDS: Final = 5.0
NOT_CONFIRMED: Final = (
    "confirm is not this gateway's uid: nothing was deleted. The uid begins the names of the gateway's files on its "
    "server, and stands at the head of its page"
)


def notice_of(order: Order) -> RestartNotice:
    """Return what the other services are told of a reset."""
    return RestartNotice(time=order.time, reason="factory reset: what it keeps is deleted", factory=True)


class FactoryReset:
    """The reset that is asked for, or that ended lately."""

    def __init__(
        self, context: Context, file: ResetFile, database: Database, mailbox: Mailbox, diary: Diary, disk: OwnDisk,
        *, uid: Callable[[], str], is_settled: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._context = context
        self._file = file
        self._database = database
        self._mailbox = mailbox
        self._diary = diary
        self._disk = disk
        self._uid = uid
        self._is_settled = is_settled
        self._order: Order | None = None
        self._silent: set[str] = set()
        self._asked = asyncio.Event()

    def begin(self) -> None:
        """Go on where the last run ended. Call before any server is connected to; raises `OSError`."""
        self._order = self._file.read()
        if self._order is None:
            return
        if self._order.step is Step.ASKED:
            self._hold()
            return
        put_back(self._database, self._order.lasting)
        self._silent = set(self._order.silent)
        self._diary.info("factory reset: what sync kept is deleted; the gateway begins as at a first start")
        for service in self._order.silent:
            self._diary.warning(f"factory reset: {service} has not deleted yet what it keeps; it is told until it did")

    async def answer(self, request: FactoryRequest) -> Outcome:
        """Take the order, or refuse it."""
        if not hmac.compare_digest(request.confirm.encode(errors="replace"), self._uid().encode()):
            self._diary.warning(f"factory reset refused, asked by {request.origin}: it was not confirmed with the uid")
            return Outcome(error=NOT_CONFIRMED)
        if not self._asked.is_set():
            order = Order(time=milliseconds(self._context.clock), step=Step.ASKED)
            try:
                await asyncio.to_thread(self._file.write, order)
            except OSError as error:
                return Outcome(error=f"nothing was deleted: the gateway's own disk refuses it ({error.strerror})")
            self._order = order
            self._diary.warning(f"factory reset, asked by {request.origin}: configuration and data are deleted soon")
            self._hold()
        return Outcome()

    async def run(self) -> None:
        """Wait for an order, then for its results, and end sync so that it is carried out."""
        await self._asked.wait()
        await self._hand_over()
        while self._order is not None and self._order.step is Step.ASKED:
            with self._disk.step("the order of a factory reset"):
                self._order = await asyncio.to_thread(self._deleting, self._order)
            await self._context.clock.sleep(LOOK_SECONDS)
        self._context.stopping.set()

    async def remind(self) -> None:
        """Tell a service that was away of the reset, until it did its part."""
        while self._silent and self._order is not None and self._order.step is Step.DELETED:
            with suppress(BusError):
                await self._context.bus.publish(RESTART, notice_of(self._order))
            await self._context.clock.sleep(AGAIN_SECONDS)
        if self._order is not None and self._order.step is Step.DELETED:
            with self._disk.step("the end of a factory reset"):
                await asyncio.to_thread(self._file.remove)

    async def hear(self, state: ServiceState) -> None:
        """Take what a service says of itself."""
        if self._order is not None and state.reset == self._order.time:
            self._silent.discard(state.service)

    def _hold(self) -> None:
        """From now on no further command is taken in: it stays with its server, and runs after the reset."""
        self._mailbox.close()
        self._asked.set()

    async def _hand_over(self) -> None:
        """Wait until the servers have the results of every command, for a bounded time."""
        clock = self._context.clock
        begun = clock.monotonic()
        await clock.sleep(GRACE_SECONDS)
        while clock.monotonic() - begun < DELIVERY_SECONDS:
            with self._disk.step("a look at the results of a factory reset"):
                if await asyncio.to_thread(self._is_settled):
                    return
            await clock.sleep(LOOK_SECONDS)

    def _deleting(self, order: Order) -> Order:
        """Write down what has to outlive the reset, and that nothing holds it up any more."""
        going = order.model_copy(update={"step": Step.DELETING, "lasting": gather(self._database)})
        self._file.write(going)
        return going
