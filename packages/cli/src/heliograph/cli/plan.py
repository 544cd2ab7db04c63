"""`heliograph plan`: by which requests a device of a definition is read, and the least time that takes (spec 2.3)."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, prepare_output, print_findings
from heliograph.formats import Definition, parse_definition
from heliograph.formats.findings import has_errors
from heliograph.runtime.setdirectory import FILE_LIMIT, read_limited

DefinitionArgument = Annotated[Path, typer.Argument(metavar="DEF", help="The definition file.")]
DeviceOption = Annotated[
    str, typer.Option("--device", metavar="LINE", help="The device's line of _daq.csv; with --daq, its index or name.")
]
DaqOption = Annotated[Path | None, typer.Option("--daq", metavar="FILE", help="The _daq.csv that holds the device.")]
GapOption = Annotated[int | None, typer.Option("--gap", min=0, max=124, help="Widest hole to read across.")]
MostOption = Annotated[
    int | None, typer.Option("--max-registers", min=1, max=125, help="Most registers of one request.")
]
BaudrateOption = Annotated[
    int | None, typer.Option("--baudrate", min=300, max=4_000_000, help="Of the serial line (8N1); default 19200.")
]
TcpOption = Annotated[bool, typer.Option("--tcp", help="Modbus TCP; the default where the definition says modbusTCP.")]
TurnaroundOption = Annotated[
    float | None,
    typer.Option("--turnaround", metavar="MS", min=0, max=60_000, help="What the device needs to answer."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]


def plan(
    definition: DefinitionArgument,
    *,
    device: DeviceOption = "",
    daq: DaqOption = None,
    gap: GapOption = None,
    max_registers: MostOption = None,
    baudrate: BaudrateOption = None,
    tcp: TcpOption = False,
    turnaround: TurnaroundOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the cheapest requests in bus time that read what a device records, against contiguous reads alone.

    Exit status: 0, or 1 when the definition or the device has errors, which stand on standard error.
    """
    from heliograph.cli import planned  # noqa: PLC0415 - it brings pymodbus, which no other command needs

    prepare_output()
    if tcp and baudrate is not None:
        raise typer.BadParameter("--tcp and --baudrate are two different lines", param_hint="--tcp")
    read = _definition(definition)
    try:
        target = planned.target_of(read, device, daq, baudrate=baudrate, tcp=tcp)
        result = planned.planned(read, target.with_limits(gap, max_registers), turnaround)
    except planned.NoTarget as error:
        raise Failure(str(error), Exit.REFUSED, tuple(map(str, error.findings))) from error
    if as_json:
        sys.stdout.write(result.model_dump_json(indent=2) + "\n")
    else:
        planned.print_plan(result)


def _definition(path: Path) -> Definition:
    try:
        content = read_limited(path, FILE_LIMIT)
    except OSError as error:
        raise typer.BadParameter(f"{path} can't be read: {error.strerror or error}", param_hint="DEF") from error
    read, findings = parse_definition(content, path.name)
    placed = [replace(finding, file=str(path)) for finding in findings]
    if read is None or has_errors(findings):
        raise Failure(f"{path} has errors", Exit.REFUSED, tuple(map(str, placed)))
    print_findings(placed, to_errors=True)
    return read
