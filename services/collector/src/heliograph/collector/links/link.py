"""The one protocol behind which serial lines and Modbus TCP sockets look the same."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from heliograph.collector.links.calls import RawCall, ReadCall, WriteCall
from heliograph.collector.links.errors import DropKind
from heliograph.collector.links.tap import Tap

OnDrop = Callable[[int, DropKind], None]
"""Told what was dropped, and the unit: the one in turn, or the one whose answer came late."""


@dataclass(slots=True)
class Counters:
    """What a link has done since it was made."""

    requests: int = 0
    answers: int = 0
    """Right answers, exceptions among them."""
    connections: int = 0
    """How often the port or socket was opened."""
    busy_seconds: float = 0.0
    """Time in exchanges: from the first byte sent to the answer or the time limit."""
    drops: Counter[DropKind] = field(default_factory=Counter)


class Link(Protocol):
    """One serial line, or one socket to one host and port.

    Exactly one exchange is on its way at a time: calls of several tasks wait for each other, first come first served.
    A call's `timeout` (seconds) begins when its own exchange begins. What is not the right answer is dropped, counted
    in `counters.drops` and told to `on_drop`, and the wait goes on until the time limit; so a `BadFrame` has been
    counted already when it is raised. A cancelled call is dropped from the queue; an exchange that has begun is ended.
    """

    name: str
    """`SERIAL1`, or `host:port`."""
    counters: Counters
    on_drop: OnDrop | None
    """Set by the owner, called in the event loop."""
    tap: Tap
    """Where a communication trace listens."""

    async def read(self, call: ReadCall, timeout: float) -> bytes:  # noqa: ASYNC109 - begins with the exchange, not with the call
        """Return the data bytes as they stand on the wire: registers big-endian, or packed bits.

        Raises `Silence`, `BadFrame`, `ModbusException`, `LinkDown`.
        """
        ...

    async def write(self, call: WriteCall, timeout: float) -> None:  # noqa: ASYNC109 - as above
        """Write, and return when the device has confirmed. Raises as `read` does; never sent twice."""
        ...

    async def forward(self, call: RawCall, timeout: float) -> bytes:  # noqa: ASYNC109 - as above
        """Pass a message on; return the answer from its function code on. Never sent twice, raises as `read` does."""
        ...

    async def close(self) -> None:
        """Let go of the port or socket; calls that wait fail with `LinkDown`."""
        ...
