"""`heliograph replay TRACE DEF`: a communication trace answers as the device did, until a stop signal."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import typer

from heliograph.cli.output import prepare_output, print_findings, printable
from heliograph.cli.up import stop_on_signals
from heliograph.demo.replay.device import listed
from heliograph.demo.replay.exchanges import TraceFault
from heliograph.demo.replay.serving import Replayed, replayed
from heliograph.formats import Definition, parse_definition
from heliograph.formats.tracefile import LARGEST_TRACE_BYTES
from heliograph.runtime.setdirectory import FILE_LIMIT, read_limited

WRONG_FILE: Final = 1
NOT_SERVED: Final = 3

TraceArgument = Annotated[Path, typer.Argument(metavar="TRACE", help="A trace of /LOG, packed or not.")]
DefinitionArgument = Annotated[Path, typer.Argument(metavar="DEF", help="The device's definition file.")]
SerialOption = Annotated[bool, typer.Option("--serial", help="On a pseudo-terminal, however it was recorded.")]
TcpOption = Annotated[
    int | None, typer.Option("--tcp", min=0, max=65535, metavar="PORT", help="On this TCP port; 0: a free one.")
]
AddressOption = Annotated[str, typer.Option("--address", help="Of several devices in the trace, this host:port.")]
BaudOption = Annotated[int, typer.Option("--baudrate", min=300, max=1_000_000, help="How fast the line is.")]
ForOption = Annotated[float | None, typer.Option("--for", min=0, help="End after so many seconds.")]


def replay(
    trace: TraceArgument,
    definition: DefinitionArgument,
    serial: SerialOption = False,
    tcp: TcpOption = None,
    address: AddressOption = "",
    baudrate: BaudOption = 9600,
    seconds: ForOption = None,
) -> None:
    """Answer each recorded request as recorded, in order, faults and delays included, and from the start after the end.

    What was never asked is answered from the registers that the trace tells of, else with exception 2.

    Exit status: 0 it ended as asked, 1 trace or definition cannot be used, 2 it could not be asked like this, 3 the
    port is not to be had.
    """
    prepare_output()
    if serial and tcp is not None:
        raise typer.BadParameter("either --serial or --tcp", param_hint="--serial")
    known = _definition(definition)
    content = _read(trace, LARGEST_TRACE_BYTES, "TRACE")
    on_line = True if serial else None if tcp is None else False
    try:
        asyncio.run(_serve(content, trace.name, known, address, on_line, tcp or 0, baudrate, seconds))
    except TraceFault as error:
        _fail(str(error), WRONG_FILE)
    except OSError as error:
        _fail(f"port {tcp}: {error.strerror or error}", NOT_SERVED)


async def _serve(
    content: bytes, name: str, definition: Definition, address: str, serial: bool | None, port: int, baudrate: int,
    seconds: float | None,
) -> None:  # fmt: skip
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    async with replayed(content, name=name, address=address, serial=serial, port=port, baudrate=baudrate) as found:
        print_findings(found.recording.findings, to_errors=True)
        _introduce(found, definition)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)
    _say(f"{found.device.known} requests answered as recorded, {found.device.unknown} others")


def _introduce(found: Replayed, definition: Definition) -> None:
    count, missing = len(found.recording.exchanges), found.device.missing(definition)
    units = ", ".join(map(str, found.device.units()))
    _say(f"{found.place}  unit {units}  {count} exchanges")
    told = len(definition.variables) - len(missing)
    _say(f"the trace tells of {told} of {len(definition.variables)} variables")
    if missing:
        _say(f"not of: {printable(listed(missing))}")
    _say("ready; Ctrl-C ends it")


def _definition(file: Path) -> Definition:
    definition, findings = parse_definition(_read(file, FILE_LIMIT, "DEF"), str(file))
    print_findings(findings, to_errors=True)
    if definition is None:
        raise typer.Exit(WRONG_FILE)
    return definition


def _read(file: Path, limit: int, hint: str) -> bytes:
    try:
        return read_limited(file, limit)
    except OSError as error:
        raise typer.BadParameter(f"{file} can't be read: {error.strerror}", param_hint=hint) from error


def _say(text: str) -> None:
    print(text, flush=True)


def _fail(text: str, status: int) -> None:
    typer.echo(f"heliograph replay: {printable(text)}", err=True)
    raise typer.Exit(status)
