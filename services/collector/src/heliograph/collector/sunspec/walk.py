"""Examines one unit: is something there, is it SunSpec, and which models does its chain hold (spec 2.4).

Bounded in every direction, whatever a device answers: tries, time, number of models, registers.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from heliograph.collector.decode import decode_value
from heliograph.collector.links import LinkDown, ModbusException, NoAnswer, ReadCall, Silence
from heliograph.collector.sunspec.asking import Asker
from heliograph.collector.sunspec.catalogue import Catalogue
from heliograph.formats.definition import Kind, ModbusPoint, Table
from heliograph.formats.sunspec import FoundModel, Identity, Layout, Model, ValueWanted, laid_out
from heliograph.runtime import Clock

BASES: Final = (40_000, 0, 50_000)
MARK: Final = b"SunS"
MARK_REGISTERS: Final = 2
HEAD_REGISTERS: Final = 2
END: Final = 0xFFFF
COMMON: Final = 1
MOST_MODELS: Final = 128
REGISTERS: Final = 65_536
UNIT_SECONDS: Final = 180.0
"""Most time for one unit; what was found until then counts."""

TRIES: Final = 3
"""Of one request to a device that is known to be there."""
BUSY: Final = (5, 6)
BUSY_SECONDS: Final = 0.3
NOBODY: Final = (10, 11)
"""Exceptions of a gateway for a unit that is not behind it."""
LINK_SECONDS: Final = 30.0
"""A link that was open and is away for longer than this ends the search of what is behind it."""
LEAST_WAIT_SECONDS: Final = 0.2

FIELDS: Final = ("Mn", "Md", "Opt", "Vr", "SN")
MOST_FIELD_REGISTERS: Final = 16

OnTable = Callable[[FoundModel], None]


class Nothing(Enum):
    """What a unit is that is no SunSpec device."""

    ABSENT = "absent"
    OTHER = "other"
    """Something answers, and does not speak SunSpec."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What one SunSpec device holds."""

    base: int
    """Where `SunS` stands."""
    models: tuple[FoundModel, ...]
    identity: Identity
    notes: tuple[str, ...] = ()
    """For people: what is wrong with its chain."""


@dataclass(slots=True)
class Examination:
    """The examination of one unit; raises `LinkDown` where the link does not come back."""

    asker: Asker
    unit: int
    seconds: float
    """Time limit of one answer."""
    catalogue: Catalogue
    clock: Clock
    on_device: Callable[[], None]
    """Told as soon as `SunS` was read."""
    on_table: OnTable
    reached: bool = False
    """Whether this interface was ever open: then a link that is lost is waited for."""
    notes: list[str] = field(default_factory=list)
    _ends: float = 0.0

    async def run(self) -> Chain | Nothing:
        """Probe the bases one after the other; walk the chain of the first that has one."""
        self._ends = self.clock.monotonic() + UNIT_SECONDS
        answers = False
        for base in BASES:
            try:
                data = await self._read(base, MARK_REGISTERS, tries=1)
            except NoAnswer:
                continue
            except ModbusException as refusal:
                if refusal.code in NOBODY:
                    return Nothing.ABSENT
                answers = True
                continue
            if data == MARK:
                self.on_device()
                return await self._chain(base)
            answers = True
        return Nothing.OTHER if answers else Nothing.ABSENT

    async def _chain(self, base: int) -> Chain:
        models: list[FoundModel] = []
        identity = Identity()
        at = base + MARK_REGISTERS
        while (head := await self._head(at, len(models))) is not None:
            number, length = head
            found = FoundModel(number, length, at)
            self.on_table(found)
            model = await asyncio.to_thread(self.catalogue.model, number)
            if model is not None:
                found = await self._laid_out(found, model)
            if number == COMMON and found.layout is not None and identity == Identity():
                identity = await self._identity(found, found.layout)
            models.append(found)
            at += HEAD_REGISTERS + length
        if not any(model.number == COMMON for model in models):
            self.notes.append("it has no model 1, so that it does not say what it is")
        return Chain(base, tuple(models), identity, tuple(self.notes))

    async def _head(self, at: int, known: int) -> tuple[int, int] | None:
        """Return number and length of the model at a register; None at the end of the chain, whatever ends it."""
        if at + HEAD_REGISTERS > REGISTERS:
            self.notes.append(f"its chain has no end: it reaches register {REGISTERS - 1}")
            return None
        try:
            data = await self._read(at, HEAD_REGISTERS)
        except (NoAnswer, ModbusException) as failure:
            self.notes.append(f"its chain has no end: at register {at}: {failure}")
            return None
        number, length = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big")
        if number == END:
            return None
        broken = self._fault(number, length, at, known)
        if broken:
            self.notes.append(broken)
            return None
        return number, length

    def _fault(self, number: int, length: int, at: int, known: int) -> str:
        if number == 0:
            return f"its chain has no end: no model begins at register {at}"
        if at + HEAD_REGISTERS + length > REGISTERS:
            return f"its chain ends wrongly: model {number} at {at} with length {length} reaches beyond register 65535"
        if known >= MOST_MODELS:
            return f"its chain has no end: more than {MOST_MODELS} models"
        return ""

    async def _laid_out(self, found: FoundModel, model: Model) -> FoundModel:
        """Find the points of a model; the counts of its repeating blocks are read as they are needed."""
        values: dict[int, int] = {}
        while True:
            try:
                return replace(found, layout=laid_out(model, found.length, values))
            except ValueWanted as wanted:
                values[wanted.offset] = await self._count(found.register + wanted.offset, model.id)

    async def _count(self, register: int, number: int) -> int:
        try:
            return int.from_bytes(await self._read(register, 1), "big")
        except (NoAnswer, ModbusException) as failure:
            self.notes.append(f"model {number}: how often its blocks repeat cannot be read: {failure}")
            return END

    async def _identity(self, found: FoundModel, layout: Layout) -> Identity:
        """Read what the device says of itself: in one request, or field by field where that is refused."""
        fields = {place.name: place for place in layout.places if place.name in FIELDS}
        spans = {name: (place.offset, min(place.point.size, MOST_FIELD_REGISTERS)) for name, place in fields.items()}
        if not spans:
            return Identity()
        first = min(offset for offset, _ in spans.values())
        last = max(offset + size for offset, size in spans.values())
        try:
            whole = await self._read(found.register + first, last - first)
        except (NoAnswer, ModbusException):
            texts = {name: await self._text(found.register + offset, size) for name, (offset, size) in spans.items()}
        else:
            texts = {
                name: _as_text(whole[2 * (offset - first) : 2 * (offset - first + size)])
                for name, (offset, size) in spans.items()
            }
        return Identity(*(texts.get(name, "") for name in FIELDS))

    async def _text(self, register: int, size: int) -> str:
        try:
            return _as_text(await self._read(register, size))
        except (NoAnswer, ModbusException) as failure:
            self.notes.append(f"what it says of itself cannot be read at register {register}: {failure}")
            return ""

    async def _read(self, address: int, count: int, tries: int = TRIES) -> bytes:
        """Read registers; `tries` are those of a silent device. Raises as `Link.read`."""
        call = ReadCall(self.unit, Table.HOLDING_REGISTER, address, count)
        tried = 0
        lost_until = math.inf
        while True:
            if self.clock.monotonic() > self._ends:
                raise NoAnswer(f"the search of this unit took longer than {UNIT_SECONDS:g} s")
            try:
                data = await self.asker.read(call, self.seconds)
            except LinkDown as down:
                lost_until = min(lost_until, self.clock.monotonic() + LINK_SECONDS)
                if not self.reached or self.clock.monotonic() + down.retry_in > lost_until:
                    raise
                await self.clock.sleep(max(LEAST_WAIT_SECONDS, down.retry_in))
            except (ModbusException, NoAnswer) as failure:
                self.reached = True
                tried += 1
                wait = _wait_after(failure)
                if wait is None or tried >= (tries if isinstance(failure, Silence) else TRIES):
                    raise
                await self.clock.sleep(wait)
            else:
                self.reached = True
                return data


def _wait_after(failure: ModbusException | NoAnswer) -> float | None:
    """Return how long to wait before the same request once more; None where another try is in vain."""
    if isinstance(failure, ModbusException):
        return BUSY_SECONDS if failure.code in BUSY else None
    return 0.0


def _as_text(data: bytes) -> str:
    text = decode_value(ModbusPoint(Table.HOLDING_REGISTER, 0, len(data) // 2, Kind.STRING, length=len(data)), data)
    return str(text or "").strip()
