"""Which answer comes next: each recorded request is answered as recorded, in order, and from the start after the end.

What was never asked is answered from the registers that the trace tells of, as they stand at this place of it.
"""

import struct
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from heliograph.demo.replay.exchanges import Answer, Exchange, Recording, split_rtu, split_tcp
from heliograph.demo.simulator import Registers
from heliograph.demo.simulator.answers import answer
from heliograph.demo.simulator.crc import crc16
from heliograph.formats.definition import Definition, Variable

EXCEPTION_BIT: Final = 0x80
Answers = list[tuple[float, bytes | None]]
_READS: Final = (1, 2, 3, 4)


class ReplayedDevice:
    """The devices of a recording. `is_serial` says how it is served, which may differ from how it was recorded."""

    def __init__(self, recording: Recording, *, is_serial: bool) -> None:
        self.known = 0
        """Requests that were answered as recorded."""
        self.unknown = 0
        """Requests that the recording does not have."""
        self._recorded_serial = recording.is_serial
        self._is_serial = is_serial
        self._scripts: dict[tuple[int, bytes], list[Exchange]] = defaultdict(list)
        self._next: Counter[tuple[int, bytes]] = Counter()
        self._units: dict[int, Registers] = defaultdict(Registers)
        for exchange in recording.exchanges:
            self._scripts[exchange.unit, exchange.message].append(exchange)
        for exchange in reversed(recording.exchanges):
            self._learn(exchange)

    def respond(self, frame: bytes) -> Answers:
        """Return what answers a request frame. See `Respond`."""
        whole = split_rtu(frame) if self._is_serial else split_tcp(frame)
        if whole is None:
            return []
        script = self._scripts.get(whole)
        if script is None:
            self.unknown += 1
            return self._invented(*whole, frame)
        self.known += 1
        exchange = script[self._next[whole] % len(script)]
        self._next[whole] += 1
        self._learn(exchange)
        return [shown for each in exchange.answers for shown in self._shown(each, exchange, frame)]

    def covers(self, unit: int, variable: Variable) -> bool:
        """Whether the trace tells of a variable."""
        point = variable.point
        if point is None or unit not in self._units:
            return False
        cells = self._units[unit].tables[int(point.table)]
        return all(cell in cells for cell in range(point.address, point.address + point.count))

    def missing(self, definition: Definition) -> list[str]:
        """Return the names of the variables that the trace tells of at no unit."""
        units = sorted(self._units)
        return [v.name for v in definition.variables if not any(self.covers(unit, v) for unit in units)]

    def units(self) -> list[int]:
        """Return the units that were asked."""
        return sorted({unit for unit, _ in self._scripts})

    def _shown(self, each: Answer, exchange: Exchange, frame: bytes) -> Iterator[tuple[float, bytes | None]]:
        if each.is_cut:
            if not self._is_serial:
                yield each.seconds, None
        elif self._is_serial == self._recorded_serial:
            yield each.seconds, each.frame if self._is_serial else _with_transaction(each.frame, exchange.frame, frame)
        elif each.message:
            yield each.seconds, self._framed(each.unit, each.message, frame)

    def _invented(self, unit: int, message: bytes, frame: bytes) -> Answers:
        if unit not in self._units:
            return []
        return [(0.0, self._framed(unit, answer(self._units[unit], message), frame))]

    def _framed(self, unit: int, message: bytes, request: bytes) -> bytes:
        body = bytes((unit,)) + message
        return body + crc16(body) if self._is_serial else request[:4] + len(body).to_bytes(2) + body

    def _learn(self, exchange: Exchange) -> None:
        """Take over the registers that an exchange tells of."""
        for each in exchange.answers:
            if each.unit == exchange.unit and each.message and not each.message[0] & EXCEPTION_BIT:
                _put(self._units[exchange.unit], exchange.message, each.message)


def _with_transaction(frame: bytes, recorded: bytes, request: bytes) -> bytes:
    """Return a recorded answer for a request of today: its transaction is as far from the request's as it was."""
    if len(frame) < 2:
        return frame
    distance = int.from_bytes(frame[:2]) - int.from_bytes(recorded[:2])
    return ((int.from_bytes(request[:2]) + distance) & 0xFFFF).to_bytes(2) + frame[2:]


def _put(registers: Registers, request: bytes, message: bytes) -> None:
    if request[0] != message[0] or len(request) < 5:
        return
    function, address, count = struct.unpack_from(">BHH", request)
    if function in _READS:
        data = message[2:]
        values = _bits(data, count) if function in (1, 2) else list(struct.unpack(f">{len(data) // 2}H", _even(data)))
        if len(values) == count:
            registers.put(function, address, values)
    elif function in (5, 6):
        registers.put(1 if function == 5 else 3, address, [count >> 15 if function == 5 else count])
    elif function in (15, 16):
        data = request[6:]
        values = _bits(data, count) if function == 15 else list(struct.unpack(f">{len(data) // 2}H", _even(data)))
        registers.put(1 if function == 15 else 3, address, values[:count])


def _bits(data: bytes, count: int) -> list[int]:
    return [data[place // 8] >> place % 8 & 1 for place in range(min(count, 8 * len(data)))]


def _even(data: bytes) -> bytes:
    return data[: len(data) // 2 * 2]


def listed(names: Sequence[str], most: int = 10) -> str:
    """Return some names for people."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
