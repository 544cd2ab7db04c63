"""Terminals behind plain files: for hosts whose inputs another program serves, and for tests.

A digital input holds `0` or `1`, a counter the number of pulses that ever began, an analogue input volts or
milliamperes; the relay's file is written with `0` or `1`.
"""

from pathlib import Path

from heliograph.runtime import write_atomically

MOST_BYTES = 64


class FileTerminal:
    """One file. Raises `OSError` where it cannot be read, says so where it holds something else."""

    def __init__(self, path: Path, factor: float = 1.0) -> None:
        self._path = path
        self._factor = factor
        self._seen: int | None = None

    def read(self) -> float:
        """See `Switch`, `Gauge`, `Relay`."""
        return self._number() * self._factor

    def count(self) -> int:
        """See `Pulses`; a number smaller than before is a new beginning of the program that writes it."""
        number = int(self._number())
        before, self._seen = self._seen, number
        if before is None:
            return 0
        return number - before if number >= before else number

    def write(self, on: bool) -> None:
        """See `Relay`."""
        write_atomically(self._path, b"1\n" if on else b"0\n")

    def close(self) -> None:
        """See `Adapter`."""

    def _number(self) -> float:
        with self._path.open("rb") as file:
            text = file.read(MOST_BYTES).decode("ascii", "replace").strip()
        try:
            number = float(text)
        except ValueError:
            raise OSError(f"{self._path} holds {text!r}, which is no number") from None
        if not abs(number) < 1e15:
            raise OSError(f"{self._path} holds {text!r}, which is no number of a terminal")
        return number
