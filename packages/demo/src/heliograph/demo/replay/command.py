"""`heliograph replay TRACE DEF`: a communication trace answers as the device did, until a stop signal."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, prepare_output, print_findings, print_json, printable
from heliograph.cli.up import stop_on_signals
from heliograph.demo.replay.device import listed
from heliograph.demo.replay.exchanges import TraceFault
from heliograph.demo.replay.serving import Replayed, replayed
from heliograph.formats import Definition, parse_definition
from heliograph.formats.tracefile import LARGEST_TRACE_BYTES
from heliograph.runtime.setdirectory import FILE_LIMIT, read_limited

TraceArgument = Annotated[Path, typer.Argument(metavar="TRACE", help="A trace of /LOG, packed or not.")]
DefinitionArgument = Annotated[Path, typer.Argument(metavar="DEF", help="The device's definition file.")]
SerialOption = Annotated[bool, typer.Option("--serial", help="On a pseudo-terminal, however it was recorded.")]
TcpOption = Annotated[
    int | None, typer.Option("--tcp", min=0, max=65535, metavar="PORT", help="On this TCP port; 0: a free one.")
]
AddressOption = Annotated[str, typer.Option("--address", help="Of several devices in the trace, this host:port.")]
BaudOption = Annotated[int, typer.Option("--baudrate", min=300, max=1_000_000, help="How fast the line is.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Two lines of JSON: at the start and at the end.")]
ForOption = Annotated[float | None, typer.Option("--for", min=0, help="End after so many seconds.")]


def replay(
    trace: TraceArgument,
    definition: DefinitionArgument,
    serial: SerialOption = False,
    tcp: TcpOption = None,
    address: AddressOption = "",
    baudrate: BaudOption = 9600,
    seconds: ForOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer each recorded request as recorded, in order, faults and delays included, and from the start after the end.

    What was never asked is answered from the registers that the trace tells of, else with exception 2.

    Exit status: 0 it ended as asked, 1 trace or definition cannot be used, 7 the port is not to be had, else as
    everywhere (heliograph help exit-codes).
    """
    prepare_output()
    if serial and tcp is not None:
        raise typer.BadParameter("either --serial or --tcp", param_hint="--serial")
    known = _definition(definition)
    content = _read(trace, LARGEST_TRACE_BYTES, "TRACE")
    on_line = True if serial else None if tcp is None else False
    try:
        asyncio.run(_serve(content, trace.name, known, address, on_line, tcp or 0, baudrate, seconds, as_json=as_json))
    except TraceFault as error:
        raise Failure(str(error), Exit.REFUSED) from error
    except OSError as error:
        raise Failure(f"port {tcp}: {error.strerror or error}", Exit.IN_THE_WAY) from error


async def _serve(
    content: bytes, name: str, definition: Definition, address: str, serial: bool | None, port: int, baudrate: int,
    seconds: float | None, *, as_json: bool,
) -> None:  # fmt: skip
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    async with replayed(content, name=name, address=address, serial=serial, port=port, baudrate=baudrate) as found:
        print_findings(found.recording.findings, to_errors=True)
        _introduce(found, definition, as_json=as_json)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)
    known, unknown = found.device.known, found.device.unknown
    if as_json:
        print_json({"answered": known, "others": unknown}, indent=None)
    else:
        _say(f"{known} requests answered as recorded, {unknown} others")


def _introduce(found: Replayed, definition: Definition, *, as_json: bool) -> None:
    count, missing = len(found.recording.exchanges), found.device.missing(definition)
    if as_json:
        place = {"place": str(found.place), "units": list(found.device.units()), "exchanges": count}
        print_json({"ready": True, **place, "missing": missing}, indent=None)
        return
    units = ", ".join(map(str, found.device.units()))
    _say(f"{found.place}  unit {units}  {count} exchanges")
    told = len(definition.variables) - len(missing)
    _say(f"the trace tells of {told} of {len(definition.variables)} variables")
    if missing:
        _say(f"not of: {printable(listed(missing))}")
    _say("ready; Ctrl-C ends it")


def _definition(file: Path) -> Definition:
    definition, findings = parse_definition(_read(file, FILE_LIMIT, "DEF"), str(file))
    if definition is None:
        raise Failure(f"{file} has errors", Exit.REFUSED, tuple(map(str, findings)))
    print_findings(findings, to_errors=True)
    return definition


def _read(file: Path, limit: int, hint: str) -> bytes:
    try:
        return read_limited(file, limit)
    except OSError as error:
        raise typer.BadParameter(f"{file} can't be read: {error.strerror}", param_hint=hint) from error


def _say(text: str) -> None:
    print(text, flush=True)
