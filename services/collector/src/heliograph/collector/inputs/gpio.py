"""Digital inputs, S0 counters and the relay on the kernel's GPIO character device, through libgpiod's `gpiod`.

The kernel numbers the edges of a line, so that pulses are counted whole even where its buffer ran over in between.
"""

import errno
from datetime import timedelta
from typing import Final

import gpiod
from gpiod.line import Bias, Direction, Edge, Value

from heliograph.collector.inputs.terminals import Terminal

CONSUMER: Final = "heliograph"
BUFFERED_EDGES: Final = 1024

_BIAS: Final = {
    "": Bias.AS_IS,
    "pull-up": Bias.PULL_UP,
    "pull-down": Bias.PULL_DOWN,
    "bias-disabled": Bias.DISABLED,
}


class GpioSwitch:
    """A line as input."""

    def __init__(self, terminal: Terminal) -> None:
        self._line, self._request = _requested(terminal, Direction.INPUT)

    def read(self) -> bool:
        """See `Switch`."""
        return bool(self._request.get_value(self._line) is Value.ACTIVE)

    def close(self) -> None:
        """See `Adapter`."""
        self._request.release()


class GpioPulses:
    """A line whose rising edges are counted."""

    def __init__(self, terminal: Terminal) -> None:
        self._line, self._request = _requested(terminal, Direction.INPUT, Edge.RISING)
        self._seen = 0

    def count(self) -> int:
        """See `Pulses`."""
        before = self._seen
        while self._request.wait_edge_events(timedelta(0)):
            for event in self._request.read_edge_events():
                self._seen = max(self._seen, event.line_seqno)
        return self._seen - before

    def close(self) -> None:
        """See `Adapter`."""
        self._request.release()


class GpioRelay:
    """A line as output, opened in the state that it shall have."""

    def __init__(self, terminal: Terminal, on: bool) -> None:
        value = Value.ACTIVE if on else Value.INACTIVE
        self._line, self._request = _requested(terminal, Direction.OUTPUT, value=value)

    def read(self) -> bool:
        """See `Relay`."""
        return bool(self._request.get_value(self._line) is Value.ACTIVE)

    def write(self, on: bool) -> None:
        """See `Relay`."""
        self._request.set_value(self._line, Value.ACTIVE if on else Value.INACTIVE)

    def close(self) -> None:
        """See `Adapter`."""
        self._request.release()


def _requested(
    terminal: Terminal, direction: Direction, edges: Edge = Edge.NONE, value: Value = Value.INACTIVE
) -> "tuple[int | str, gpiod.LineRequest]":
    """Take a line for ourselves. Raises `OSError`."""
    line: int | str = int(terminal.line) if terminal.line.isdecimal() else terminal.line
    settings = gpiod.LineSettings(
        direction=direction,
        edge_detection=edges,
        bias=_BIAS[terminal.bias],
        active_low=terminal.active_low,
        debounce_period=timedelta(milliseconds=terminal.debounce_ms),
        output_value=value,
    )
    chip = f"/dev/{terminal.where}"
    try:
        request = gpiod.request_lines(
            chip, consumer=CONSUMER, config={line: settings}, event_buffer_size=BUFFERED_EDGES
        )
    except (OSError, ValueError) as error:
        raise OSError(f"line {terminal.line} of {chip}: {_cause(error)}") from error
    return line, request


def _cause(error: OSError | ValueError) -> str:
    known = {
        errno.ENOENT: "there is no such chip; is it passed into the container?",
        errno.EACCES: "no right to open the chip; is the user in its group (gpio)?",
        errno.EBUSY: "another program holds the line",
        errno.EINVAL: "the chip has no such line, or the line cannot do this",
    }
    return known.get(getattr(error, "errno", None) or errno.EINVAL, str(error))
