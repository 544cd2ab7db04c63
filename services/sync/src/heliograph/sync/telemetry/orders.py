"""What other threads want of a session: the schedule, alarms, a new revision, the end. Any thread may call."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from heliograph.sync.applied import Applied


@dataclass(frozen=True, slots=True)
class Order:
    """What came since the last look."""

    records: bool = False
    alarms: bool = False
    answers: bool = False
    applied: Applied | None = None


class Orders:
    """Collects orders; `waker` ends the wait of who takes them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._order = Order()
        self.waker: Callable[[], None] = lambda: None
        self.is_over = False
        """The session is to be left."""

    def records(self) -> None:
        """Send the records that are there."""
        self._add(records=True)

    def alarms(self) -> None:
        """Send the alarms that are there."""
        self._add(alarms=True)

    def answers(self) -> None:
        """Send the results that are there."""
        self._add(answers=True)

    def everything(self) -> None:
        """Send all that is there."""
        self._add(records=True, alarms=True, answers=True)

    def take(self, applied: Applied) -> None:
        """Work with this revision from now on."""
        self._add(applied=applied)

    def leave(self) -> None:
        """End the session in order."""
        self.is_over = True
        self.waker()

    def collect(self) -> Order:
        """Return what came since the last time."""
        with self._lock:
            order, self._order = self._order, Order()
        return order

    def _add(
        self, *, records: bool = False, alarms: bool = False, answers: bool = False, applied: Applied | None = None
    ) -> None:
        with self._lock:
            now = self._order
            self._order = Order(
                now.records or records, now.alarms or alarms, now.answers or answers, applied or now.applied
            )
        self.waker()
