"""Where a communication trace listens: each link tells its tap what goes over the line. Off, it costs one look."""

import time
from typing import Literal, Protocol

from heliograph.collector.links.errors import DropKind

TapMark = DropKind | Literal["exception", ""]


class OnBytes(Protocol):
    """Told what goes over a line, in the thread of the line: it returns at once and raises nothing."""

    def __call__(self, moment: float, flow: Literal["=>", "<=", "--"], data: bytes, note: str) -> None:
        """Take a frame that was sent or received, or an event of the line.

        `moment` in seconds since 1970; `note` is what is wrong with a received frame, or the event in words.
        """
        ...


class Tap:
    """Of one link; `on_bytes` is set while somebody listens, in another thread than it is called in."""

    __slots__ = ("on_bytes",)

    def __init__(self) -> None:
        self.on_bytes: OnBytes | None = None

    def sent(self, frame: bytes) -> None:
        """Tell of a request."""
        if (hear := self.on_bytes) is not None:
            hear(time.time(), "=>", frame, "")

    def received(self, data: bytes | bytearray, mark: TapMark = "", ago: float = 0.0) -> None:
        """Tell of an answer, or of bytes that were dropped, whose last byte came so many seconds ago."""
        if (hear := self.on_bytes) is not None and data:
            hear(time.time() - ago, "<=", bytes(data), mark)

    def happened(self, text: str) -> None:
        """Tell of something else: a connection made, refused, cut."""
        if (hear := self.on_bytes) is not None:
            hear(time.time(), "--", b"", text)
