"""`heliograph definitions`: the definitions that come with Heliograph, to look at and to copy into a set (spec 2.2)."""

from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from heliograph.cli import library
from heliograph.cli.completing import definition_names
from heliograph.cli.exits import Exit
from heliograph.cli.library import Entry, Source, UnknownName
from heliograph.cli.output import Failure, prepare_output, print_json, printable
from heliograph.cli.tables import print_texts
from heliograph.formats import Protocol, Variable, write_definition
from heliograph.formats.cells import SEPARATOR
from heliograph.formats.fields import base_name
from heliograph.runtime.files import write_atomically
from heliograph.runtime.setdirectory import read_limited

commands = typer.Typer(
    help="The definitions that come with Heliograph: look at them, copy them into a set.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Spoken(StrEnum):
    """The choices of `--protocol`."""

    RTU = Protocol.MODBUS_RTU
    TCP = Protocol.MODBUS_TCP


NameArgument = Annotated[
    str,
    typer.Argument(metavar="NAME", help="As `heliograph definitions list` tells it.", autocompletion=definition_names),
]
SetArgument = Annotated[Path, typer.Argument(metavar="SET", help="The set: CONFIG/, DEF/, SCRIPT/, CERT/.")]
AsOption = Annotated[str, typer.Option("--as", metavar="FILE", help="The file's name in DEF/; default: NAME.csv.")]
ProtocolOption = Annotated[
    Spoken | None, typer.Option("--protocol", help="How this device is attached, where it is another way than usual.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace a file that is there and differs.")]


@commands.command("list")
def list_definitions(*, as_json: JsonOption = False) -> None:
    """Tell which devices have a definition."""
    prepare_output()
    rows = []
    for entry in library.entries():
        own = entry.definition
        count = str(len(own.variables))
        rows.append((entry.name, own.category, own.manufacturer, own.model, own.protocol.value, count))
    if not rows:
        raise Failure(f"there are none in {library.FOLDER}: they were not installed", Exit.REFUSED)
    columns = ("name", "category", "make", "model", "protocol", "variables")
    if as_json:
        print_json(
            {"definitions": [{**dict(zip(columns, row, strict=True)), "variables": int(row[-1])} for row in rows]}
        )
    else:
        print_texts("", columns, rows, right={"variables"})


@commands.command("show")
def show(name: NameArgument, *, as_json: JsonOption = False) -> None:
    """Show the variables of a definition, and in which documents each was checked."""
    prepare_output()
    entry = _entry(name)
    own, sources = entry.definition, entry.sources
    columns = ("index", "name", "table", "address", "type", "factor", "unit", "action", "tag", "checked in")
    rows = [_row(variable, sources.get(variable.index, ())) for variable in own.variables]
    used = {source.document for found in sources.values() for source in found}
    documents = [document for document in library.documents().values() if document.key in used]
    if as_json:
        listed = [dict(zip(columns, row, strict=True)) for row in rows]
        head = {"name": entry.name, "make": own.manufacturer, "model": own.model, "protocol": own.protocol.value}
        print_json({**head, "variables": listed, "documents": [asdict(document) for document in documents]})
        return
    title = f"{own.manufacturer} {own.model} ({own.protocol.value})"
    print_texts(title, columns, rows, right={"index", "address", "factor", "action"})
    for document in documents:
        typer.echo(f"{document.key}: {document.title}, {document.edition}")


@commands.command("copy")
def copy(
    name: NameArgument,
    directory: SetArgument,
    file: AsOption = "",
    protocol: ProtocolOption = None,
    *,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Copy a definition into DEF/ of a set, and tell a line of `_daq.csv` that uses it.

    Exit status: 0 it is there, 1 another file of this name is there, 7 it can't be written, else as everywhere.
    """
    prepare_output()
    entry = _entry(name)
    target = _target(directory, file or f"{entry.name}.csv")
    spoken = Protocol(protocol.value) if protocol else entry.definition.protocol
    try:
        _put(target, _content(entry, spoken), force=force)
    except OSError as error:
        raise Failure(f"{target} can't be written: {error.strerror}", Exit.IN_THE_WAY) from error
    line = entry.daq_line(spoken, target.name)
    if as_json:
        print_json({"file": str(target), "daq": line})
        return
    typer.echo(printable(str(target)))
    typer.echo("A line of CONFIG/*_daq.csv to start from:")
    typer.echo(printable(line))


def _entry(name: str) -> Entry:
    try:
        return library.entry(name)
    except UnknownName as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from error


def _row(variable: Variable, sources: tuple[Source, ...]) -> tuple[str, ...]:
    table, address, kind, scale_factor = variable.info
    factors = [f"{variable.coef_a:g}"] if variable.coef_a != 1 else []
    if scale_factor:
        factors.append(f"10^{scale_factor}")
    checked = "; ".join(f"{source.document} {source.where}" for source in sources)
    factor, action = " × ".join(factors), str(variable.action)
    return variable.index, variable.name, table, address, kind, factor, variable.unit, action, variable.tag, checked


def _target(directory: Path, file: str) -> Path:
    if not directory.is_dir():
        raise typer.BadParameter(f"{directory} is not a directory", param_hint="SET")
    try:
        name = base_name(file)
    except ValueError as error:
        raise typer.BadParameter(f"{file!r} is no file name of a set: {error}", param_hint="--as") from error
    if SEPARATOR in name or name != printable(name.strip()):
        reason = f"it has a {SEPARATOR}, a blank at an end, or what can't be printed"
        raise typer.BadParameter(f"{printable(file)!r} can't be named in _daq.csv: {reason}", param_hint="--as")
    return directory / "DEF" / name


def _content(entry: Entry, protocol: Protocol) -> bytes:
    """Return the file; where another protocol is spoken only its first field differs."""
    if protocol is entry.definition.protocol:
        return entry.content
    spoken = replace(entry.definition, protocol=protocol, written_protocol=protocol.value)
    return write_definition(spoken, entry.content)


def _put(target: Path, content: bytes, *, force: bool) -> None:
    """Write the file unless it is there. Raises `OSError`."""
    target.parent.mkdir(exist_ok=True)
    if target.is_symlink() or target.exists():
        if target.is_file() and read_limited(target, len(content)) == content:
            return
        if target.is_dir():
            raise Failure(f"{target} is a directory", Exit.REFUSED)
        if not force:
            raise Failure(f"{target} is there already and differs; --force replaces it", Exit.REFUSED)
    write_atomically(target, content)
