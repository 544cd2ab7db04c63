"""Who switches an RS-485 transmitter on and off: `wires` of `_daq.csv`, as far as software has a say in it.

Two wires are one pair for both directions, so the transmitter must let go of it after each request. Most adapters do
that by themselves; where it is the driver's business (a UART whose RTS line drives the transceiver) the driver is asked
to. Four wires are a pair for each direction: the transmitter may stay on, nothing is switched, and no echo is expected.
"""

import array
import fcntl
from contextlib import suppress
from typing import Final

SEPARATE_PAIRS: Final = 4
"""`wires` of a line with a pair for each direction."""

TIOCGRS485: Final = 0x542E
TIOCSRS485: Final = 0x542F
ENABLED: Final = 1
RTS_ON_SEND: Final = 2
RTS_AFTER_SEND: Final = 4
RECEIVE_DURING_SEND: Final = 16
_FIELDS: Final = 8
"""32-bit fields of Linux's `struct serial_rs485`: flags, delays, padding."""


def let_driver_switch(descriptor: int) -> bool:
    """Ask the driver of an open port to switch the transmitter by RTS; tell whether it does.

    A driver that was set up already (by the device tree of the board) keeps its polarity and delays.
    """
    settings = array.array("I", [0] * _FIELDS)
    with suppress(OSError):
        fcntl.ioctl(descriptor, TIOCGRS485, settings)
        if not settings[0] & ENABLED:
            settings[0] = switching(settings[0])
            fcntl.ioctl(descriptor, TIOCSRS485, settings)
        return True
    return False


def switching(flags: int) -> int:
    """Return a driver's flags with RTS on while it sends and off after, deaf to itself."""
    return flags & ~(RTS_AFTER_SEND | RECEIVE_DURING_SEND) | ENABLED | RTS_ON_SEND
