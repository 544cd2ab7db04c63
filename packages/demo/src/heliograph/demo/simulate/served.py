"""The log of every value served, as CSV: so that tests can prove files against what the devices said.

Written beside the devices by a thread of its own; at a stated size it is rotated, and one old file is kept.
"""

import csv
import datetime as dt
import io
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

HEADER: Final = ("time", "device", "variable", "raw", "engineering")
LARGEST_BYTES: Final = 64 * 1024 * 1024
MOST_WAITING: Final = 100_000
FLUSH_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class ServedValue:
    """One value in one good answer."""

    time: float
    """Seconds since 1970, of the machine's clock."""
    device: str
    variable: str
    """Its Index."""
    raw: int | float | str
    engineering: int | float | str | None


class ServedLog:
    """Use as a context manager; `add` never waits. What does not fit any more is counted in `lost`."""

    def __init__(self, path: Path, largest_bytes: int = LARGEST_BYTES) -> None:
        self.path = path
        self.lost = 0
        self.trouble = ""
        """Why the disk refused, when it did."""
        self._largest = largest_bytes
        self._waiting: queue.Queue[Sequence[ServedValue] | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="served values", daemon=True)
        self._file: IO[str] | None = None
        self._size = 0

    def add(self, values: Sequence[ServedValue]) -> None:
        """Take the values of one answer."""
        try:
            self._waiting.put_nowait(values)
        except queue.Full:
            self.lost += len(values)

    def __enter__(self) -> Self:
        """Begin the file; raises `OSError` where it cannot be written."""
        self._open()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._batch()
            try:
                self._write(batch)
            except OSError as error:
                self.lost += len(batch)
                self.trouble = error.strerror or str(error)
        if self._file is not None:
            self._file.close()

    def _batch(self) -> tuple[list[ServedValue], bool]:
        """Wait for values, and take all that are there."""
        batch: list[ServedValue] = []
        try:
            found = self._waiting.get(timeout=FLUSH_SECONDS)
            while found is not None:
                batch.extend(found)
                found = self._waiting.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True

    def _write(self, batch: Sequence[ServedValue]) -> None:
        for value in batch:
            line = _line(_cells(value))
            if self._size + len(line.encode()) > self._largest:
                self._rotate()
            self._put(line)
        if self._file is not None:
            self._file.flush()

    def _rotate(self) -> None:
        if self._file is not None:
            self._file.close()
        self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        self._open()

    def _open(self) -> None:
        self._file = self.path.open("w", encoding="utf-8", newline="")
        self._size = 0
        self._put(_line(HEADER))
        self._file.flush()

    def _put(self, line: str) -> None:
        if self._file is not None:
            self._file.write(line)
            self._size += len(line.encode())


def read_served(path: Path) -> list[ServedValue]:
    """Read a log back, with the older file before it where there is one."""
    found = []
    for file in (path.with_name(f"{path.name}.1"), path):
        if file.exists():
            with file.open(encoding="utf-8", newline="") as text:
                found += [_value(row) for row in csv.DictReader(text)]
    return found


def _cells(value: ServedValue) -> tuple[str, ...]:
    moment = dt.datetime.fromtimestamp(value.time, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    engineering = "" if value.engineering is None else str(value.engineering)
    return moment, value.device, value.variable, str(value.raw), engineering


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _value(row: dict[str, str]) -> ServedValue:
    time = dt.datetime.fromisoformat(row["time"]).timestamp()
    engineering = _number(row["engineering"]) if row["engineering"] else None
    return ServedValue(time, row["device"], row["variable"], _number(row["raw"]), engineering)


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
