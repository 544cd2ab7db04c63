"""One variable of one device on a line: what reads it, what writes it, and what it says then. One call is one turn."""

from dataclasses import dataclass

from heliograph.collector.alarms import as_recorded
from heliograph.collector.asking import Asker
from heliograph.collector.blocks import MOST_REGISTERS
from heliograph.collector.decode import decode_value
from heliograph.collector.effects import Effect, effect_of, value_of
from heliograph.collector.encode import Raw, encode, needs_current, write_calls
from heliograph.collector.errors import Refusal, Unconfirmed
from heliograph.collector.guard import Guard
from heliograph.collector.links import LinkFailure, ModbusException, NoAnswer, NobodyBehind, ReadCall, WriteCall
from heliograph.collector.revision import Station
from heliograph.contract.records import Value
from heliograph.formats.definition import ModbusPoint, Variable


@dataclass(frozen=True, slots=True)
class Target:
    """A variable to be read or written alone."""

    station: Station
    variable: Variable
    point: ModbusPoint

    def __str__(self) -> str:
        return f"{self.variable.name!r} of {self.station.device.name}"

    async def read(self, asker: Asker) -> bytes:
        """Return the bytes of its registers or its bit. Raises as `Link.read`."""
        device, point = self.station.device, self.point
        limit = point.count if point.table.is_bits else min(device.max_registers, MOST_REGISTERS)
        parts = [
            ReadCall(device.address, point.table, point.address + at, min(limit, point.count - at))
            for at in range(0, point.count, limit)
        ]
        return b"".join([await asker.read(part) for part in parts])

    async def write(self, asker: Asker, raw: Raw, guard: Guard, *, verify: bool) -> bytes | None:
        """Write, and return what is read back: None where it cannot be read or shall not be verified.

        Where only a part of a register changes, the register is read before, in the same turn. Raises `Refusal`.
        """
        current = await self.read(asker) if needs_current(self.point) else b""
        calls = self.calls(raw, current)
        if text := await guard.refusal(self.station.link, effect_of(*calls), asker.read, self._before(current)):
            raise Refusal(text)
        for call in calls:
            try:
                await asker.write(call)
            except (NoAnswer, NobodyBehind) as silence:
                text = f"{self} may have been written, the device did not confirm it: {silence}"
                raise Unconfirmed(text) from silence
        return await self._read_back(asker) if verify else None

    def calls(self, raw: Raw, current: bytes) -> tuple[WriteCall, ...]:
        """Return the writes of a value. Raises `Refusal` where it does not fit or the variable is read-only."""
        device, definition = self.station.device, self.station.definition
        try:
            return write_calls(device.address, self.point, encode(self.point, raw, current), definition.forced_write)
        except ValueError as error:
            raise Refusal(f"{self}: {error}") from error

    def decoded(self, data: bytes) -> Value:
        """Return the raw value of these bytes, as it would be recorded."""
        return as_recorded(self.variable, decode_value(self.point, data))

    def becomes(self, raw: Raw, current: bytes) -> Value:
        """Return what reads back after `raw` was written; `current` gives the rest of a shared register."""
        return value_of(self.variable, self.point, encode(self.point, raw, current))

    async def _read_back(self, asker: Asker) -> bytes | None:
        try:
            return await self.read(asker)
        except NobodyBehind as failure:
            raise Unconfirmed(f"{self} was written, but could not be read back: {failure}") from failure
        except ModbusException:
            return None
        except LinkFailure as failure:
            raise Unconfirmed(f"{self} was written, but could not be read back: {failure}") from failure

    def _before(self, current: bytes) -> Effect | None:
        if not current:
            return None
        return Effect(
            self.station.device.address, {(self.point.table, self.point.address): int.from_bytes(current[:2])}
        )


def target_of(station: Station, index: str) -> Target:
    """Return the variable of that Index. Raises `Refusal`."""
    variable = next((v for v in station.definition.variables if v.index == index), None)
    if variable is None or variable.point is None:
        raise Refusal(f"{station.device.name} has no variable {index!r} in {station.definition.file}")
    return Target(station, variable, variable.point)
