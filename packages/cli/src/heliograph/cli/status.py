"""`heliograph status`: what the REST API says of a gateway, for a terminal or, with `--json`, for a program.

Exit status: 0 all is well, 1 something needs a hand, else as everywhere.
"""

import datetime as dt
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from heliograph.cli.asking import Gateway, asks_gateway
from heliograph.cli.exits import Exit
from heliograph.cli.output import printable
from heliograph.contract import DeviceState, ServerState, StatusDocument

JsonOption = Annotated[bool, typer.Option("--json", help="Print the status document.")]


@asks_gateway
def status(*, gateway: Gateway, as_json: JsonOption = False) -> None:
    """Show how a running gateway is doing.

    Exit status: 0 all is well, 1 something needs a hand, else as everywhere (heliograph help exit-codes).
    """
    document = gateway.ask("GET", "status", StatusDocument)
    if as_json:
        typer.echo(document.model_dump_json(indent=1))
    else:
        _show(document, Console(highlight=False))
    raise typer.Exit(Exit.REFUSED if document.attention else Exit.DONE)


def _show(document: StatusDocument, console: Console) -> None:
    console.print(Text(f"{document.site or 'Gateway'} {document.uid}".strip(), style="bold"))
    console.print(
        Text(
            f"as of {_moment(document.time)}, configuration revision {_revision(document)}, "
            f"storage {_megabytes(document.storage.bytes)} of {_megabytes(document.storage.limit)}"
        )
    )
    _services(document, console)
    _devices(document.devices, console)
    _servers(document.servers, console)
    if document.certificate:
        shown = f"certificate of the page: SHA-256 {document.certificate.fingerprint}"
        console.print(Text(f"{shown}, until {_moment(document.certificate.expires)}"))
    for line in document.attention:
        console.print(Text(f"! {printable(line)}", style="red"))
    if document.attention:
        console.print(Text("What to do about each: docs/troubleshoot.md", style="dim"))
    else:
        console.print(Text("All is well.", style="green"))


def _revision(document: StatusDocument) -> str:
    """The revision in force; while it is on trial, also the way back."""
    trial = document.trial
    if trial is None:
        return str(document.revision or "–")
    back = f"back to {trial.back_to} at {_moment(trial.until)} unless the main server is reached"
    return f"{document.revision} (on trial: {back})"


def _services(document: StatusDocument, console: Console) -> None:
    table = _table("service", "state", "since")
    for service in document.services:
        table.add_row(service.service, "running" if service.running else "not running", _moment(service.started))
    console.print(table)


def _devices(devices: tuple[DeviceState, ...], console: Console) -> None:
    if not devices:
        return
    table = _table("device", "name", "state", "last record", "records", "gaps", "errors")
    for device in devices:
        table.add_row(
            device.device,
            printable(device.name),
            str(device.condition),
            _moment(device.last_record),
            str(device.records),
            str(device.gaps),
            str(sum(device.errors.values())),
        )
    console.print(table)


def _servers(servers: tuple[ServerState, ...], console: Console) -> None:
    if not servers:
        return
    table = _table("server", "type", "address", "last success", "next", "records", "files waiting")
    for state in servers:
        table.add_row(
            str(state.server.number),
            state.server.type,
            printable(state.server.address),
            _moment(state.last_success),
            "connecting" if state.connecting else _moment(state.next),
            str(state.waiting_records),
            str(state.waiting_files),
        )
    console.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _moment(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "–"
    moment = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).astimezone()
    today = moment.date() == dt.datetime.now(dt.UTC).astimezone().date()
    return moment.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M")


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB"
