"""The message bus: the only package that knows NATS.

`bus.py` is what services call; `connection.py` keeps the client, `queue.py` reads work queues, `streams.py` makes the
streams of the table, `errors.py` says what can go wrong.
"""

from heliograph.runtime.bus.bus import Bus
from heliograph.runtime.bus.errors import BusError, BusUnavailable, NoAnswer, StoreFull, TooLarge
from heliograph.runtime.bus.messages import BATCH_BYTES, BATCH_MESSAGES, MAX_PAYLOAD, Outgoing, Unreadable

__all__ = [
    "BATCH_BYTES",
    "BATCH_MESSAGES",
    "MAX_PAYLOAD",
    "Bus",
    "BusError",
    "BusUnavailable",
    "NoAnswer",
    "Outgoing",
    "StoreFull",
    "TooLarge",
    "Unreadable",
]
