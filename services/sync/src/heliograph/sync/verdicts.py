"""What the other services make of the revision in force (spec 1.7): all applied it, or one rejection takes all back."""

import json
from dataclasses import dataclass
from typing import Final

from heliograph.contract import Service, ServiceState, SyncState
from heliograph.sync.configuration import Configuration
from heliograph.sync.diary import Diary
from heliograph.sync.revisions import Revisions

_APPLIED: Final = "applied by"
TAKERS: Final = frozenset({Service.COLLECTOR, Service.COMMANDS, Service.API})


@dataclass(frozen=True, slots=True)
class Rejection:
    """A service could not take the revision in force."""

    number: int
    service: str
    why: str


class Verdicts:
    """Hears the states of the services; belongs to the loop.

    Who applied the revision in force lies on the disk: after a power cut a trouble of one service, such as a serial
    port that is not there, must not take back what worked until then.
    """

    def __init__(self, configuration: Configuration, revisions: Revisions, diary: Diary) -> None:
        self._configuration = configuration
        self._revisions = revisions
        self._diary = diary
        number, *services = json.loads(revisions.fact(_APPLIED) or "[0]")
        self._number: int = number
        self._applied: set[str] = set(services)

    def is_applied(self, number: int) -> bool:
        """Whether every service applied this revision: none can reject it any more."""
        return number == self._number and self._applied >= TAKERS

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
            self._revisions.note(_APPLIED, json.dumps([applied.number, *sorted({*self._applied, state.service})]))
            self._applied.add(state.service)
            if self._applied == TAKERS:
                self._diary.info(f"revision {applied.number} is applied by {', '.join(sorted(TAKERS))}")
        return None
