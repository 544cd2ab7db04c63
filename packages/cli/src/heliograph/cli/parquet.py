"""Rows into a Parquet file, by polars or pandas, whichever is installed."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from heliograph.formats import Row, pandas_frame, polars_frame


class ParquetError(Exception):
    """The file could not be written; the text tells a person why."""


def write_parquet(target: Path, rows: Iterable[Row], zone: str | None) -> int:
    """Write a Parquet file, complete or not at all, and return its number of rows. Raises `ParquetError`."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        count = _writer()(beside, rows, zone)
        beside.replace(target)
    except OSError as error:
        raise ParquetError(f"{target} can't be written: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)
    return count


Write = Callable[[Path, Iterable[Row], str | None], int]


def _writer() -> Write:
    try:
        import polars as pl  # noqa: F401, PLC0415  # an optional library
    except ImportError:
        return _with_pandas
    return _with_polars


def _with_polars(target: Path, rows: Iterable[Row], zone: str | None) -> int:
    frame = polars_frame(rows, zone)
    frame.write_parquet(target)
    return int(frame.height)


def _with_pandas(target: Path, rows: Iterable[Row], zone: str | None) -> int:
    try:
        frame = pandas_frame(rows, zone)
        frame.to_parquet(target)
    except ImportError as error:
        raise ParquetError("Parquet needs a library that is not installed: pip install polars") from error
    return len(frame)
