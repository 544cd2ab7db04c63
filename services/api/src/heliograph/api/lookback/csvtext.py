"""Records as CSV (RFC 4180): a header of names and units, then each record with its time in UTC and in the plant."""

import csv
import datetime as dt
import io
from collections.abc import AsyncGenerator, Sequence
from zoneinfo import ZoneInfo

from heliograph.api.lookback.columns import labels, rows_of
from heliograph.contract.recorded import RowColumn, RowsAnswer

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
TIMES = ("time_utc", "time_local")


async def csv_pieces(parts: AsyncGenerator[RowsAnswer], zone: str) -> AsyncGenerator[bytes]:
    """Give a file piece by piece."""
    place = ZoneInfo(zone)
    columns: Sequence[RowColumn] | None = None
    async for part in parts:
        head: list[Sequence[object]] = []
        if columns is None:
            columns = part.survey
            head = [[*TIMES, *labels(columns)]]
        lines = [[*_times(time, place), *values] for time, values in rows_of(part, columns)]
        yield _text([*head, *lines])


def _text(lines: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode(errors="replace")


def _times(time: int, zone: ZoneInfo) -> tuple[str, str]:
    moment = dt.datetime.fromtimestamp(time // 1000, dt.UTC).replace(microsecond=time % 1000 * 1000)
    exactly = "milliseconds" if time % 1000 else "seconds"
    local = moment.astimezone(zone)
    return moment.isoformat(timespec=exactly).replace("+00:00", "Z"), local.isoformat(timespec=exactly)
