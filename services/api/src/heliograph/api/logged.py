"""The log as REST tells it, and its newest lines as they are heard on the bus."""

from collections import deque
from typing import Final

from heliograph.api.models import Answer
from heliograph.contract import Event, Level
from heliograph.contract.identifiers import Milliseconds
from heliograph.contract.logbook import NumberedEvent

HEARD_LINES: Final = 500


class LogRow(Answer):
    """One line of the log."""

    number: int
    """Numbers grow with time."""
    time: Milliseconds
    level: Level
    service: str
    text: str


class LogList(Answer):
    """Lines of the log, newest first."""

    lines: tuple[LogRow, ...]
    before: int | None = None
    """Give this as `before` for the next page; `null` on the last one."""
    next: str | None = None
    """The address of the next page."""


class LogView:
    """What was heard since this service began, newest last."""

    def __init__(self) -> None:
        self.lines: deque[LogRow] = deque(maxlen=HEARD_LINES)
        self.heard = 0
        """How many lines were heard, so that who shows the log sees that there are new ones."""

    async def take(self, line: NumberedEvent) -> None:
        """Take what was told."""
        self.lines.append(log_row(line))
        self.heard += 1


def log_row(line: NumberedEvent) -> LogRow:
    """A line as REST tells it."""
    event: Event = line.event
    return LogRow(number=line.number, time=event.time, level=event.level, service=event.service, text=event.text)
