"""What the inputs and outputs keep on the disk: the totals of S0 counters and the state that the relay was left in."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from heliograph.runtime import write_atomically

FILE: Final = "inputs.json"
MOST_BYTES: Final = 16_384
LARGEST_TOTAL: Final = 2**53


class _Content(BaseModel):
    model_config = ConfigDict(extra="ignore")

    totals: dict[str, int] = Field(default_factory=dict)
    relays: dict[str, bool] = Field(default_factory=dict)


class Kept:
    """Read once; a damaged file is moved aside and said so with `warn`."""

    def __init__(self, directory: Path, warn: Callable[[str], None]) -> None:
        self._path = directory / FILE
        self._content = self._read(warn)
        self._is_new = False

    def total(self, terminal: str) -> int:
        """Return all pulses that a counter ever counted."""
        return self._content.totals.get(terminal, 0)

    def add(self, terminal: str, pulses: int) -> int:
        """Count pulses and return the total; it is on the disk after the next `commit`."""
        total = (self.total(terminal) + pulses) % LARGEST_TOTAL
        if pulses:
            self._content.totals[terminal] = total
            self._is_new = True
        return total

    def relay(self, terminal: str) -> bool:
        """Return the state that the relay was left in."""
        return self._content.relays.get(terminal, False)

    def switch(self, terminal: str, *, on: bool) -> None:
        """Keep the state of the relay; it is on the disk after the next `commit`."""
        self._is_new |= self.relay(terminal) is not on
        self._content.relays[terminal] = on

    def commit(self) -> None:
        """Write what changed. Raises `OSError`, and writes it the next time."""
        if self._is_new:
            write_atomically(self._path, self._content.model_dump_json().encode())
            self._is_new = False

    def _read(self, warn: Callable[[str], None]) -> _Content:
        try:
            with self._path.open("rb") as file:
                return _Content.model_validate_json(file.read(MOST_BYTES))
        except FileNotFoundError:
            return _Content()
        except (OSError, ValidationError):
            aside = self._path.with_suffix(".damaged")
            warn(f"the totals of the S0 counters cannot be read: they begin at 0; what lay there is in {aside}")
            try:
                self._path.replace(aside)
            except OSError as error:
                warn(f"{self._path}: {error}")
            return _Content()
