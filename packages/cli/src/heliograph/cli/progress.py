"""Progress of long work: on standard error, on a terminal alone, and never for a program.

Whoever interrupts is told how far it came.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, printable, speaks_json

Step = Callable[[int], None]
Say = Callable[[str], None]


def is_shown() -> bool:
    """Whether somebody looks."""
    return sys.stderr.isatty() and not speaks_json()


@contextmanager
def counting(what: str, total: int, unit: str, kept: str) -> Iterator[Step]:
    """Show a bar that grows by what the given function is called with. Raises `Failure` at Ctrl-C.

    `kept` says what is true of the work that was done by then.
    """
    done = 0

    def step(count: int = 1) -> None:
        nonlocal done
        done += count
        if bar is not None:
            bar.advance(task, count)

    bar = _bar() if is_shown() else None
    task: Any = bar.add_task(printable(what), total=total, unit=unit) if bar else None
    try:
        with bar or _Nothing():
            yield step
    except KeyboardInterrupt as error:
        raise Failure(f"interrupted after {done} of {total} {unit}; {kept}", Exit.INTERRUPTED) from error


@contextmanager
def waiting(what: str, left: str = "the gateway goes on with what it was asked") -> Iterator[Say]:
    """Show that something is waited for; what is happening can be told. Raises `Failure` at Ctrl-C."""
    try:
        if not is_shown():
            yield lambda _text: None
            return
        from rich.console import Console  # noqa: PLC0415  # a terminal alone wants it

        with Console(stderr=True, highlight=False).status(printable(what)) as status:
            yield lambda text: status.update(printable(text))
    except KeyboardInterrupt as error:
        raise Failure(f"interrupted; {left}", Exit.INTERRUPTED) from error


class _Nothing:
    """A bar that nobody sees."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """End."""


def _bar() -> Any:
    from rich.console import Console  # noqa: PLC0415  # a terminal alone wants it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}", markup=False), TimeRemainingColumn(),
    )  # fmt: skip
    # rich would else take standard output for its own
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
