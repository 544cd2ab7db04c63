"""Rows of data files as a frame of polars or pandas, where one of them is installed (neither is required).

Columns: `timestamp` (local without zone, or with the zone that was given), `device`, `index`, `name`, `statistic`,
`raw` (text, exactly as in the file: it may be a text or an integer of 64 bits), `value` (double; missing for texts),
`unit`.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from heliograph.formats.datareader import Row
from heliograph.formats.values import format_value

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_CHUNK = 200_000
_TEXTS = ("device", "index", "name", "statistic", "raw", "unit")


def polars_frame(rows: Iterable[Row], zone: str | None = None) -> "pl.DataFrame":
    """Return a polars frame. `zone`: the one with which the rows were read. Raises `ImportError` without polars."""
    import polars as pl  # noqa: PLC0415  # an optional library

    schema = {
        "timestamp": pl.Int64,
        **dict.fromkeys(_TEXTS[:-1], pl.String),
        "value": pl.Float64,
        "unit": pl.String,
    }
    frame = pl.concat([pl.DataFrame(chunk, schema=schema) for chunk in _chunks(rows)])
    timestamp = pl.from_epoch("timestamp", time_unit="ms")
    if zone is not None:
        timestamp = timestamp.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    return frame.with_columns(timestamp)


def pandas_frame(rows: Iterable[Row], zone: str | None = None) -> "pd.DataFrame":
    """Return a pandas frame. `zone`: the one with which the rows were read. Raises `ImportError` without pandas."""
    import pandas as pd  # noqa: PLC0415  # an optional library

    frame = pd.concat([_pandas_chunk(pd, chunk) for chunk in _chunks(rows)], ignore_index=True)
    if zone is not None:
        frame["timestamp"] = frame["timestamp"].dt.tz_localize("UTC").dt.tz_convert(zone)
    return frame


def _pandas_chunk(pd: Any, chunk: dict[str, list[Any]]) -> Any:
    frame = pd.DataFrame(chunk)
    frame["timestamp"] = pd.to_datetime(frame["timestamp"].astype("int64"), unit="ms")
    return frame.astype({"value": "float64", **dict.fromkeys(_TEXTS, "object")})


def _chunks(rows: Iterable[Row]) -> Iterator[dict[str, list[Any]]]:
    """Give columns of limited length, at least once so that an empty frame has its columns."""
    source = iter(rows)
    part = list(islice(source, _CHUNK))
    while True:
        yield {
            "timestamp": [_milliseconds(row.timestamp) for row in part],
            "device": [row.device for row in part],
            "index": [row.index for row in part],
            "name": [row.name for row in part],
            "statistic": [row.statistic for row in part],
            "raw": [format_value(row.raw) for row in part],
            "value": [None if isinstance(row.value, str) else row.value for row in part],
            "unit": [row.unit for row in part],
        }
        part = list(islice(source, _CHUNK))
        if not part:
            return


def _milliseconds(timestamp: dt.datetime) -> int:
    """Milliseconds since 1970: of the instant, or of the local date as if it were UTC."""
    aware = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=dt.UTC)
    return int(aware.timestamp()) * 1000
