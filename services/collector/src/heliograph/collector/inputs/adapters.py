"""What a terminal can do, whatever is behind it, and the twin in memory for tests.

Every method may block for as long as its hardware takes, and is called from one thread. `OSError` when the hardware
refuses.
"""

from dataclasses import dataclass
from typing import Protocol


class Adapter(Protocol):
    """One open terminal."""

    def close(self) -> None:
        """Let go of it."""
        ...


class Switch(Adapter, Protocol):
    """A digital input that is on or off."""

    def read(self) -> bool:
        """Return whether it is on."""
        ...


class Pulses(Adapter, Protocol):
    """A digital input whose pulses are counted (S0, IEC 62053-31)."""

    def count(self) -> int:
        """Return how many pulses began since the last call, or since it was opened."""
        ...


class Gauge(Adapter, Protocol):
    """An analogue input."""

    def read(self) -> float:
        """Return volts or milliamperes at the terminal."""
        ...


class Relay(Adapter, Protocol):
    """The output."""

    def read(self) -> bool:
        """Return whether it is switched on."""
        ...

    def write(self, on: bool) -> None:
        """Switch it."""
        ...


@dataclass(slots=True)
class MemoryTerminal:
    """Any terminal, without hardware."""

    value: float = 0.0
    """Level, volts or milliamperes; for pulses, all that ever began."""
    seen: float = 0.0
    closed: bool = False

    def read(self) -> float:
        """See `Switch`, `Gauge`, `Relay`."""
        return self.value

    def count(self) -> int:
        """See `Pulses`."""
        new, self.seen = int(self.value - self.seen), self.value
        return new

    def write(self, on: bool) -> None:
        """See `Relay`."""
        self.value = float(on)

    def close(self) -> None:
        """See `Adapter`."""
        self.closed = True
