"""One connection at a time to each destination, whichever task makes it. Belongs to the loop.

A server that moves to the other number is still being visited under the old one: who takes over waits for the end.
"""

from collections.abc import Callable


class Turns:
    """Who waits asks again whenever it is told."""

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._listeners: list[Callable[[], None]] = []

    @property
    def taken(self) -> frozenset[int]:
        """The destinations that are being visited."""
        return frozenset(self._taken)

    def listen(self, given_back: Callable[[], None]) -> None:
        """Call `given_back` whenever a visit has ended."""
        self._listeners.append(given_back)

    def is_free(self, destination: int) -> bool:
        """Whether nobody visits it."""
        return destination not in self._taken

    def take(self, destination: int) -> None:
        """Begin a visit; it must be free."""
        self._taken.add(destination)

    def give_back(self, destination: int) -> None:
        """A visit has ended."""
        self._taken.discard(destination)
        for tell in self._listeners:
            tell()
