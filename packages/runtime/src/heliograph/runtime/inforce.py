"""The plant in force, for services that read a revision and poll nothing: taken whole, or the old one stays (spec 1.7).

A service watches the channel `configuration` with `take`, and tells what came of it in its state.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from heliograph.contract import Revision
from heliograph.formats import Plant, read_plant
from heliograph.formats.findings import Severity
from heliograph.runtime.logs import EventLog

MOST_CAUSES: Final = 5
"""Errors named of a revision that is rejected."""
FAULT_LENGTH: Final = 300

_log = logging.getLogger("heliograph.configuration")


class PlantInForce:
    """The plant of the newest revision that could be taken."""

    def __init__(self, events: EventLog, read: Callable[[Mapping[str, str], str], Plant] = read_plant) -> None:
        self._events = events
        self._read = read
        self.offered: Revision | None = None
        """The newest revision, taken or not."""
        self.revision: Revision | None = None
        """The revision in force here."""
        self.plant = Plant()
        self.rejected = ""
        """Why the newest revision could not be taken; empty when it was."""
        self.changed = asyncio.Event()
        """Set when a revision was taken or rejected, so that the state is told at once."""

    @property
    def number(self) -> int | None:
        """The number of the revision in force here."""
        return self.revision.number if self.revision else None

    @property
    def rejected_revision(self) -> int | None:
        """The number of the revision that `rejected` speaks of."""
        return self.offered.number if self.offered and self.rejected else None

    async def take(self, revision: Revision) -> bool:
        """Take a revision whole or reject it; tell whether another plant is in force. Raises nothing."""
        if revision == self.offered:
            return False
        try:
            plant = await asyncio.to_thread(self._read, revision.files, revision.uid)
            cause = _errors(plant)
        except Exception as error:  # noqa: BLE001  # whatever it was, the old plant stays in force
            _log.exception("revision %d cannot be read", revision.number)
            cause = f"a fault of this service ({repr(error)[:FAULT_LENGTH]}); its log tells more"
        self.offered, self.rejected = revision, cause
        if cause:
            stays = f"revision {self.number} stays in force here" if self.revision else "none is in force here"
            self._events.error(f"revision {revision.number} is refused, {stays}: {cause}")
        else:
            self.plant, self.revision = plant, revision
        self.changed.set()
        return not cause


def _errors(plant: Plant) -> str:
    errors = [str(finding) for finding in plant.findings if finding.severity is Severity.ERROR]
    more = f" and {len(errors) - MOST_CAUSES} more" if len(errors) > MOST_CAUSES else ""
    return "; ".join(errors[:MOST_CAUSES]) + more
