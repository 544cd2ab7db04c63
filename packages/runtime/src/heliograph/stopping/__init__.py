"""A stop in the first moments of a service, before it can take part in it.

`__main__` of every service calls this before anything else is imported: libraries take most of a second, and a stop in
that time shall end like any other, with status 0. Process 1 of a container would even miss it, since Linux withholds
from it what it has no handler for. It stands outside of `heliograph.runtime`, which imports those libraries. What is
left is the start of the interpreter itself, some hundredths of a second in which no program of Python has a say.
"""

import os
import signal
from types import FrameType
from typing import Final

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def end_at_once_when_stopped() -> None:
    """End the process with status 0 at a stop signal, until the service has handlers of its own."""
    for number in STOP_SIGNALS:
        signal.signal(number, _end)


def _end(_number: int, _frame: FrameType | None) -> None:
    # Not by an exception: imports catch those. Nothing is open or begun that would have to be closed or finished.
    os._exit(0)
