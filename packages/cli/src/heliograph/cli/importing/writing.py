"""Where what was imported goes: files of a set, one file, or standard output; what a person should know beside it."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from heliograph.cli.importing.imported import Head, Imported, Note, Reach, Unreadable, definition_text
from heliograph.cli.output import printable
from heliograph.formats.definition import Protocol

DAQ_COLUMNS = "index;interface;name;address;acqPeriod(s);timeout(ms);serialNumber;parameters;category;model;defFile"


@dataclass(frozen=True, slots=True)
class Target:
    """Where to, and how."""

    into: Path | None = None
    """A set: its `DEF` directory."""
    output: Path | None = None
    force: bool = False
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """One definition that was made."""

    name: str
    text: str
    daq: str
    """The line of `_daq.csv`, empty where the source does not say how the device is reached."""
    notes: tuple[Note, ...]


def made_of(devices: Sequence[Imported], head: Head) -> list[Made]:
    """Make a definition of each device. Raises `Unreadable`."""
    made: list[Made] = []
    names: set[str] = set()
    for device in devices:
        protocol = Protocol.MODBUS_RTU if device.reach is not None and device.reach.is_serial else head.protocol
        text, notes = definition_text(device, replace(head, protocol=protocol, model=head.model or device.title))
        name = _file_name(head, device.title, names)
        daq = "" if device.reach is None else _daq_line(len(made), device, device.reach, name)
        made.append(Made(name, text, daq, (*device.notes, *notes)))
    return made


def deliver(made: Sequence[Made], target: Target) -> None:
    """Write what was made, and print the rest; nothing is written when one of the files would be overwritten."""
    places = [_place(entry, target) for entry in made]
    if target.output is not None and len(made) > 1:
        raise typer.BadParameter(f"{len(made)} definitions do not go into one file; say --into", param_hint="--output")
    for place in places:
        if place is not None and place.exists() and not target.force:
            raise Unreadable(f"{place} is there already; say --force to replace it")
    for entry, place in zip(made, places, strict=True):
        if place is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(entry.text, encoding="utf-8", newline="\n")
    if target.as_json:
        _print_json(made, places)
    else:
        _print_text(made, places)


def _place(entry: Made, target: Target) -> Path | None:
    return target.into / "DEF" / entry.name if target.into is not None else target.output


def _print_json(made: Sequence[Made], places: Sequence[Path | None]) -> None:
    found = [
        {
            "file": entry.name,
            "written": None if place is None else str(place),
            "definition": entry.text,
            "daq": entry.daq,
            "notes": [{"where": note.where, "text": note.text} for note in entry.notes],
        }
        for entry, place in zip(made, places, strict=True)
    ]
    sys.stdout.write(json.dumps({"definitions": found}, ensure_ascii=False, indent=2) + "\n")


def _print_text(made: Sequence[Made], places: Sequence[Path | None]) -> None:
    for entry, place in zip(made, places, strict=True):
        for note in entry.notes:
            sys.stderr.write(printable(f"note: {note}") + "\n")
        variables = entry.text.count("\n") - 1
        if place is None:
            sys.stderr.write(printable(f"{entry.name}: {variables} variables") + "\n")
            sys.stdout.write(entry.text)
        else:
            sys.stderr.write(printable(f"{place}: {variables} variables written") + "\n")
    lines = [entry.daq for entry in made if entry.daq]
    if lines:
        sys.stderr.write("for CONFIG/<uid>_daq.csv (give each its own index):\n")
        sys.stderr.write("".join(printable(line) + "\n" for line in [DAQ_COLUMNS, *lines]))


def _file_name(head: Head, title: str, taken: set[str]) -> str:
    stem = _safe("_".join(part for part in (head.manufacturer, head.model) if part) or title) or "device"
    name, number = f"{stem}.csv", 2
    while name.casefold() in taken:
        name, number = f"{stem}_{number}.csv", number + 1
    taken.add(name.casefold())
    return name


def _daq_line(index: int, device: Imported, reach: Reach, definition: str) -> str:
    host = f"[{reach.host}]" if ":" in reach.host else reach.host
    interface = "SERIAL1" if reach.is_serial else f"{host}:{reach.port}"
    name = _safe(device.title) or f"device_{index}"
    fields = [index, interface, name, reach.unit, reach.period_seconds, reach.timeout_ms, "", "", "", "", definition]
    return ";".join(map(str, fields))


def _safe(text: str) -> str:
    """Return a text as the name of a file: no path, no blanks."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip("._")[:80]
