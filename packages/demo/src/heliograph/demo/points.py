"""A simulated device as one table: what its registers say, and the definition file that tells how to read them.

Both come from the same `Point`s, so that they cannot disagree.
"""

import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from heliograph.demo.plant import Plant, Snapshot
from heliograph.demo.simulator import COIL, DISCRETE_INPUT, ILLEGAL_ADDRESS, ILLEGAL_VALUE, ModbusFault

Engineering = float | str
Raw = int | float | str

_FORMATS = {
    "U16": ">H", "I16": ">h", "U32": ">I", "I32": ">i", "F32": ">f", "U64": ">Q", "I64": ">q", "F64": ">d",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Point:
    """One variable of a simulated device."""

    index: int
    table: int
    address: int
    kind: str
    """`Info3` with its suffix, e.g. `U32_W`."""
    name: str
    action: int
    value: Callable[[Snapshot], Engineering]
    """What it says, in engineering units."""
    unit: str = ""
    coef_a: str = "1"
    coef_b: str = "0"
    tag: str = ""
    size: str = ""
    """What follows the address in `Info2`: bytes of a `String`, `<bit>_<count>` of `Bits`."""
    scale: str = ""
    """Name of the point that holds the decimal scale factor."""
    exponent: int = 0
    """What that point says."""
    write: Callable[[Plant, float], None] | None = None
    """Takes a written value, in engineering units; absent: read-only."""

    @property
    def line(self) -> str:
        """The line of the definition file."""
        info2 = f"{self.address}_{self.size}" if self.size else str(self.address)
        fields = (self.index, self.table, info2, self.kind, self.scale, self.name, self.tag)
        return ";".join(map(str, (*fields, self.coef_a, self.coef_b, self.unit, self.action)))

    def raw(self, snapshot: Snapshot) -> Raw:
        """What stands in the registers: the coefficients and the scale factor taken off."""
        value = self.value(snapshot)
        if isinstance(value, str):
            return value
        raw = (value - float(self.coef_b)) / float(self.coef_a) / 10.0**self.exponent
        return raw if self.kind.startswith("F") else round(raw)

    def engineering(self, raw: int) -> float:
        """Return the inverse of `raw` for a written register."""
        return float(self.coef_a) * raw * 10.0**self.exponent + float(self.coef_b)

    def words(self, raw: Raw) -> list[int]:
        """Return the registers, or the one bit, that hold a raw value."""
        if self.table in (COIL, DISCRETE_INPUT):
            return [int(bool(raw))]
        kind, _, suffix = self.kind.partition("_")
        if kind == "Bits":
            return [int(raw) << int(self.size.partition("_")[0])]
        if kind in ("U8", "I8"):
            return [(int(raw) & 0xFF) << (0 if self.size == "1" else 8)]
        if isinstance(raw, str):
            return _unpack(raw.encode().ljust(int(self.size), b"\0"))
        words = _unpack(struct.pack(_FORMATS[kind], raw))
        if "W" in suffix:
            words.reverse()
        return [(word & 0xFF) << 8 | word >> 8 for word in words] if "B" in suffix else words


@dataclass(frozen=True, slots=True)
class Description:
    """One kind of simulated device: what a definition file says of it."""

    file: str
    protocol: str
    category: str
    manufacturer: str
    model: str
    points: tuple[Point, ...]

    @property
    def definition(self) -> str:
        """Text of the definition file."""
        head = f"{self.protocol};{self.category};{self.manufacturer};{self.model}"
        return "\n".join((head, *(point.line for point in self.points))) + "\n"


@dataclass(frozen=True, slots=True)
class Served:
    """One answer of a simulated device: what was read from it, and when."""

    time: float
    """Seconds since 1970, UTC."""
    device: str
    table: int
    address: int
    words: tuple[int, ...]


@dataclass(slots=True)
class PlantBank:
    """One simulated device as a server sees it: answers from the plant, takes what may be written."""

    name: str
    description: Description
    plant: Plant
    served: Callable[[Served], None] | None = None
    """Told of every answer, for proofs."""
    _image: dict[tuple[int, int], int] = field(default_factory=dict)
    _second: int = -1

    def read(self, table: int, address: int, count: int) -> list[int]:
        """See `Bank.read`."""
        image = self._fresh_image()
        try:
            words = [image[table, cell] for cell in range(address, address + count)]
        except KeyError:
            raise ModbusFault(ILLEGAL_ADDRESS) from None
        if self.served is not None:
            self.served(Served(time.time(), self.name, table, address, tuple(words)))
        return words

    def write(self, table: int, address: int, values: list[int]) -> None:
        """See `Bank.write`: one writable point at a time."""
        point = next((p for p in self.description.points if (p.table, p.address) == (table, address)), None)
        if point is None or point.write is None or len(values) != 1:
            raise ModbusFault(ILLEGAL_ADDRESS)
        try:
            point.write(self.plant, point.engineering(values[0]))
        except ValueError:
            raise ModbusFault(ILLEGAL_VALUE) from None
        self._image = {**self._fresh_image(), (table, address): values[0]}

    def _fresh_image(self) -> Mapping[tuple[int, int], int]:
        snapshot = self.plant.snapshot()
        if snapshot.second != self._second:
            self._image = image(self.description.points, snapshot)
            self._second = snapshot.second
        return self._image


def image(points: Sequence[Point], snapshot: Snapshot) -> dict[tuple[int, int], int]:
    """Return every cell of a device by table and address; `Bits` of one register come together in it."""
    cells: dict[tuple[int, int], int] = {}
    for point in points:
        for cell, word in enumerate(point.words(point.raw(snapshot)), point.address):
            shared = cells.get((point.table, cell), 0) if point.kind == "Bits" else 0
            cells[point.table, cell] = shared | word
    return cells


def _unpack(data: bytes) -> list[int]:
    return list(struct.unpack(f">{len(data) // 2}H", data))
