"""One stream of the spool to one topic: in order, a window of messages ahead, the cursor behind what is acknowledged.

A message is in the window until the cursor has passed it on our disk: after a kill or a cut at most the window is
sent again.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from heliograph.sync.ledger import Ledger
from heliograph.sync.telemetry.payloads import Message

WINDOW_MESSAGES: Final = 64
WINDOW_BYTES: Final = 4 * 1024 * 1024
SETTLED_TOGETHER: Final = WINDOW_MESSAGES // 2
"""Acknowledged messages whose cursor is moved in one transaction."""

Publish = Callable[[bytes], int]
"""Hands a payload over; gives the number by which it is acknowledged."""


@dataclass(slots=True)
class _Sent:
    number: int
    last: int
    size: int
    items: int
    acknowledged: bool


class Outflow:
    """See above. Belongs to the thread of a session and begins anew with it."""

    def __init__(
        self, ledger: Ledger, server: int, stream: str, make: Callable[[int, int], Iterator[Message]],
        *, on_trial: bool = False,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._server = server
        self._stream = stream
        self._make = make
        self._messages: Iterator[Message] = iter(())
        self._until = 0
        self._sent: deque[_Sent] = deque()
        self._by_number: dict[int, _Sent] = {}
        self._bytes = 0
        self._made = None if on_trial else self._ledger.position(server, stream)
        self._settled = self._made or 0
        self.is_ours = self._made is not None
        """Whether the server has a cursor and is confirmed; on trial it gets nothing."""

    @property
    def is_done(self) -> bool:
        """Whether all that was asked for is delivered and settled."""
        return not self._sent and (self._made is None or self._made >= self._until)

    @property
    def in_flight(self) -> int:
        """Messages that the broker has not acknowledged."""
        return len(self._by_number)

    def ask(self) -> None:
        """Send all that the stream holds now."""
        if self._made is not None:
            self._until = self._ledger.end(self._stream)

    def feed(self, publish: Publish) -> bool:
        """Publish the next message if there is room; tell whether it did."""
        if len(self._sent) >= WINDOW_MESSAGES or self._bytes >= WINDOW_BYTES:
            return False
        message = self._next()
        if message is None:
            return False
        self._made = message.last
        number = publish(message.payload) if message.payload else 0
        sent = _Sent(number, message.last, len(message.payload), message.items, acknowledged=not message.payload)
        self._sent.append(sent)
        self._bytes += sent.size
        if number:
            self._by_number[number] = sent
        return True

    def acknowledge(self, number: int) -> bool:
        """The broker has a message; tell whether it was one of this stream."""
        sent = self._by_number.pop(number, None)
        if sent is not None:
            sent.acknowledged = True
        return sent is not None

    def settle(self) -> tuple[int, int, int]:
        """Move the cursor over what is acknowledged without a gap, when it is worth it.

        Returns messages, bytes and items that were settled.
        """
        ready = 0
        while ready < len(self._sent) and self._sent[ready].acknowledged:
            ready += 1
        if ready == 0 or (ready < SETTLED_TOGETHER and ready < len(self._sent)):
            return 0, 0, 0
        gone = [self._sent.popleft() for _ in range(ready)]
        size = sum(sent.size for sent in gone)
        self._bytes -= size
        self._move(gone[-1].last)
        return sum(1 for sent in gone if sent.size), size, sum(sent.items for sent in gone)

    def _next(self) -> Message | None:
        message = next(self._messages, None)
        if message is None and self._made is not None and self._made < self._until:
            self._messages = self._make(self._made, self._until)
            message = next(self._messages, None)
            if message is None:  # the rows up to there are gone
                self._made = self._until
        return message

    def _move(self, last: int) -> None:
        """Move the cursor; it stays where it is when the server was taken out of the configuration meanwhile."""
        if not self._ledger.advance(self._server, self._stream, self._settled, last):
            self._made, self._messages, self.is_ours = None, iter(()), False
        self._settled = last
