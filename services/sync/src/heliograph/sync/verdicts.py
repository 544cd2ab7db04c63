"""What the other services make of the revision in force (spec 1.7): all applied it, or one rejection takes all back."""

from dataclasses import dataclass
from typing import Final

from heliograph.contract import Service, ServiceState, SyncState
from heliograph.sync.configuration import Configuration
from heliograph.sync.diary import Diary

TAKERS: Final = frozenset({Service.COLLECTOR, Service.COMMANDS, Service.API})


@dataclass(frozen=True, slots=True)
class Rejection:
    """A service could not take the revision in force."""

    number: int
    service: str
    why: str


class Verdicts:
    """Hears the states of the services; belongs to the loop."""

    def __init__(self, configuration: Configuration, diary: Diary) -> None:
        self._configuration = configuration
        self._diary = diary
        self._number = 0
        self._applied: set[str] = set()

    def hear(self, state: ServiceState) -> Rejection | None:
        """Take the state of a service; return a rejection of the revision in force."""
        applied = self._configuration.applied
        if applied is None or isinstance(state, SyncState) or state.time < applied.time:
            return None
        if applied.number != self._number:
            self._number, self._applied = applied.number, set()
        if state.rejected and state.rejected_revision == applied.number and state.service not in self._applied:
            # One that applied it before and cannot after a restart has a trouble of its own: its state tells.
            return Rejection(applied.number, state.service, state.rejected)
        if state.revision == applied.number and state.service not in self._applied:
            self._applied.add(state.service)
            if self._applied == TAKERS:
                self._diary.info(f"revision {applied.number} is applied by {', '.join(sorted(TAKERS))}")
        return None
