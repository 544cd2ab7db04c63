"""Sets of whole numbers kept as runs: which sequences of a source were taken, in a few rows whatever their number."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator


class Runs:
    """Disjoint runs `first..last`, both included, never touching each other."""

    def __init__(self, runs: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in sorted(runs):
            self._firsts.append(first)
            self._lasts.append(last)

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._firsts, self._lasts, strict=True)

    def copy(self) -> "Runs":
        """Return runs that change on their own."""
        return Runs(self)

    def add(self, number: int) -> bool:
        """Take a number in; tell whether it was new."""
        at = bisect_right(self._firsts, number) - 1
        if at >= 0 and number <= self._lasts[at]:
            return False
        before = at >= 0 and self._lasts[at] == number - 1
        after = at + 1 < len(self._firsts) and self._firsts[at + 1] == number + 1
        if before and after:
            self._lasts[at] = self._lasts.pop(at + 1)
            self._firsts.pop(at + 1)
        elif before:
            self._lasts[at] = number
        elif after:
            self._firsts[at + 1] = number
        else:
            self._firsts.insert(at + 1, number)
            self._lasts.insert(at + 1, number)
        return True
