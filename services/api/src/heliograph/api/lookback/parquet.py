"""Records as Parquet, made by a process that ends with the file, fed and read in pieces: nothing lies on a disk."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import Any, Final

from heliograph.api.lookback.columns import labels, rows_of
from heliograph.contract.recorded import RowColumn, RowsAnswer

MEDIA_TYPE: Final = "application/vnd.apache.parquet"
PIECE_BYTES: Final = 64 * 1024
WRITER: Final = (sys.executable, "-I", "-m", "heliograph.api.lookback.writer")


class WriterFailed(Exception):
    """The process that makes the file ended before its end."""


async def parquet_pieces(
    parts: AsyncGenerator[RowsAnswer], about: dict[str, str], writer: tuple[str, ...] = WRITER
) -> AsyncGenerator[bytes]:
    """Give a file piece by piece; `about` is told in its metadata. Raises `WriterFailed`, and what `parts` raises."""
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "TMPDIR"}}
    process = await asyncio.create_subprocess_exec(*writer, stdin=PIPE, stdout=PIPE, env=environment)
    feeding = asyncio.create_task(_feed(process, parts, about), name="api: feed the writer of Parquet")
    try:
        assert process.stdout is not None
        while piece := await process.stdout.read(PIECE_BYTES):
            yield piece
        await feeding
        if await process.wait():
            raise WriterFailed(f"the writer of Parquet ended with status {process.returncode}")
    finally:
        feeding.cancel()
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.gather(feeding, process.wait(), return_exceptions=True)


async def _feed(process: Process, parts: AsyncGenerator[RowsAnswer], about: dict[str, str]) -> None:
    assert process.stdin is not None
    try:
        async for line in _lines(parts, about):
            process.stdin.write(json.dumps(line).encode() + b"\n")
            await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        raise WriterFailed("the writer of Parquet ended early") from None
    finally:
        process.stdin.close()


async def _lines(parts: AsyncGenerator[RowsAnswer], about: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
    columns: tuple[RowColumn, ...] | None = None
    async for part in parts:
        if columns is None:
            columns = part.survey
            yield {"columns": _described(columns), "metadata": about}
        rows = list(rows_of(part, columns))
        yield {"times": [time for time, _ in rows], "rows": [list(values) for _, values in rows]}
    yield {"end": True}


def _described(columns: tuple[RowColumn, ...]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "is_text": column.is_text,
            "metadata": {
                "variable": column.variable, "name": column.name, "unit": column.unit,
                "statistic": column.field or "instant",
            },
        }
        for name, column in zip(labels(columns), columns, strict=True)
    ]  # fmt: skip
