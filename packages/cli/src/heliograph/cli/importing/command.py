"""`heliograph import`: a definition file out of what others wrote."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from heliograph.cli.exits import Exit
from heliograph.cli.importing.columns import ROLES, Role
from heliograph.cli.importing.grid import MOST_BYTES, read_grid
from heliograph.cli.importing.homeassistant import read_homeassistant
from heliograph.cli.importing.imported import Head, Imported, Swap, Unreadable
from heliograph.cli.importing.sunspec import sunspec
from heliograph.cli.importing.table import Choices, Reading, read_register_table
from heliograph.cli.importing.telegraf import read_telegraf
from heliograph.cli.importing.writing import Target, deliver, made_of
from heliograph.cli.output import Failure, prepare_output, printable
from heliograph.cli.progress import waiting
from heliograph.formats.definition import Protocol, Table

SHOWN_ROWS = 5

app = typer.Typer(
    help="Make definition files out of what others wrote.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("sunspec")(sunspec)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="What is to be read.")]
Into = Annotated[Path | None, typer.Option(help="A set: the definitions go into its DEF directory.")]
Output = Annotated[Path | None, typer.Option(help="The file for a single definition; default: standard output.")]
Manufacturer = Annotated[str, typer.Option(help="For the first line of the definition, and its name.")]
Model = Annotated[str, typer.Option(help="For the first line of the definition, and its name.")]
Category = Annotated[str, typer.Option(help="For the first line: Inverter, Meter, Sensor …")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print definitions, lines for _daq.csv and notes as JSON.")]


@app.command("telegraf")
def telegraf(
    file: FileArgument, into: Into = None, output: Output = None, manufacturer: Manufacturer = "", model: Model = "",
    category: Category = "", force: Force = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Import Telegraf's Modbus plugin configuration (TOML): one definition for each plugin and unit.

    Numbers are recorded (action 4), texts are read on demand (action 1).
    """
    head = Head(category=category, manufacturer=manufacturer, model=model)
    _run(lambda: read_telegraf(_text(file)), head, Target(into, output, force, as_json))


@app.command("homeassistant")
def homeassistant(
    file: FileArgument, into: Into = None, output: Output = None, manufacturer: Manufacturer = "", model: Model = "",
    category: Category = "", force: Force = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Import Home Assistant's Modbus YAML: one definition for each hub and unit.

    Numbers are recorded (action 4), texts are read on demand (action 1). !secret and !include are not followed.
    """
    head = Head(category=category, manufacturer=manufacturer, model=model)
    _run(lambda: read_homeassistant(_text(file)), head, Target(into, output, force, as_json))


@app.command("table")
def table(
    file: FileArgument,
    into: Into = None,
    output: Output = None,
    manufacturer: Manufacturer = "",
    model: Model = "",
    category: Category = "",
    protocol: Annotated[str, typer.Option(help="modbusTCP or modbusRTU.")] = Protocol.MODBUS_TCP.value,
    sheet: Annotated[str, typer.Option(help="The sheet of an XLSX file; default: the largest.")] = "",
    column: Annotated[
        list[str] | None, typer.Option(help=f'Name a column: address="Start Adr". Roles: {", ".join(ROLES)}.')
    ] = None,
    offset: Annotated[int, typer.Option(help="Subtracted from each address, as 40001 or 1.")] = 0,
    registers: Annotated[str, typer.Option(help="holding, input, coil or discrete, where the table is silent.")] = (
        "holding"
    ),
    word_order: Annotated[str, typer.Option(help="big or little: of values longer than a register.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether the columns are right.")] = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Import a register table (CSV or XLSX). Columns are found by their names and shown for confirmation.

    What can be written is read on demand (action 1), texts too; all else is recorded (action 4).
    """
    choices = Choices(_columns(column or []), offset, _table(registers), _swap(word_order))
    head = Head(_protocol(protocol), category, manufacturer, model)

    def read() -> Sequence[Imported]:
        with waiting(f"reading {file.name}", "nothing is written"):
            found_sheet, rows = read_grid(_bytes(file), sheet)
            reading = read_register_table(rows, file.stem, choices)
        _confirm(reading, found_sheet, is_asked=not yes and not as_json)
        return [reading.imported]

    _run(read, head, Target(into, output, force, as_json))


def _run(read: Callable[[], Sequence[Imported]], head: Head, target: Target) -> None:
    prepare_output()
    try:
        deliver(made_of(read(), head), target)
    except (Unreadable, OSError) as error:
        raise Failure(str(error), Exit.REFUSED) from error


def _confirm(reading: Reading, sheet: str, *, is_asked: bool) -> None:
    """Show which column was taken for what, and let a person say whether that is right."""
    if not is_asked:
        return
    place = f"sheet {sheet!r}, row {reading.header.number}" if sheet else f"row {reading.header.number}"
    sys.stderr.write(printable(f"header in {place}") + "\n")
    for role, at in sorted(reading.columns.items(), key=lambda entry: entry[1]):
        sys.stderr.write(printable(f"  {role:<12} {reading.header.cells[at]!r}") + "\n")
    for register in reading.imported.registers[:SHOWN_ROWS]:
        what = f"{register.table.name.lower()} {register.address} {register.kind}{register.swap}"
        sys.stderr.write(printable(f"  {what:<32} {register.name} × {register.scale:g} {register.unit}") + "\n")
    if not sys.stdin.isatty():
        raise Unreadable("nobody is there to say whether these columns are right: say --yes")
    if not typer.confirm("Are these columns right?", err=True):
        raise Unreadable('nothing is made; name columns with --column role="header"')


def _bytes(file: Path) -> bytes:
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Unreadable(f"{file} is larger than {MOST_BYTES} bytes")
    return content


def _text(file: Path) -> str:
    try:
        return _bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{file}: byte {error.start} is no UTF-8") from error


def _columns(named: Sequence[str]) -> dict[Role, str]:
    found: dict[Role, str] = {}
    for entry in named:
        key, _, text = entry.partition("=")
        role = next((known for known in ROLES if known == key.strip()), None)
        if role is None or not text.strip():
            raise typer.BadParameter(
                f'{entry!r} is not role="header"; roles: {", ".join(ROLES)}', param_hint="--column"
            )
        found[role] = " ".join(text.split()).strip('"')
    return found


def _table(text: str) -> Table:
    known = {"holding": Table.HOLDING_REGISTER, "input": Table.INPUT_REGISTER, "coil": Table.COIL}
    known["discrete"] = Table.DISCRETE_INPUT
    if text not in known:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(known)}", param_hint="--registers")
    return known[text]


def _swap(text: str) -> Swap | None:
    if text not in ("", "big", "little"):
        raise typer.BadParameter(f"{text!r} is neither big nor little", param_hint="--word-order")
    return "_W" if text == "little" else None


def _protocol(text: str) -> Protocol:
    found = {p.value.casefold(): p for p in (Protocol.MODBUS_TCP, Protocol.MODBUS_RTU)}.get(text.casefold())
    if found is None:
        raise typer.BadParameter(f"{text!r} is neither modbusTCP nor modbusRTU", param_hint="--protocol")
    return found
