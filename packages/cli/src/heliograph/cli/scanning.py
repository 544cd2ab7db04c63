"""The search of `heliograph scan`: links of its own, progress for a terminal or as plain lines, and what was found."""

import asyncio
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from heliograph.cli.output import print_json, printable, speaks_json
from heliograph.cli.progress import is_shown
from heliograph.collector.links import Link, RtuLink, TcpLink
from heliograph.collector.sunspec import Asker, Catalogue, Found, OwnLink, Proposals, Search, SearchPlan, Tell
from heliograph.contract import DeviceProposal
from heliograph.formats.daq import SerialInterface, SerialLine, TcpInterface
from heliograph.formats.interface import read_interface
from heliograph.formats.sunspec import Proposed
from heliograph.formats.sunspec.names import Identity
from heliograph.formats.sunspec.progress import line_of
from heliograph.formats.sunspec.targets import Target
from heliograph.runtime import SystemClock

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be searched, and how."""

    targets: tuple[Target, ...]
    units: dict[str, tuple[int, ...]]
    serial: SerialLine
    device: str
    """The port behind the serial line."""
    timeout_ms: int
    most_devices: int
    uid: str

    def open_asker(self, interface: SerialInterface | TcpInterface) -> Asker:
        """Return what reads registers behind an interface."""
        return OwnLink(lambda: self._link(interface))

    def _link(self, interface: SerialInterface | TcpInterface) -> Link:
        if isinstance(interface, SerialInterface):
            return RtuLink(self.serial, self.device)
        return TcpLink(interface.host, interface.port)


@dataclass(slots=True)
class Outcome:
    """What came of a search."""

    timeout_ms: int
    proposals: Proposals = field(default_factory=Proposals)
    problems: list[str] = field(default_factory=list)
    stopped: bool = False

    def take(self, found: Found) -> None:
        """Take a found device."""
        if refusal := self.proposals.add(found):
            self.problems.append(refusal)

    def show(self, proposals: Sequence[DeviceProposal], *, as_json: bool) -> None:
        """Print what was found."""
        if as_json:
            print_json(self._document(proposals))
            return
        for problem in self.problems:
            print(printable(problem), file=sys.stderr)
        if proposals:
            Console(highlight=False).print(_table(proposals))
        for proposal in proposals:
            for note in (proposal.known, *proposal.notes):
                if note:
                    print(printable(f"@{proposal.address} {proposal.interface}: {note}"))

    def proposed(self, proposals: Sequence[DeviceProposal]) -> list[Proposed]:
        """Return what is to be configured: the ticked ones."""
        return [
            Proposed(
                read_interface(entry.interface),
                entry.address,
                Identity(entry.manufacturer, entry.model, entry.options, entry.version, entry.serial_number),
                entry.definition,
                self.proposals.definitions[entry.definition].encode(),
                self.timeout_ms,
            )
            for entry in proposals
            if entry.ticked
        ]

    def _document(self, proposals: Sequence[DeviceProposal]) -> dict[str, Any]:
        return {
            "stopped": self.stopped,
            "devices": [proposal.model_dump(mode="json") for proposal in proposals],
            "problems": self.problems,
            "definitions": self.proposals.definitions,
        }


def run_search(request: Request) -> Outcome:
    """Search to the end, or until a stop signal; tell a person how it goes."""
    plan = SearchPlan(request.targets, request.units, request.uid, request.timeout_ms / 1000, request.most_devices)
    outcome = Outcome(request.timeout_ms)
    with _display(plan.total) as (line, asked):
        tell = Tell(line=line, found=outcome.take, problem=outcome.problems.append, asked=asked)
        search = Search(plan, request.open_asker, Catalogue(), SystemClock(), tell)
        asyncio.run(_run(search, outcome))
    return outcome


async def _run(search: Search, outcome: Outcome) -> None:
    task = asyncio.create_task(search.run(), name="search")
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
    outcome.stopped = task.cancelled()


@contextmanager
def _display(total: int) -> Iterator[tuple[Any, Any]]:
    """Give what takes a line of the search and what counts: a bar on standard error where somebody looks."""
    if speaks_json():
        yield _ignore, _ignore
        return
    if not is_shown():
        yield lambda text: print(_timed(text), flush=True), _ignore
        return
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("searching"), BarColumn(), MofNCompleteColumn(), TextColumn("units"))
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as progress:
        task = progress.add_task("", total=total)

        def line(text: str) -> None:
            if sys.stdout.isatty():  # above the bar, which is on the same terminal
                progress.console.print(Text(_timed(text)))
            else:
                print(_timed(text), flush=True)

        yield line, lambda count: progress.advance(task, count)


def _ignore(_told: object) -> None:
    """Nobody looks."""


def _timed(text: str) -> str:
    return line_of(int(time.time() * 1000), printable(text))


def _table(proposals: Sequence[DeviceProposal]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("device", "serial number", "where", "unit", "models", "variables"):
        table.add_column(column)
    for entry in proposals:
        table.add_row(
            *(
                Text(printable(text))
                for text in (
                    f"{entry.manufacturer} {entry.model}".strip() or "–",
                    entry.serial_number or "–",
                    entry.interface,
                    str(entry.address),
                    " ".join(str(found.model) for found in entry.tables),
                    f"{entry.variables}, {entry.recorded} recorded",
                )
            )
        )
    return table
