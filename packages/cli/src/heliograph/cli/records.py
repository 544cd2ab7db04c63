"""`heliograph records`: what a device recorded lately, as far as the gateway keeps it: a table, JSON, CSV, Parquet."""

import datetime as dt
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Final
from urllib.parse import urlencode

import typer
from pydantic import BaseModel

from heliograph.cli.asking import Gateway, asks_gateway
from heliograph.cli.completing import device_names
from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure
from heliograph.cli.progress import Say, waiting
from heliograph.cli.tables import print_texts
from heliograph.cli.words import moment
from heliograph.contract.recorded import RowColumn
from heliograph.contract.records import Value
from heliograph.formats import format_value

DAY: Final = dt.timedelta(days=1)
SILENCE_SECONDS: Final = 60.0
STDOUT: Final = Path("-")

DeviceArgument = Annotated[
    str, typer.Argument(metavar="DEVICE", help="Index or name of the device.", autocompletion=device_names)
]
FromOption = Annotated[
    str, typer.Option("--from", metavar="TIME", help="Later than this: 2024-06-01T12:00, of this machine's time zone.")
]
ToOption = Annotated[str, typer.Option("--to", metavar="TIME", help="Until this; default: now.")]
CsvOption = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write CSV; - is standard output.")]
ParquetOption = Annotated[Path | None, typer.Option("--parquet", metavar="FILE", help="Write Parquet.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Rows of the table or of JSON at most.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class _Device(BaseModel):
    index: str
    name: str


class _Devices(BaseModel):
    devices: tuple[_Device, ...]


class _Page(BaseModel, extra="allow"):
    """Rows of one definition."""

    columns: tuple[RowColumn, ...]
    times: tuple[int, ...]
    rows: tuple[tuple[Value, ...], ...]
    following: int | None = None


@asks_gateway
def records(
    device: DeviceArgument,
    begin: FromOption = "",
    end: ToOption = "",
    csv: CsvOption = None,
    parquet: ParquetOption = None,
    limit: LimitOption = 100,
    as_json: JsonOption = False,
    *,
    gateway: Gateway,
) -> None:
    """Show what a device recorded, oldest first; of the last day where no time is given.

    Values are engineering values. The gateway keeps its records for 30 days, or as long as they fit.
    """
    if sum(map(bool, (csv, parquet, as_json))) > 1:
        raise typer.BadParameter("give one of --csv, --parquet and --json")
    span = _span(begin, end)
    path = f"devices/{_index(gateway, device)}/records"
    if csv or parquet:
        form, file = ("csv", csv) if csv else ("parquet", parquet)
        _save(gateway, f"{path}.{form}?{urlencode(span)}", file or STDOUT)
        return
    page = gateway.ask("GET", f"{path}?{urlencode({**span, 'limit': limit})}", _Page, seconds=SILENCE_SECONDS)
    if as_json:
        typer.echo(page.model_dump_json(indent=1))
    else:
        _show(page)


def _show(page: _Page) -> None:
    if not page.times:
        typer.echo("No record of this device in this span is kept. --from shows an earlier one.")
        return
    heads = ["time", *(_head(column) for column in page.columns)]
    rows = [
        [moment(time), *map(format_value, values)] for time, values in zip(page.times, page.rows, strict=True)
    ]  # fmt: skip
    print_texts("", heads, rows, right=set(heads[1:]))
    if page.following is not None:
        after = dt.datetime.fromtimestamp(page.following / 1000).astimezone().isoformat()
        typer.echo(f"There is more: --from {after}, a greater --limit, or --csv FILE for all.")


def _head(column: RowColumn) -> str:
    return " ".join(filter(None, (column.name, column.field, f"[{column.unit}]" if column.unit else "")))


def _span(begin: str, end: str) -> dict[str, int]:
    last = _time(end, "--to") if end else dt.datetime.now(dt.UTC)
    first = _time(begin, "--from") if begin else last - DAY
    if first >= last:
        raise typer.BadParameter("it is not before --to", param_hint="--from")
    return {name: max(0, int(time.timestamp() * 1000)) for name, time in (("begin", first), ("end", last))}


def _time(text: str, option: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time such as 2024-06-01T12:00", param_hint=option) from None


def _index(gateway: Gateway, device: str) -> str:
    """Return the index of a device that was given by it or by its name. Raises `Failure`."""
    known = gateway.ask("GET", "devices", _Devices).devices
    for one in known:
        if device in (one.index, one.name):
            return one.index
    names = ", ".join(f"{one.name} ({one.index})" for one in known) or "none yet"
    raise Failure(f"the gateway has no device {device!r}; there is: {names}", Exit.REFUSED)


def _save(gateway: Gateway, path: str, file: Path) -> None:
    """Write a file that the gateway makes: whole or not at all."""
    size = 0
    with waiting("receiving", f"nothing was written to {file}") as say, _target(file) as target:

        def take(piece: bytes) -> None:
            nonlocal size
            size += len(piece)
            target.write(piece)
            _told(say, size)

        gateway.pour(path, take, SILENCE_SECONDS)
    if file != STDOUT:
        sys.stderr.write(f"{file}: {size:,} bytes\n")


def _told(say: Say, size: int) -> None:
    say(f"received {size / 1e6:,.1f} MB")


@contextmanager
def _target(file: Path) -> Iterator[BinaryIO]:
    if file == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    beside = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        with beside.open("wb") as opened:
            yield opened
        beside.replace(file)
    except OSError as error:
        raise Failure(f"{file} can't be written: {error.strerror or error}", Exit.IN_THE_WAY) from error
    finally:
        beside.unlink(missing_ok=True)
