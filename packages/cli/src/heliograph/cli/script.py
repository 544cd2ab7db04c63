"""`heliograph script`: how the scripts of a running gateway are, what they say, and what may be done to them.

Exit status: 0 all is well or done; 1 it is refused, or a script that should run does not; else as everywhere.
"""

import datetime as dt
from enum import StrEnum
from typing import Annotated
from urllib.parse import quote

import typer
from pydantic import BaseModel

from heliograph.cli.asking import Gateway, Told, asks_gateway
from heliograph.cli.completing import script_names
from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, printable
from heliograph.cli.tables import print_texts
from heliograph.contract import ScriptCondition, ScriptLine, ScriptState

ACT_SECONDS = 25.0


class Do(StrEnum):
    """What is asked of one script."""

    START = "start"
    STOP = "stop"
    ENABLE = "enable"
    DISABLE = "disable"
    LOG = "log"


NameArgument = Annotated[
    str,
    typer.Argument(metavar="[NAME]", help="Its file name without .lua; default: all.", autocompletion=script_names),
]
DoArgument = Annotated[Do | None, typer.Argument(metavar="[ACTION]", help="start, stop, enable, disable or log.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Lines of the log at most.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class _Scripts(BaseModel):
    scripts: tuple[ScriptState, ...]


class _Log(BaseModel):
    lines: tuple[ScriptLine, ...]


@asks_gateway
def script(
    name: NameArgument = "",
    action: DoArgument = None,
    *,
    gateway: Gateway,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
) -> None:
    """Show the scripts, or one; start, stop, enable or disable it, or show the last lines of its log.

    Exit status: 0 all is well or done; 1 it is refused, or a script that should run does not; else as everywhere
    (heliograph help exit-codes).
    """
    if action is None:
        _list(gateway, name, as_json=as_json)
    elif action is Do.LOG:
        _log(gateway, name, limit, as_json=as_json)
    else:
        done = gateway.ask("POST", f"{_path(name)}/{action}", Told, seconds=ACT_SECONDS)
        typer.echo(done.model_dump_json(indent=1) if as_json else printable(done.detail))


def _list(gateway: Gateway, name: str, *, as_json: bool) -> None:
    known = gateway.ask("GET", "scripts", _Scripts)
    shown = _Scripts(scripts=tuple(script for script in known.scripts if name in ("", script.name)))
    if name and not shown.scripts:
        there = ", ".join(script.name for script in known.scripts) or "none"
        raise Failure(f"there is no script {name}; there is: {there}", Exit.REFUSED)
    if as_json:
        typer.echo(shown.model_dump_json(indent=1))
    elif not shown.scripts:
        typer.echo("No script is configured: _scl.ini names them (SCRIPT_File[0]=…).")
    else:
        print_texts("", _COLUMNS, map(_texts, shown.scripts), right={"restarts", "memory"})
    is_waiting = any(script.condition is ScriptCondition.WAITING for script in shown.scripts)
    raise typer.Exit(Exit.REFUSED if is_waiting else Exit.DONE)


def _log(gateway: Gateway, name: str, limit: int, *, as_json: bool) -> None:
    """The newest lines, the newest last as in any log."""
    page = gateway.ask("GET", f"{_path(name)}/log?limit={limit}", _Log, seconds=15)
    if as_json:
        typer.echo(page.model_dump_json(indent=1))
        return
    for line in reversed(page.lines):
        level = "" if line.level == "info" else f"{line.level}: "
        typer.echo(printable(f"{_moment(line.time)} {level}{line.text}"))


def _path(name: str) -> str:
    return f"scripts/{quote(name, safe='')}"


_COLUMNS = ("script", "label", "version", "state", "since", "restarts", "memory", "functions", "cause")


def _texts(script: ScriptState) -> tuple[str, ...]:
    return (
        script.name,
        script.label,
        script.version,
        script.condition,
        _moment(script.since),
        str(script.restarts),
        f"{script.memory_bytes / 1000:.0f} kB" if script.memory_bytes else "",
        ", ".join(script.functions),
        script.cause,
    )


def _moment(milliseconds: int) -> str:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
