"""`heliograph decode`: data files and their definitions become engineering values, as table, CSV or Parquet."""

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from heliograph.cli.definitions import DefinitionDirectory
from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, prepare_output, print_findings, print_json, tell
from heliograph.cli.parquet import ParquetError, write_parquet
from heliograph.cli.progress import Step, counting
from heliograph.cli.tables import print_table
from heliograph.formats import DataFile, DateForm, Row, format_value, read_data_file
from heliograph.formats.findings import Finding, Severity, has_errors
from heliograph.formats.incoming import READ_LIMIT
from heliograph.runtime.setdirectory import read_limited


class Dates(StrEnum):
    """The choices of `--dates`."""

    AUTO = "auto"
    YMD = "ymd"
    DMY = "dmy"

    @property
    def form(self) -> DateForm | None:
        """The date form, or None to find it out."""
        return None if self is Dates.AUTO else DateForm(self.value)


FilesArgument = Annotated[list[Path], typer.Argument(metavar="FILE", help="Data or parameter files, packed or not.")]
DefOption = Annotated[Path, typer.Option("--def", metavar="DIR", help="The definitions: DEF/, or a set that holds it.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Write CSV to standard output.")]
ParquetOption = Annotated[Path | None, typer.Option("--parquet", metavar="OUT", help="Write a Parquet file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Write a line of JSON for each row to standard output.")]
DatesOption = Annotated[Dates, typer.Option("--dates", help="YY/MM/DD or DD/MM/YY; auto finds it out.")]
ZoneOption = Annotated[
    str | None, typer.Option("--timezone", metavar="ZONE", help="The gateway's NTP_TimeZone: gives dates their offset.")
]


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the files are to be read."""

    definitions: DefinitionDirectory
    dates: DateForm | None
    zone: str | None
    read_one: Step
    """Called for each file that was read."""

    def read(self, path: Path) -> tuple[DataFile | None, list[Finding]]:
        try:
            content = read_limited(path, READ_LIMIT)
        except OSError as error:
            return None, [Finding(str(path), 1, 1, Severity.ERROR, f"can't be read: {error.strerror}")]
        finally:
            self.read_one(1)
        return read_data_file(content, str(path), self.definitions, dates=self.dates, zone=self.zone)


class _Faults:
    """Says what is wrong on standard error as soon as it is known, and remembers whether there was an error."""

    def __init__(self, definitions: DefinitionDirectory) -> None:
        self.found = False
        self._definitions = definitions
        self._said: set[Finding] = set()

    def say(self, findings: list[Finding]) -> None:
        """Say what was not said before: with `--csv` and `--parquet` each file is read twice."""
        everything = dict.fromkeys([*self._definitions.findings, *findings])
        self._definitions.findings.clear()
        self.found |= has_errors(everything)
        print_findings([finding for finding in everything if finding not in self._said], to_errors=True)
        self._said.update(everything)


def decode(
    files: FilesArgument,
    definitions: DefOption,
    *,
    as_csv: CsvOption = False,
    as_json: JsonOption = False,
    parquet: ParquetOption = None,
    dates: DatesOption = Dates.AUTO,
    timezone: ZoneOption = None,
) -> None:
    """Turn data files into engineering values: timestamp, device, index, name, statistic, raw, value, unit.

    What is wrong goes to standard error, `file:line:column: error|warning: text`; the exit status is 1 when there was
    an error. A block with an error is left out, the others are given.
    """
    prepare_output()
    if as_csv and as_json:
        raise typer.BadParameter("either --csv or --json", param_hint="--csv")
    known, zone = _definitions(definitions), _zone(timezone)
    faults = _Faults(known)
    passes = (parquet is not None) + (as_csv or as_json or parquet is None)
    kept = "what was written before stands" if parquet is None else f"{parquet} is not written"
    with counting("decoding", passes * len(files), "files", kept) as step:
        reading = _Reading(known, dates.form, zone, step)
        if parquet is not None:
            _write_parquet(parquet, files, reading, faults)
        _print_rows(files, reading, faults, as_csv=as_csv, as_json=as_json, as_tables=parquet is None)
    raise typer.Exit(Exit.REFUSED if faults.found else Exit.DONE)


def _print_rows(
    files: list[Path], reading: _Reading, faults: _Faults, *, as_csv: bool, as_json: bool, as_tables: bool
) -> None:
    if as_csv:
        _write_csv(_rows(files, reading, faults))
    elif as_json:
        for row in _rows(files, reading, faults):
            print_json({**row._asdict(), "timestamp": row.timestamp.isoformat()}, indent=None)
    elif as_tables:
        for path in files:
            print_table(str(path), _rows([path], reading, faults))


def _definitions(directory: Path) -> DefinitionDirectory:
    if not directory.is_dir():
        raise typer.BadParameter(f"{directory} is not a directory", param_hint="--def")
    try:
        return DefinitionDirectory(directory)
    except OSError as error:
        raise typer.BadParameter(f"{directory} can't be read: {error.strerror}", param_hint="--def") from error


def _zone(name: str | None) -> str | None:
    try:
        return ZoneInfo(name).key if name is not None else None
    except (OSError, ValueError, KeyError) as error:
        hint = "a name like Europe/Paris is expected"
        raise typer.BadParameter(f"{name!r} is no time zone; {hint}", param_hint="--timezone") from error


def _rows(paths: list[Path], reading: _Reading, faults: _Faults) -> Iterator[Row]:
    """The rows of all files, one file in memory at a time."""
    for path in paths:
        file, findings = reading.read(path)
        faults.say(findings)
        if file is not None:
            yield from file.rows()


def _write_csv(rows: Iterator[Row]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(Row._fields)
    for row in rows:
        raw, value = format_value(row.raw), format_value(row.value)
        writer.writerow((row.timestamp.isoformat(), *row[1:5], raw, value, row.unit))


def _write_parquet(target: Path, paths: list[Path], reading: _Reading, faults: _Faults) -> None:
    rows = _rows(paths, reading, faults)
    first = next(rows, None)
    if first is None:
        tell(f"heliograph decode: there are no rows, {target} is not written")
        return
    try:
        count = write_parquet(target, chain([first], rows), reading.zone)
    except ParquetError as error:
        raise Failure(str(error), Exit.IN_THE_WAY) from error
    tell(f"{target}: {count} rows")
