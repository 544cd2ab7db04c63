"""The gateway's log for people, looked at on the gateway: a page of it, and each line as it comes."""

from typing import Annotated, Literal

from pydantic import Field

from heliograph.contract.identifiers import Milliseconds, Payload
from heliograph.contract.records import Event, Level
from heliograph.contract.requests import Outcome


class LogRequest(Payload):
    """Ask for lines of the log, newest first."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 200
    before: int | None = None
    """Only lines with a smaller number than this."""
    least: Level = Level.DEBUG
    """The least level that is wanted."""
    service: str | None = None
    text: Annotated[str, Field(max_length=200)] = ""
    """Only lines that have this in them, whatever the case."""
    server: Literal[1, 2] | None = None
    """Only what sync tells of its work with this server."""
    since: Milliseconds | None = None
    until: Milliseconds | None = None
    """Only of before this moment."""


class NumberedEvent(Payload):
    """A line of the log with its number: numbers grow."""

    number: int
    event: Event


class LogPage(Outcome):
    """Lines of the log, newest first."""

    lines: tuple[NumberedEvent, ...] = ()
