"""Minimum, maximum and exact mean of one variable over a period, taken in portions so that the hot path stays short.

Integers are summed exactly; so are floats, as a few floats whose sum is the exact total. A mean is rounded once, to the
nearest double, and a whole one is an integer (spec 3.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import fsum
from typing import Final

LARGEST_EXACT: Final = 2.0**53
"""Beyond it a double stands for more than one integer, and is printed as a float."""


@dataclass(slots=True)
class Total:
    """What the readings of one variable come to."""

    count: int = 0
    least: int | float | None = None
    most: int | float | None = None
    _whole: int = 0
    _parts: list[float] = field(default_factory=list)
    _huge: Fraction = Fraction(0)

    def take(self, numbers: Sequence[int] | Sequence[float]) -> None:
        """Take a portion of readings, all of them integers or all of them finite floats."""
        if not numbers:
            return
        least, most = min(numbers), max(numbers)
        self.least = least if self.least is None else min(self.least, least)
        self.most = most if self.most is None else max(self.most, most)
        self.count += len(numbers)
        if isinstance(numbers[0], float):
            self._take_floats(numbers)
        else:
            self._whole += int(sum(numbers))

    @property
    def mean(self) -> int | float | None:
        """The mean, None without readings."""
        if not self.count:
            return None
        if not self._parts and not self._huge:
            whole, rest = divmod(self._whole, self.count)
            return self._whole / self.count if rest else whole
        return _plain(self._mean_of_floats())

    def _take_floats(self, numbers: Sequence[float]) -> None:
        try:
            self._parts = _expansion([*self._parts, *numbers])
        except OverflowError:
            self._huge += sum(map(Fraction, [*self._parts, *numbers]))
            self._parts = []

    def _mean_of_floats(self) -> float:
        if len(self._parts) == 1 and not self._huge and not self._whole:
            return self._parts[0] / self.count
        return float((sum(map(Fraction, self._parts)) + self._huge + self._whole) / self.count)


def _expansion(numbers: list[float]) -> list[float]:
    """Return the few floats, greatest first, whose exact sum is the exact sum of `numbers`."""
    parts: list[float] = []
    while rest := fsum(numbers):
        parts.append(rest)
        numbers.append(-rest)
    return parts


def _plain(mean: float) -> int | float:
    return int(mean) if mean.is_integer() and abs(mean) < LARGEST_EXACT else mean
