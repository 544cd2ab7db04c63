"""`heliograph import sunspec`: a definition file from SunSpec model numbers alone, without a device (spec 2.4)."""

import re
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, prepare_output, print_json, tell
from heliograph.formats import Protocol, is_uid
from heliograph.formats.modbus_point import LAST_ADDRESS
from heliograph.formats.sunspec import FoundModel, Identity, Layout, Made, Model, definition_of, laid_out_by_counts

MARK_REGISTERS = 2
HEAD_REGISTERS = 2
MODEL = re.compile(r"([0-9]{1,5})(?::([0-9]{1,5}))?")
REPEAT = re.compile(r"([0-9]{1,5})=([0-9]{1,4}(?:x[0-9]{1,4})*)")


class Wire(StrEnum):
    """The choices of `--protocol`."""

    TCP = "modbusTCP"
    RTU = "modbusRTU"


ModelsArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL[,MODEL…]",
        help="Numbers in the order of the device's chain, as 1,103,120,123; 64901:7 is a model of 7 registers.",
    ),
]
RepeatOption = Annotated[
    list[str] | None,
    typer.Option("--repeat", metavar="MODEL=N", help="Blocks of a repeating model: 160=2; nested ones 705=3x10."),
]
BaseOption = Annotated[int, typer.Option("--base", min=0, max=LAST_ADDRESS, help="The register in which SunS stands.")]
ProtocolOption = Annotated[Wire, typer.Option("--protocol", help="Of the definition.")]
MakerOption = Annotated[str, typer.Option("--manufacturer", help="For the first line and the file's name.")]
NameOption = Annotated[str, typer.Option("--model", help="For the first line and the file's name.")]
OptionsOption = Annotated[str, typer.Option("--options", help="For the file's name.")]
UidOption = Annotated[str, typer.Option("--uid", help="The gateway's uid: the file's name begins with it.")]
IntoOption = Annotated[
    Path | None,
    typer.Option("--into", metavar="SET", help="A set: it goes into its DEF directory, under its own name."),
]
OutputOption = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write it to this file.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the definition and the notes as one JSON document.")]


def sunspec(
    models: ModelsArgument,
    *,
    repeat: RepeatOption = None,
    base: BaseOption = 40_000,
    protocol: ProtocolOption = Wire.TCP,
    manufacturer: MakerOption = "",
    model: NameOption = "",
    options: OptionsOption = "",
    uid: UidOption = "WPM000000",
    into: IntoOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make a definition file of SunSpec models, as detection would of a device that has them.

    Lengths are those of the models; a repeating model has one block unless --repeat says more. Without --into or
    --output it goes to standard output. In a file whose name is not like `<uid>_SunSpec_….csv` the patterns for 'not
    implemented' are values like others.

    Exit status: 0 it is made, 1 a file of this name is there, 7 it can't be written, else as everywhere.
    """
    prepare_output()
    if not is_uid(uid):
        raise typer.BadParameter(f"{uid!r} is no uid: 1 to 32 of A-Z a-z 0-9 _ -", param_hint="--uid")
    if into is not None and not into.is_dir():
        raise typer.BadParameter(f"{into} is not a directory", param_hint="--into")
    chain = _chain(_numbers(models), _counts(repeat or []), base)
    made = definition_of(chain, Identity(manufacturer, model, options), Protocol(protocol.value), uid)
    for note in made.notes:
        tell(note)
    target = into / "DEF" / made.definition.file if into is not None else output
    if target is not None:
        _write(target, made, force=force)
    if as_json:
        written = None if target is None else str(target)
        text = made.content.decode()
        print_json({"file": made.definition.file, "written": written, "definition": text, "notes": list(made.notes)})
    elif target is None:
        sys.stdout.write(made.content.decode())


def _numbers(text: str) -> list[tuple[int, int | None]]:
    """Read the models: number, and length where one is given."""
    found = []
    for part in (part.strip() for part in text.split(",")):
        match = MODEL.fullmatch(part)
        if match is None:
            raise typer.BadParameter(f"{part!r} is no number of a model, as 103", param_hint="MODEL")
        found.append((int(match[1]), int(match[2]) if match[2] else None))
    return found


def _counts(texts: list[str]) -> dict[int, tuple[int, ...]]:
    counts = {}
    for text in texts:
        match = REPEAT.fullmatch(text.strip())
        if match is None:
            raise typer.BadParameter(f"{text!r} is not of the form 160=2 or 705=3x10", param_hint="--repeat")
        counts[int(match[1])] = tuple(int(count) for count in match[2].split("x"))
    return counts


def _chain(numbers: list[tuple[int, int | None]], counts: dict[int, tuple[int, ...]], base: int) -> list[FoundModel]:
    """Lay the models out one behind the other."""
    from heliograph.collector.sunspec import Catalogue  # noqa: PLC0415  # it brings pymodbus along

    catalogue = Catalogue()
    chain = []
    at = base + MARK_REGISTERS
    if strange := sorted(set(counts) - {number for number, _ in numbers}):
        raise typer.BadParameter(f"{strange[0]} is none of the models", param_hint="--repeat")
    for number, length in numbers:
        layout = _layout(number, catalogue.model(number), length, counts.get(number, ()))
        size = length if length is not None else layout.length if layout else 0
        if at + HEAD_REGISTERS + size > LAST_ADDRESS + 1:
            raise typer.BadParameter(f"model {number} reaches beyond register {LAST_ADDRESS}", param_hint="MODEL")
        chain.append(FoundModel(number, size, at, layout))
        at += HEAD_REGISTERS + size
    return chain


def _layout(number: int, model: Model | None, length: int | None, counts: tuple[int, ...]) -> Layout | None:
    if model is None:
        if length is None:
            hint = f"a model that is not known needs its length, as {number}:20"
            raise typer.BadParameter(f"model {number} is not known; {hint}", param_hint="MODEL")
        return None
    layout = laid_out_by_counts(model, counts)
    if length is None:
        return layout
    inside = tuple(place for place in layout.places if place.offset + place.point.size <= HEAD_REGISTERS + length)
    names = {place.name for place in inside}
    kept = tuple(place for place in inside if not place.scale_factor or place.scale_factor in names)
    return replace(layout, places=kept, length=length)


def _write(target: Path, made: Made, *, force: bool) -> None:
    try:
        target.parent.mkdir(exist_ok=True)
        with target.open("wb" if force else "xb") as file:
            file.write(made.content)
    except OSError as error:
        if isinstance(error, FileExistsError):
            raise Failure(f"{target}: {error.strerror}; --force replaces it", Exit.REFUSED) from error
        raise Failure(f"{target}: {error.strerror}", Exit.IN_THE_WAY) from error
    tell(f"{target}: {len(made.definition.variables)} variables")
