"""`heliograph script`: how the scripts of a running gateway are, what they say, and what may be done to them.

Exit status: 0 all is well or done; 1 it is refused, or a script that should run does not; 2 it could not be asked like
this; 3 no gateway answers.
"""

import datetime as dt
from enum import StrEnum
from typing import Annotated
from urllib.parse import quote

import typer
from pydantic import BaseModel

from heliograph.cli.asking import Gateway
from heliograph.cli.gateway import DEFAULT_API_PORT
from heliograph.cli.output import prepare_output, printable
from heliograph.cli.rest import TokenFileOption, TokenOption, UrlOption
from heliograph.cli.tables import print_texts
from heliograph.contract import ScriptCondition, ScriptLine, ScriptState

NEEDS_A_HAND = 1
ACT_SECONDS = 25.0


class Do(StrEnum):
    """What is asked of one script."""

    START = "start"
    STOP = "stop"
    ENABLE = "enable"
    DISABLE = "disable"
    LOG = "log"


NameArgument = Annotated[str, typer.Argument(metavar="[NAME]", help="Its file name without .lua; default: all.")]
DoArgument = Annotated[Do | None, typer.Argument(metavar="[ACTION]", help="start, stop, enable, disable or log.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Lines of the log at most.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class _Scripts(BaseModel):
    scripts: tuple[ScriptState, ...]


class _Log(BaseModel):
    lines: tuple[ScriptLine, ...]


class _Done(BaseModel):
    detail: str


def script(
    name: NameArgument = "",
    action: DoArgument = None,
    *,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
    url: UrlOption = f"http://127.0.0.1:{DEFAULT_API_PORT}",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> None:
    """Show the scripts, or one; start, stop, enable or disable it, or show the last lines of its log.

    Exit status: 0 all is well or done; 1 it is refused, or a script that should run does not; 2 it could not be asked
    like this; 3 no gateway answers.
    """
    prepare_output()
    gateway = Gateway.of("script", url, token, token_file)
    if action is None:
        _list(gateway, name, as_json=as_json)
    elif action is Do.LOG:
        _log(gateway, name, limit, as_json=as_json)
    else:
        done = gateway.ask("POST", f"{_path(name)}/{action}", _Done, seconds=ACT_SECONDS)
        typer.echo(done.model_dump_json() if as_json else printable(done.detail))


def _list(gateway: Gateway, name: str, *, as_json: bool) -> None:
    known = gateway.ask("GET", "scripts", _Scripts)
    shown = _Scripts(scripts=tuple(script for script in known.scripts if name in ("", script.name)))
    if name and not shown.scripts:
        gateway.tell(f"there is no script {name}; there is: {', '.join(s.name for s in known.scripts) or 'none'}")
        raise typer.Exit(NEEDS_A_HAND)
    if as_json:
        typer.echo(shown.model_dump_json(indent=1))
    elif not shown.scripts:
        typer.echo("No script is configured: _scl.ini names them (SCRIPT_File[0]=…).")
    else:
        print_texts("", _COLUMNS, map(_texts, shown.scripts), right={"restarts", "memory"})
    raise typer.Exit(NEEDS_A_HAND if any(s.condition is ScriptCondition.WAITING for s in shown.scripts) else 0)


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
