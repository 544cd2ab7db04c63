"""What was learnt of the devices, on the disk: kept until a device's definition, its line or its firmware changes.

One small file, written whole beside and renamed over. It is no record: where it is damaged or cannot be written the
collector says so and learns anew.
"""

import asyncio
import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from heliograph.collector.blocks import Hole
from heliograph.collector.learnt import Learnt
from heliograph.collector.revision import Station, polled_of
from heliograph.formats.definition import Table
from heliograph.runtime import Clock, EventLog, write_atomically

FILE_LIMIT_BYTES: Final = 32 * 1024 * 1024
COLLECT_SECONDS: Final = 1.0
"""What is learnt within so long is written at once."""
RETRY_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is remembered of one device, and for which device exactly."""

    fingerprint: str
    """Of its line and its definition (`fingerprint_of`): those of another one are not its own."""
    version: str = ""
    """Of its firmware, where its definition says how to read it and it was read."""
    learnt: Learnt = Learnt()  # noqa: RUF009 - frozen


def fingerprint_of(station: Station) -> str:
    """Return what stands for a device's line and for what is polled of its definition."""
    return hashlib.sha256(repr((station.device, polled_of(station.definition))).encode()).hexdigest()


class Memory:
    """Remembers by the device's index."""

    def __init__(self, path: Path, clock: Clock, events: EventLog) -> None:
        self._path = path
        self._clock = clock
        self._events = events
        self._known: dict[str, Remembered] = {}
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()
        self._trouble = ""

    async def load(self) -> None:
        """Read the file; where there is none, or it cannot be read, begin anew."""
        try:
            self._known = await asyncio.to_thread(_read, self._path)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            text = str(error).partition("\n")[0]
            self._events.warning(
                f"what was learnt of the devices cannot be read and is learnt anew: {self._path}: {text}"
            )

    def of(self, station: Station) -> Remembered:
        """Return what is remembered of a device: nothing where its line or its definition changed."""
        fingerprint = fingerprint_of(station)
        known = self._known.get(station.device.index)
        return known if known is not None and known.fingerprint == fingerprint else Remembered(fingerprint)

    def keep(self, device: str, remembered: Remembered) -> None:
        """Remember, and write soon."""
        if self._known.get(device) != remembered:
            self._known[device] = remembered
            self._news.set()

    def forget_others(self, devices: Collection[str]) -> None:
        """Let go of the devices that are not among these."""
        for device in self._known.keys() - set(devices):
            del self._known[device]
            self._news.set()

    async def run(self) -> None:
        """Write what is new, for ever; a disk that refuses is tried again."""
        while True:
            await self._news.wait()
            await self._clock.sleep(COLLECT_SECONDS)
            if not await self.flush():
                await self._clock.sleep(RETRY_SECONDS)

    async def flush(self) -> bool:
        """Write what is new now; tell whether nothing is left to be written."""
        async with self._writing:
            if not self._news.is_set():
                return True
            self._news.clear()
            try:
                await asyncio.to_thread(write_atomically, self._path, _written(self._known))
            except OSError as error:
                self._refused(error)
                return False
            self._trouble = ""
            return True

    def _refused(self, error: OSError) -> None:
        self._news.set()
        if str(error) != self._trouble:
            self._trouble = str(error)
            self._events.warning(f"what was learnt of the devices cannot be kept: {error}")


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _StoredHole(_Stored):
    table: Annotated[int, Field(ge=1, le=4)]
    address: Annotated[int, Field(ge=0, le=65536)]
    count: Annotated[int, Field(ge=0, le=65536)]


class _StoredSize(_Stored):
    table: Annotated[int, Field(ge=1, le=4)]
    count: Annotated[int, Field(ge=1, le=2000)]


class _StoredDevice(_Stored):
    device: str
    fingerprint: str
    version: str = ""
    closed: list[_StoredHole] = []
    largest: list[_StoredSize] = []
    refused: dict[str, Annotated[int, Field(ge=1, le=255)]] = {}


_FILE: Final = TypeAdapter(list[_StoredDevice])


def _read(path: Path) -> dict[str, Remembered]:
    with path.open("rb") as file:
        content = file.read(FILE_LIMIT_BYTES + 1)
    if len(content) > FILE_LIMIT_BYTES:
        raise ValueError(f"it is larger than {FILE_LIMIT_BYTES} bytes")
    try:
        stored = _FILE.validate_json(content)
    except ValidationError as error:
        raise ValueError(f"it is damaged ({error.errors()[0]['msg']})") from error
    return {device.device: _remembered(device) for device in stored}


def _remembered(device: _StoredDevice) -> Remembered:
    learnt = Learnt(
        closed=frozenset(Hole(Table(hole.table), hole.address, hole.count) for hole in device.closed),
        largest={Table(size.table): size.count for size in device.largest},
        refused=device.refused,
    )
    return replace(Remembered(device.fingerprint, device.version), learnt=learnt)


def _written(known: dict[str, Remembered]) -> bytes:
    stored = [
        _StoredDevice(
            device=device,
            fingerprint=remembered.fingerprint,
            version=remembered.version,
            closed=[
                _StoredHole(table=h.table, address=h.address, count=h.count) for h in sorted(remembered.learnt.closed)
            ],
            largest=[_StoredSize(table=table, count=count) for table, count in remembered.learnt.largest.items()],
            refused=dict(remembered.learnt.refused),
        )
        for device, remembered in known.items()
    ]
    return _FILE.dump_json(stored, indent=1) + b"\n"
