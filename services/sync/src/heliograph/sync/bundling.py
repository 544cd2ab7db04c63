"""A debug bundle from the asking to the last server: made, stopped, taken back, and the last one kept for downloading.

One is made at a time. How far it is stands in the state of sync; the file lies beside the database until the next one.
"""

import asyncio
import base64
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from heliograph.contract import (
    BundleAnswer,
    BundlePart,
    BundlePartRequest,
    BundleRequest,
    BundleStage,
    BundleState,
    Outcome,
    ServiceState,
    StopBundle,
)
from heliograph.contract.channels import BUNDLE_PART, STOP_BUNDLE
from heliograph.runtime import Bus, Clock, write_atomically
from heliograph.runtime.clock import milliseconds
from heliograph.sync.bundles import Bundles
from heliograph.sync.course import BundleStopped, Course
from heliograph.sync.owndisk import OwnDisk
from heliograph.sync.support import Support

PART_BYTES: Final = 512 * 1024
STOPPED: Final = "the debug bundle was stopped; nothing of it is sent"
_TAKEN: Final = "a server is getting the bundle now, and gets it whole"
_NONE: Final = "no debug bundle is being made, and none waits for a server"


class Bundling:
    """All but `state` belongs to the loop; `waits` says whether a server of a number has yet to get a bundle."""

    def __init__(
        self, support: Support, bundles: Bundles, directory: Path, disk: OwnDisk, clock: Clock,
        *, own: Callable[[], ServiceState], waits: Callable[[int], bool], changed: Callable[[], None],
    ) -> None:  # fmt: skip
        self._support = support
        self._bundles = bundles
        self._file = directory / "last-bundle.tar.gz"
        self._about = directory / "last-bundle.json"
        self._disk = disk
        self._clock = clock
        self._own = own
        self._waits = waits
        self._changed = changed
        self._turn = asyncio.Lock()
        self._course: Course | None = None
        self._last = self._read()

    async def serve(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.serve(STOP_BUNDLE, self.stop)
        await bus.serve(BUNDLE_PART, self.part)

    def state(self) -> BundleState | None:
        """How the bundle is doing that is made, or the last one; None where there was none."""
        if self._course is not None:
            return self._course.state
        if self._last is None:
            return None
        waiting = tuple(number for number in self._last.servers if self._waits(number))
        return self._last.model_copy(update={"waiting": waiting})

    async def make(self, request: BundleRequest) -> BundleAnswer:
        """Make a bundle, for the servers or for downloading alone."""
        async with self._turn:
            tell = partial(asyncio.get_running_loop().call_soon_threadsafe, self._changed)
            course = Course(request, milliseconds(self._clock), tell)
            self._course = course
            self._changed()
            try:
                return await self._made(request, course)
            except BundleStopped:
                self._last = self._last or course.state.model_copy(update={"stage": BundleStage.STOPPED})
                return BundleAnswer(error=STOPPED)
            except (OSError, OperationalError) as error:
                why = getattr(error, "orig", error)
                return BundleAnswer(error=f"the gateway's own disk refuses a debug bundle ({why}); free it")
            finally:
                self._course = None
                self._changed()

    async def stop(self, request: StopBundle) -> Outcome:
        """End the one that is made; take one back that no server has begun to get."""
        del request
        if self._course is not None:
            self._course.stop()
            return Outcome()
        state = self.state()
        if state is None or not state.waiting:
            return Outcome(error=_NONE)
        if not await asyncio.to_thread(self._bundles.withdraw):
            return Outcome(error=_TAKEN)
        got = tuple(number for number in state.servers if number not in state.waiting)
        self._last = state.model_copy(update={"stage": BundleStage.STOPPED, "servers": got, "waiting": ()})
        await asyncio.to_thread(self._note)
        self._changed()
        return Outcome()

    async def part(self, request: BundlePartRequest) -> BundlePart:
        """Give a part of the last bundle."""
        if self._last is None or not self._last.name or self._last.name != request.name:
            return BundlePart(error=f"{request.name} is not here any more: only the last debug bundle is kept")
        try:
            content = await asyncio.to_thread(self._read_part, request.offset)
        except OSError as error:
            return BundlePart(error=f"the debug bundle cannot be read ({error.strerror}): make one again")
        return BundlePart(content=base64.b64encode(content).decode(), total=self._last.bytes)

    async def _made(self, request: BundleRequest, course: Course) -> BundleAnswer:
        with self._disk.noting("a debug bundle"):
            answer = await asyncio.to_thread(self._support.answer, request, self._own(), course)
            if not answer.error:
                self._last = course.state.model_copy(
                    update={
                        "stage": BundleStage.MADE, "name": answer.name, "bytes": answer.bytes,
                        "servers": answer.servers,
                    }
                )  # fmt: skip
                await asyncio.to_thread(self._keep, course.content)
        return answer

    def _keep(self, content: bytes) -> None:
        write_atomically(self._file, content, 0o600)
        self._note()

    def _note(self) -> None:
        if self._last is not None:
            write_atomically(self._about, self._last.model_dump_json().encode(), 0o600)

    def _read(self) -> BundleState | None:
        """What an earlier run kept; nothing where the two files do not belong together."""
        try:
            found = BundleState.model_validate_json(self._about.read_bytes())
            return found if self._file.stat().st_size == found.bytes else None
        except (OSError, ValidationError):
            return None

    def _read_part(self, offset: int) -> bytes:
        with self._file.open("rb") as file:
            file.seek(offset)
            return file.read(PART_BYTES)
