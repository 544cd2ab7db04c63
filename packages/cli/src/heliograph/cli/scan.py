"""`heliograph scan`: searches hosts and serial lines for SunSpec devices, without a gateway (spec 2.4).

Exit status: 0 found, and written where that was asked; 1 no SunSpec device was found; 7 found, but not written; else
as everywhere.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, prepare_output, speaks_json
from heliograph.cli.scan_into import Destination
from heliograph.formats import is_uid
from heliograph.formats.daq import SerialInterface, SerialLine
from heliograph.formats.sunspec import read_targets, read_units
from heliograph.formats.sunspec.targets import Target

PORTS: Final = ("/", "socket://", "rfc2217://", "COM")
"""What begins like this is a serial port."""

TargetsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="TARGET",
        help="Host, range (192.168.1.10-40), network (10.0.0.0/24), each with :port or not; or a serial port "
        "(/dev/ttyUSB0, socket://host:port, rfc2217://host:port).",
    ),
]
UnitsOption = Annotated[str, typer.Option("--units", help="As 1-5,7; default: 1 of hosts, 1 to 32 of a serial line.")]
TimeoutOption = Annotated[int, typer.Option("--timeout", min=50, max=10_000, help="Time limit of one answer, ms.")]
MostOption = Annotated[int, typer.Option("--most-devices", min=1, max=1000, help="Stop after so many.")]
LineOption = Annotated[
    str, typer.Option("--line", help="Which line of the set the serial port is: SERIAL1 to SERIAL3.")
]
BaudOption = Annotated[int, typer.Option("--baudrate", help="Of the serial port.")]
BitsOption = Annotated[int, typer.Option("--data-bits", min=7, max=8)]
ParityOption = Annotated[str, typer.Option("--parity", help="N, E or O.")]
StopOption = Annotated[int, typer.Option("--stop-bits", min=1, max=2)]
IntoOption = Annotated[
    Path | None, typer.Option("--into", metavar="SET", help="Add what is found to this configuration set.")
]
UidOption = Annotated[str, typer.Option("--uid", help="The gateway's uid; default: the prefix of the set's files.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Write without asking.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print what was found as one JSON document.")]


def scan(
    targets: TargetsArgument,
    *,
    units: UnitsOption = "",
    timeout: TimeoutOption = 1000,
    most_devices: MostOption = 200,
    line: LineOption = "SERIAL1",
    baudrate: BaudOption = 19200,
    data_bits: BitsOption = 8,
    parity: ParityOption = "N",
    stop_bits: StopOption = 1,
    into: IntoOption = None,
    uid: UidOption = "",
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Search for SunSpec devices; write their definition files and lines of _daq.csv into a set.

    What would be added is shown first, and written after a yes (or --yes). Nothing that is configured is overwritten:
    names are made unique, indices are the next free ones, a device that the set has already is passed over.

    Exit status: 0 found, and written where that was asked; 1 no SunSpec device was found; 7 found, but not written;
    else as everywhere (heliograph help exit-codes).
    """
    prepare_output()
    from heliograph.cli.scanning import Request, run_search  # noqa: PLC0415  # pymodbus would slow every command down

    serial = _serial(line, baudrate, data_bits, parity, stop_bits)
    named, device = _targets(targets, serial)
    if into is not None and not into.is_dir():
        raise typer.BadParameter(f"{into} is not a directory", param_hint="--into")
    if uid and not is_uid(uid):
        raise typer.BadParameter(f"{uid!r} is no uid: 1 to 32 of A-Z a-z 0-9 _ -", param_hint="--uid")
    destination = Destination.of(into, uid)
    request = Request(named, _units(named, units), serial, device, timeout, most_devices, destination.uid)
    outcome = run_search(request)
    proposals = outcome.proposals.listed(destination.devices)
    outcome.show(proposals, as_json=as_json)
    if outcome.stopped:
        raise Failure("interrupted; what was found until then is shown, nothing is written", Exit.INTERRUPTED)
    if not proposals:
        raise Failure("no SunSpec device was found", Exit.REFUSED)
    said: list[str] = []
    if into is not None and not destination.add(outcome.proposed(proposals), serial, yes=yes, say=_saying(said)):
        raise Failure(f"found, but not written{f': {said[-1]}' if as_json and said else ''}", Exit.IN_THE_WAY)


def _serial(line: str, baudrate: int, data_bits: int, parity: str, stop_bits: int) -> SerialLine:
    numbers = {"SERIAL1": 1, "SERIAL2": 2, "SERIAL3": 3}
    if line.upper() not in numbers:
        raise typer.BadParameter(f"{line!r} is none of {', '.join(numbers)}", param_hint="--line")
    if parity.upper() not in ("N", "E", "O"):
        raise typer.BadParameter(f"{parity!r} is none of N, E, O", param_hint="--parity")
    rates = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
    if baudrate not in rates:
        raise typer.BadParameter(f"{baudrate} is none of {', '.join(map(str, rates))}", param_hint="--baudrate")
    return SerialLine(
        number=numbers[line.upper()],  # type: ignore[arg-type]  # one of the three
        baudrate=baudrate,
        data_bits=data_bits,
        parity=parity.upper(),  # type: ignore[arg-type]  # one of the three
        stop_bits=stop_bits,
    )


def _targets(texts: list[str], serial: SerialLine) -> tuple[tuple[Target, ...], str]:
    """Return what is to be searched, and the serial port among it; that one is named as the line that it is."""
    ports = [text for text in texts if text.startswith(PORTS)]
    if len(ports) > 1:
        raise typer.BadParameter("one serial port at a time", param_hint="TARGET")
    try:
        named = read_targets(serial.name if text in ports else text for text in texts)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="TARGET") from error
    lines = [i for target in named for i in target.interfaces if isinstance(i, SerialInterface)]
    if lines and not ports:
        raise typer.BadParameter(f"{lines[0]}: name the port itself, as in /dev/ttyUSB0", param_hint="TARGET")
    return named, ports[0] if ports else ""


def _units(targets: tuple[Target, ...], units: str) -> dict[str, tuple[int, ...]]:
    try:
        return {target.text: read_units(units, serial=target.is_serial) for target in targets}
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--units") from error


def _saying(said: list[str]) -> Callable[[str], None]:
    """Return what tells a person, and keeps what it told."""

    def say(text: str) -> None:
        said.append(text)
        if not speaks_json():
            sys.stderr.write(text + "\n")

    return say
