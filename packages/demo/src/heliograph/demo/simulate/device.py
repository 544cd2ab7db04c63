"""One simulated device as a server sees it: registers from values, writes into set points, a note of each answer."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from heliograph.demo.simulate.defaults import sunspec_sizes
from heliograph.demo.simulate.reading import DeviceSpec
from heliograph.demo.simulate.registers import Raw, raw_of_engineering, raw_of_words, words_of_raw
from heliograph.demo.simulate.served import ServedValue
from heliograph.demo.simulate.signals import Signals
from heliograph.demo.simulator import ILLEGAL_ADDRESS, ILLEGAL_VALUE, ModbusFault
from heliograph.formats import engineering_value
from heliograph.formats.definition import Kind, ModbusPoint, Variable

SUNSPEC_MARK: Final = (0x5375, 0x6E53)
SUNSPEC_END: Final = (0xFFFF, 0)
NOT_IMPLEMENTED: Final = 0x8000
_SHARED: Final = (Kind.BITS, Kind.U8, Kind.I8)

Cells = dict[tuple[int, int], int]


class SimulatedDevice:
    """A `Bank`. `served` is told of every good answer; `spoiled` tells whether what is answered now is spoiled."""

    def __init__(
        self,
        spec: DeviceSpec,
        signals: Signals,
        served: Callable[[Sequence[ServedValue]], None] | None = None,
        spoiled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.spec = spec
        self._signals = signals
        self._served = served
        self._spoiled = spoiled
        self._variables = tuple((v, v.point) for v in spec.definition.variables if v.point is not None)
        self._scales = {v.name: v.index for v in spec.definition.variables}
        self._ground = _ground(spec)
        self._image: Cells = {}
        self._raws: dict[str, Raw] = {}
        self._time = float("nan")

    def read(self, table: int, address: int, count: int) -> list[int]:
        """See `Bank.read`."""
        with self._signals.lock:
            self._look()
            try:
                words = [self._image[table, cell] for cell in range(address, address + count)]
            except KeyError:
                raise ModbusFault(ILLEGAL_ADDRESS) from None
            if self._served is not None and not self._spoiled():
                self._served(self._told(table, address, count))
        return words

    def write(self, table: int, address: int, values: list[int]) -> None:
        """See `Bank.write`: whole set points and nothing beside them, all or none."""
        with self._signals.lock:
            self._look()
            cells = {(table, cell): value for cell, value in enumerate(values, address)}
            wanted = self._wanted(cells)
            for variable, value in wanted:
                self._check(variable, value)
            moment = self._signals.timeline.time()
            for variable, value in wanted:
                self._signals.write((self.spec.name, variable.index), value, moment)
            self._time = float("nan")

    def _wanted(self, cells: Cells) -> list[tuple[Variable, float]]:
        """Return what a write means: each set point that changes. Raises `ModbusFault`."""
        left = set(cells)
        wanted = []
        for variable, point in self._variables:
            own = _cells(point)
            if cells.keys().isdisjoint(own):
                continue
            if not set(own) <= cells.keys():
                raise ModbusFault(ILLEGAL_ADDRESS)
            left -= set(own)
            raw = raw_of_words(point, [cells[cell] for cell in own])
            if not self._signals.is_writable((self.spec.name, variable.index)):
                if point.kind in _SHARED and raw == self._raws[variable.index]:
                    continue
                raise ModbusFault(ILLEGAL_ADDRESS)
            value = engineering_value(variable, raw, self._exponent(variable))
            if not isinstance(value, int | float):
                raise ModbusFault(ILLEGAL_VALUE)
            wanted.append((variable, float(value)))
        if left or not wanted:
            raise ModbusFault(ILLEGAL_ADDRESS)
        return wanted

    def _check(self, variable: Variable, value: float) -> None:
        point = self.spec.values[variable.index].writable
        if point is None or not point.min <= value <= point.max:
            raise ModbusFault(ILLEGAL_VALUE)

    def _look(self) -> None:
        """Bring the registers to the plant's time of now."""
        now = self._signals.timeline.time()
        if now == self._time:
            return
        image = dict(self._ground)
        raws: dict[str, Raw] = {}
        shared: set[tuple[int, int]] = set()
        for variable, _ in self._in_order():
            value = self._signals.value((self.spec.name, variable.index), now)
            raws[variable.index] = raw_of_engineering(variable, value, self._exponent(variable, raws))
        for variable, point in self._variables:
            for cell, word in zip(_cells(point), words_of_raw(point, raws[variable.index]), strict=True):
                image[cell] = image[cell] | word if cell in shared else word
                if point.kind in _SHARED:
                    shared.add(cell)
        self._image, self._raws, self._time = image, raws, now

    def _in_order(self) -> Iterable[tuple[Variable, ModbusPoint]]:
        """Give the scale factors before what they scale."""
        return sorted(self._variables, key=lambda entry: bool(entry[0].scale_factor))

    def _exponent(self, variable: Variable, raws: dict[str, Raw] | None = None) -> int:
        if not variable.scale_factor:
            return 0
        raw = (self._raws if raws is None else raws).get(self._scales[variable.scale_factor], 0)
        return int(raw) if isinstance(raw, int | float) and abs(raw) <= 12 else 0

    def _told(self, table: int, address: int, count: int) -> list[ServedValue]:
        now = time.time()
        found = []
        for variable, point in self._variables:
            if point.table == table and address <= point.address and point.address + point.count <= address + count:
                cells = [self._image[cell] for cell in _cells(point)]
                raw = raw_of_words(point, cells)
                engineering = engineering_value(variable, raw, self._exponent(variable))
                found.append(ServedValue(now, self.spec.name, variable.index, raw, engineering))
        return found


def _cells(point: ModbusPoint) -> list[tuple[int, int]]:
    return [(int(point.table), cell) for cell in range(point.address, point.address + point.count)]


def _ground(spec: DeviceSpec) -> Cells:
    """Return the cells beside the variables: what stands between them, the mark and the end of a SunSpec device."""
    cells: Cells = {}
    points = [v.point for v in spec.definition.variables if v.point is not None]
    if spec.entry.holes == "zero":
        for table in {int(point.table) for point in points}:
            places = [cell for point in points for kind, cell in _cells(point) if kind == table]
            cells |= {(table, cell): 0 for cell in range(min(places), max(places) + 1)}
    if sunspec_sizes(spec.definition):
        heads = [v.point for v in spec.definition.variables if v.point and v.name.endswith("_tableId")]
        table, begin = int(heads[0].table), min(head.address for head in heads)
        end = max(point.address + point.count for point in points if point.table == heads[0].table)
        cells |= {(table, cell): NOT_IMPLEMENTED for cell in range(begin, end)}
        cells |= {(table, cell): word for cell, word in enumerate(SUNSPEC_MARK, begin - 2) if begin >= 2}
        cells |= {(table, cell): word for cell, word in enumerate(SUNSPEC_END, end) if cell <= 0xFFFF}
    return cells
