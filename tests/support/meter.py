"""A French meter's customer output on a pseudo terminal, with frames written by hand after Enedis-NOI-CPT_54E.

The check bytes stand here as a meter sends them; nothing of the collector computes them.
"""

import asyncio
import contextlib
import os
import tty
from collections.abc import Sequence
from typing import Self

HISTORIC_TWO_TARIFFS = (
    "ADCO 270622224349 B", "OPTARIF HC.. <", "ISOUSC 30 9", "HCHC 014460852 $", "HCHP 012506372 -", "PTEC HP..  ",
    "IINST 002 Y", "IMAX 035 G", "HHPHC C .", "MOTDETAT 000000 B",
)  # fmt: skip
HISTORIC_THREE_PHASES = (
    "ADCO 040528000123 0", "OPTARIF BASE 0", "ISOUSC 45 ?", "BASE 011896548 5", "PTEC TH.. $", "IINST1 005 M",
    "IINST2 000 I", "IINST3 011 L", "IMAX1 060 6", "PAPP 03980 5", "MOTDETAT 000000 B", "PPOT 00 #",
)  # fmt: skip
STANDARD_PRODUCER = (
    "ADSC\t041976000042\t.", "VTIC\t02\tJ", "DATE\tE260704120000\t\t4", "NGTF\t      BASE      \t<",
    "EAST\t006735248\t2", "EAIT\t001204310\tP", "IRMS1\t012\t1", "URMS1\t231\t@", "URMS2\t232\tB", "URMS3\t230\tA",
    "SINSTS\t00000\tF", "SINSTI\t02740\tI", "SMAXSN\tE260704081200\t06410\t3", "STGE\t003A0301\t=",
    "MSG1\tPAS DE          MESSAGE         \t<", "RELAIS\t000\tB",
)  # fmt: skip


def frame(groups: Sequence[str]) -> bytes:
    """One frame of these groups."""
    return b"\x02" + b"".join(b"\n" + group.encode("ascii") + b"\r" for group in groups) + b"\x03"


class Meter:
    """Sends `stream` again and again, with a pause between; `stream` may be changed at any time, empty is silence."""

    def __init__(self, stream: bytes, pause: float = 0.02) -> None:
        self.stream = stream
        self.device = ""
        self._pause = pause
        self._pair: tuple[int, int] = (-1, -1)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._pair = os.openpty()
        master, slave = self._pair
        tty.setraw(master)
        os.set_blocking(master, False)
        self.device = os.ttyname(slave)
        self._task = asyncio.create_task(self._send(), name="meter")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.unplug()
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait({self._task})

    def unplug(self) -> None:
        """Take the port away for good."""
        for end in self._pair:
            with contextlib.suppress(OSError):
                os.close(end)
        self._pair = (-1, -1)

    async def _send(self) -> None:
        while True:
            with contextlib.suppress(OSError):  # nobody reads, or it is unplugged: a meter sends all the same
                os.write(self._pair[0], self.stream)
            await asyncio.sleep(self._pause)
