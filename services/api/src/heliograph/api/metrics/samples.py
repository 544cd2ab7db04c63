"""What the figures are made from: the view as of one moment, and a sample of one figure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from heliograph.api.view import View
from heliograph.contract import CollectorState, CommandsState, StatusDocument, SyncState

Sample = tuple[str, tuple[str, ...], float | None]
"""Name of the figure, values of its labels, value; without one the figure has no such sample."""
MILLISECONDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Seen:
    """The gateway at one moment. What a service told counts only while it reports."""

    view: View
    status: StatusDocument
    collector: CollectorState | None
    sync: SyncState | None
    commands: CommandsState | None
    alarms: int | None
    """Number of the newest alarm; None where it is not known."""
    values: int
    """How many values of the plant may be told."""


def seen(view: View, alarms: int | None, values: int) -> Seen:
    """Look at the view."""
    status = view.status()
    running = {service.service for service in status.services if service.running}
    return Seen(
        view=view,
        status=status,
        collector=view.collector() if "collector" in running else None,
        sync=view.sync() if "sync" in running else None,
        commands=view.commands() if "commands" in running else None,
        alarms=alarms,
        values=values,
    )


def seconds(milliseconds: int | None) -> float | None:
    """Prometheus' unit of time."""
    return None if milliseconds is None else milliseconds / MILLISECONDS


def of_each(labels: tuple[str, ...], figures: dict[str, float | None]) -> Iterator[Sample]:
    """Samples of several figures under the same labels."""
    for name, value in figures.items():
        yield name, labels, value
