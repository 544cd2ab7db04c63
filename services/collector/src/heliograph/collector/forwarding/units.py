"""How long requests of other masters wait for each unit: as the gateway's own polls do, so a dead one holds nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from heliograph.collector.patience import Patience

DEFAULT_SECONDS: Final = 1.0
"""The time limit of a unit that is not configured here, as `timeout(ms)` is by default (spec 2.1)."""


@dataclass(slots=True)
class _Unit:
    patience: Patience
    failures: int = 0


class Units:
    """The units behind a line, as far as somebody asked for them."""

    def __init__(self) -> None:
        self._limits: dict[int, float] = {}
        self._units: dict[int, _Unit] = {}

    def limit(self, seconds: Mapping[int, float]) -> None:
        """Learn the time limits of configured devices."""
        self._limits = dict(seconds)
        self._units.clear()

    def wait(self, unit: int, *, shared: bool) -> float:
        """Return how long the next request to a unit may wait, in seconds."""
        known = self._of(unit)
        if known.failures:
            return known.patience.of_probe(known.failures - 1, shared=shared)
        return known.patience.of_poll(0, shared=shared)

    def answered(self, unit: int, seconds: float) -> None:
        """Learn how long an answer took."""
        known = self._of(unit)
        known.failures = 0
        known.patience.answered(seconds)

    def answered_late(self, unit: int) -> None:
        """Learn that an answer came after the wait for it."""
        self._of(unit).patience.answered_late()

    def failed(self, unit: int) -> None:
        """Learn that none came."""
        self._of(unit).failures += 1

    def _of(self, unit: int) -> _Unit:
        if unit not in self._units:
            self._units[unit] = _Unit(Patience(self._limits.get(unit, DEFAULT_SECONDS)))
        return self._units[unit]
