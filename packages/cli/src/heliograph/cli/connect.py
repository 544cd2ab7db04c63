"""`heliograph connect`: a connection to the servers is asked for, and with `--wait` its course and result are told.

Exit status: 0 it follows, or with `--wait` it is done; 1 it failed, in whole or in part; else as everywhere.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

import typer
from pydantic import BaseModel

from heliograph.cli.asking import Gateway, Told, asks_gateway
from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, print_json, printable
from heliograph.cli.progress import Say, waiting
from heliograph.contract import Connection, ConnectionResult, StatusDocument

PAUSE_SECONDS: Final = 0.5
ROWS: Final = 20
"""Of the history that are looked at: far more connections than follow one another while one waits."""

ServerOption = Annotated[int | None, typer.Option("--server", min=1, max=2, help="Only this server; default: each.")]
WaitOption = Annotated[bool, typer.Option("--wait", help="Wait for its end, and tell what came of it.")]
TimeoutOption = Annotated[float, typer.Option("--timeout", min=1, max=86_400, help="Seconds to wait at most.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class _Page(BaseModel):
    connections: tuple[Connection, ...]


@asks_gateway
def connect(
    *,
    gateway: Gateway,
    server: ServerOption = None,
    wait: WaitOption = False,
    timeout: TimeoutOption = 600,
    as_json: JsonOption = False,
) -> None:
    """Have a running gateway connect to its servers now.

    Exit status: 0 it follows, or with --wait it is done; 1 it failed, in whole or in part; 6 it was not over in time;
    else as everywhere (heliograph help exit-codes).
    """
    servers = _servers(gateway, server) if wait else ()
    before = {number: _newest(gateway, number) for number in servers}
    told = gateway.ask("POST", "connections", Told, body={} if server is None else {"server": server})
    if not wait:
        typer.echo(told.model_dump_json(indent=1) if as_json else printable(told.detail))
        return
    with waiting(told.detail, "the connection goes on") as say:
        found = _awaited(gateway, before, timeout, say)
    _show(found, as_json=as_json)
    if len(found) < len(servers):
        missing = ", ".join(str(number) for number in servers if number not in {row.server for row in found})
        raise Failure(f"the connection to server {missing} is not over after {timeout:g} s; it goes on", Exit.TIMED_OUT)
    is_done = all(row.result is ConnectionResult.DONE for row in found)
    raise typer.Exit(Exit.DONE if is_done else Exit.REFUSED)


def _servers(gateway: Gateway, server: int | None) -> tuple[int, ...]:
    """Return those whose connection is waited for. Raises `Failure` where there is none."""
    known = [state.server.number for state in gateway.ask("GET", "status", StatusDocument).servers]
    wanted = tuple(number for number in known if server in (None, number))
    if not wanted:
        which = "no server" if server is None else f"no server {server}"
        raise Failure(f"{which} is configured: _config.ini names servers (SERVER_Type=…)", Exit.REFUSED)
    return wanted


def _newest(gateway: Gateway, server: int) -> int:
    page = gateway.ask("GET", f"connections?server={server}&limit=1", _Page)
    return max((row.number for row in page.connections), default=0)


def _awaited(gateway: Gateway, before: dict[int, int], timeout: float, say: Say) -> list[Connection]:
    """Return the connections that ended after these were the newest, the first of each server, as far as they came."""
    found: dict[int, Connection] = {}
    end = time.monotonic() + timeout
    while len(found) < len(before):
        for number in before.keys() - found.keys():
            rows = gateway.ask("GET", f"connections?server={number}&limit={ROWS}", _Page).connections
            new = [row for row in rows if row.number > before[number]]
            if new and new[-1].end is not None:
                found[number] = new[-1]
            elif new:
                say(f"server {number}: connected, {_moved(new[-1]) or 'nothing moved yet'}")
        if time.monotonic() >= end:
            break
        time.sleep(0 if len(found) == len(before) else PAUSE_SECONDS)
    return [row for _, row in sorted(found.items())]


def _show(rows: Sequence[Connection], *, as_json: bool) -> None:
    if as_json:
        print_json({"connections": [row.model_dump(mode="json") for row in rows]})
        return
    for row in rows:
        for line in _lines(row):
            typer.echo(printable(line))


def _lines(row: Connection) -> Iterator[str]:
    took = f" in {(row.end - row.start) / 1000:.1f} s" if row.end is not None else ""
    moved = _moved(row)
    yield f"server {row.server}: {_RESULTS[row.result]}{took}{f', {moved}' if moved else ''}"
    for failure in row.failures:
        yield f"  {failure}"


_RESULTS: Final[dict[Any, str]] = {
    ConnectionResult.RUNNING: "running",
    ConnectionResult.DONE: "done",
    ConnectionResult.PARTIAL: "reached, yet not all was done",
    ConnectionResult.FAILED: "failed",
}


def _moved(row: Connection) -> str:
    return ", ".join(f"{count.files} {count.kind} ({count.bytes / 1000:.0f} kB)" for count in row.transfers)
