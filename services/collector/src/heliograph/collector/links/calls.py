"""What a link is asked: a read or a write of one unit, or a message word for word, before any framing."""

import struct
from dataclasses import dataclass

from heliograph.formats.definition import Table


@dataclass(frozen=True, slots=True)
class ReadCall:
    """Read `count` registers (1 to 125) or bits (1 to 2000) of a table from `address`; the function is the table's."""

    unit: int
    table: Table
    address: int
    count: int

    @property
    def function(self) -> int:
        """The Modbus function code: tables are numbered like the functions that read them."""
        return int(self.table)

    @property
    def byte_count(self) -> int:
        """How many bytes of data the answer carries."""
        return (self.count + 7) // 8 if self.table.is_bits else 2 * self.count


@dataclass(frozen=True, slots=True)
class WriteCall:
    """Write with function 5, 6, 15 or 16 from `address`; `values` are registers, or 0 and 1 for 5 and 15."""

    unit: int
    function: int
    address: int
    values: tuple[int, ...]

    @property
    def table(self) -> Table:
        """The table that it writes to."""
        return Table.COIL if self.function in (5, 15) else Table.HOLDING_REGISTER

    @property
    def confirmation(self) -> bytes:
        """The message that confirms it, from the function code on."""
        if self.function == 5:
            last = 0xFF00 if self.values[0] else 0
        else:
            last = self.values[0] if self.function == 6 else len(self.values)
        return struct.pack(">BHH", self.function, self.address, last)


@dataclass(frozen=True, slots=True)
class RawCall:
    """Pass a message of any function to a unit as it stands: the function code (1 to 127) and up to 252 bytes more."""

    unit: int
    message: bytes

    @property
    def function(self) -> int:
        """The Modbus function code."""
        return self.message[0]

    @property
    def table(self) -> Table:
        """Where a unit that got such a message is asked something that changes nothing."""
        return Table.HOLDING_REGISTER

    @property
    def address(self) -> int:
        """See `table`."""
        return 0


Call = ReadCall | WriteCall | RawCall
