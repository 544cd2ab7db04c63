"""A process of its own that makes Parquet of what it reads, and ends: the service that serves it never holds pyarrow.

It reads lines of JSON: what the columns are, then rows, then the end. A file without its end has no foot, so that
nobody takes a part for the whole. See `parquet.py`, which starts it.
"""

import json
import os
import sys
from collections.abc import Iterable
from typing import Any

ROWS_TOGETHER = 5000
"""In one group of rows: more would take more memory."""
NICENESS = 10


def main() -> int:
    """Write standard input to standard output; return the exit status."""
    import pyarrow as pa  # noqa: PLC0415  # late, so that nobody who looks into this module holds it
    import pyarrow.parquet as pq  # noqa: PLC0415

    os.nice(NICENESS)
    lines = map(json.loads, sys.stdin.buffer)
    head = next(lines, None)
    if head is None:
        return 1
    schema = _schema(pa, head)
    sink = pa.PythonFile(sys.stdout.buffer, mode="w")
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        times: list[int] = []
        rows: list[list[Any]] = []
        for line in lines:
            if "end" in line:
                _write(pa, writer, schema, times, rows)
                break
            times += line["times"]
            rows += line["rows"]
            if len(times) >= ROWS_TOGETHER:
                _write(pa, writer, schema, times, rows)
                times, rows = [], []
        else:
            os._exit(1)  # the end never came
    sys.stdout.buffer.flush()
    return 0


def _schema(pa: Any, head: dict[str, Any]) -> Any:
    fields = [
        pa.field(column["name"], pa.string() if column["is_text"] else pa.float64(), metadata=column["metadata"])
        for column in head["columns"]
    ]
    return pa.schema([pa.field("time", pa.timestamp("ms", tz="UTC"), nullable=False), *fields], head["metadata"])


def _write(pa: Any, writer: Any, schema: Any, times: list[int], rows: Iterable[list[Any]]) -> None:
    if not times:
        return
    columns = list(zip(*rows, strict=True))
    arrays = [pa.array(times, schema.field(0).type)]
    for place, values in enumerate(columns, 1):
        kind = schema.field(place).type
        arrays.append(pa.array(_fitting(values, is_text=kind == pa.string()), kind))
    writer.write_batch(pa.record_batch(arrays, schema))


def _fitting(values: Iterable[Any], *, is_text: bool) -> list[Any]:
    """Make values fit their column: a number among texts is written out, a text among numbers is missing."""
    if is_text:
        return [value if value is None or isinstance(value, str) else str(value) for value in values]
    return [float(value) if isinstance(value, int | float) else None for value in values]


if __name__ == "__main__":
    sys.exit(main())
