"""What a simulated device holds: four tables behind one small protocol."""

from collections.abc import Iterable, Mapping
from typing import Protocol

COIL, DISCRETE_INPUT, HOLDING_REGISTER, INPUT_REGISTER = 1, 2, 3, 4

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE = 1, 2, 3, 4
TARGET_SILENT = 11


class ModbusFault(Exception):
    """The device refuses: answered as a Modbus exception with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


class Bank(Protocol):
    """The tables of one unit: 1 coils, 2 discrete inputs, 3 holding registers, 4 input registers."""

    def read(self, table: int, address: int, count: int) -> list[int]:
        """Return so many registers (0 to 65535) or bits (0 or 1); raises `ModbusFault`."""
        ...

    def write(self, table: int, address: int, values: list[int]) -> None:
        """Take registers or bits; raises `ModbusFault`."""
        ...


class Registers:
    """Plain tables: what was put in can be read and written, every other address is illegal."""

    def __init__(self, tables: Mapping[int, Mapping[int, int]] | None = None) -> None:
        self.tables: dict[int, dict[int, int]] = {table: {} for table in range(1, 5)}
        for table, cells in (tables or {}).items():
            self.tables[table].update(cells)

    def put(self, table: int, address: int, values: Iterable[int]) -> None:
        """Set cells from an address on; they exist from now on."""
        self.tables[table].update(enumerate(values, address))

    def read(self, table: int, address: int, count: int) -> list[int]:
        """See `Bank.read`."""
        cells = self.tables[table]
        try:
            return [cells[cell] for cell in range(address, address + count)]
        except KeyError:
            raise ModbusFault(ILLEGAL_ADDRESS) from None

    def write(self, table: int, address: int, values: list[int]) -> None:
        """See `Bank.write`."""
        self.read(table, address, len(values))
        self.put(table, address, values)
