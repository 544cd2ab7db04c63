"""The steps of a test, one after the other: each told when it begins and when it ends, with what was found."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from heliograph.sync.errors import Stopped
from heliograph.sync.remote.errors import LinkLost, RemoteError


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a step."""

    step: int
    """Counted from 0, in the order of `steps.names_of`."""
    state: str
    """Of `contract.StepState`."""
    text: str = ""
    seconds: float | None = None


class Course:
    """Runs steps in their order. `tell` may raise `Stopped`; so may each beginning of a step."""

    def __init__(
        self, tell: Callable[[Told], None], is_stopped: Callable[[], bool], hide: Callable[[str], str]
    ) -> None:
        self._tell = tell
        self._is_stopped = is_stopped
        self._hide = hide
        self._next = 0

    def take(self, work: Callable[[], str], hint: str = "") -> bool:
        """Do the next step; return whether it went well. A failure ends with `hint`. Raises `LinkLost` once told."""
        if self._is_stopped():
            raise Stopped
        number, self._next = self._next, self._next + 1
        self._tell(Told(number, "running"))
        begun = time.monotonic()
        try:
            found = work()
        except RemoteError as error:
            self._told(number, "failed", f"{error}{hint}", begun)
            if isinstance(error, LinkLost):
                raise
            return False
        self._told(number, "done", found, begun)
        return True

    def _told(self, number: int, state: str, text: str, begun: float) -> None:
        self._tell(Told(number, state, self._hide(text), round(time.monotonic() - begun, 3)))
