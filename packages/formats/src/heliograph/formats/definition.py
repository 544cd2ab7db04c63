"""Definition files: what a device's variables are and how they are read (spec 2.2)."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

RELAY = "3"
"""`Info1` of the relay in a definition of the gateway's own inputs and outputs."""


class Protocol(StrEnum):
    """The first field of a definition, in its canonical spelling."""

    MODBUS_RTU = "modbusRTU"
    MODBUS_TCP = "modbusTCP"
    IO = "io"
    TIC = "tic"


class Table(IntEnum):
    """`Info1` of a Modbus variable: the four tables of a Modbus device."""

    COIL = 1
    DISCRETE_INPUT = 2
    HOLDING_REGISTER = 3
    INPUT_REGISTER = 4

    @property
    def is_bits(self) -> bool:
        """Whether the table holds single bits instead of registers."""
        return self in (Table.COIL, Table.DISCRETE_INPUT)

    @property
    def is_writable(self) -> bool:
        """Whether Modbus has a function that writes to the table."""
        return self in (Table.COIL, Table.HOLDING_REGISTER)


class Kind(StrEnum):
    """`Info3` of a Modbus variable without its suffix: how its registers are read."""

    U8 = "U8"
    I8 = "I8"
    U16 = "U16"
    I16 = "I16"
    U32 = "U32"
    I32 = "I32"
    F32 = "F32"
    U64 = "U64"
    I64 = "I64"
    F64 = "F64"
    STRING = "String"
    BITS = "Bits"
    IP = "IP"
    IPV6 = "IPV6"
    MAC = "MAC"

    @property
    def is_text(self) -> bool:
        """Whether values are texts, to which coefficients and statistics never apply."""
        return self in (Kind.STRING, Kind.IP, Kind.IPV6, Kind.MAC)

    @property
    def is_float(self) -> bool:
        """Whether values are IEEE 754 floats."""
        return self in (Kind.F32, Kind.F64)


@dataclass(frozen=True, slots=True)
class ModbusPoint:
    """Where a Modbus variable lies and how it is read, from `Info1` to `Info3`."""

    table: Table
    address: int
    """As sent on the wire, 0 to 65535."""
    count: int
    """Registers that it takes; for coils and discrete inputs, bits."""
    kind: Kind
    swap_words: bool = False
    swap_bytes: bool = False
    byte_offset: int = 0
    """`U8`, `I8`: 0 the high byte, 1 the low one."""
    length: int = 0
    """`String`: bytes."""
    bit: int = 0
    """`Bits`: the first bit, 0 the least significant."""
    bits: int = 1
    """`Bits`: how many."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable line of a definition."""

    line: int
    """1-based line in the file."""
    index: str
    info: tuple[str, str, str, str]
    """`Info1` to `Info4` as written, without blanks at their ends."""
    name: str
    tag: str
    coef_a: float
    coef_b: float
    unit: str
    action: int
    point: ModbusPoint | None = None
    """For Modbus protocols."""
    scale_factor: str = ""
    """Name of the variable that holds the decimal scale factor (`Info4`), or empty."""

    @property
    def is_statistic(self) -> bool:
        """Whether a record holds minimum, maximum and mean (actions 2, 6, 7)."""
        return bool(self.action & 2)

    @property
    def is_instant(self) -> bool:
        """Whether a record holds the value at its time (actions 4, 6, 7, 8, 9)."""
        return bool(self.action & 12)

    @property
    def is_alarm(self) -> bool:
        """Whether each change of the raw value is an alarm (actions 8, 9)."""
        return bool(self.action & 8)

    @property
    def is_parameter(self) -> bool:
        """Whether `getParameters` reads it (actions 1, 7, 9)."""
        return bool(self.action & 1)

    @property
    def is_recorded(self) -> bool:
        """Whether it stands in data files, and so is polled continuously (actions 2, 4, 6 to 9)."""
        return bool(self.action & 14)

    @property
    def fields(self) -> int:
        """How many fields of a data row it takes: 0, 1, 3 or 4; statistics stand before the instant value."""
        return 3 * self.is_statistic + self.is_instant


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition file, validated."""

    file: str
    """Its file name, as `_daq.csv` names it."""
    protocol: Protocol
    written_protocol: str
    """The first field as written; data files repeat it."""
    category: str
    manufacturer: str
    model: str
    forced_write: int | None
    """Function code 5, 6, 15 or 16 for every write, or None for the table of spec 2.2."""
    variables: tuple[Variable, ...]
    digest: str
    """SHA-256 of the content, in hexadecimal."""

    @property
    def recorded(self) -> tuple[Variable, ...]:
        """The variables of a data row, in its order."""
        return tuple(v for v in self.variables if v.is_recorded)

    def can_write(self, variable: Variable) -> bool:
        """Tell whether a variable can be written: coils, holding registers and the gateway's relay."""
        if variable.point is not None:
            return variable.point.table.is_writable
        return self.protocol is Protocol.IO and variable.info[0] == RELAY

    @property
    def parameters(self) -> tuple[Variable, ...]:
        """The variables of a parameter row, in its order."""
        return tuple(v for v in self.variables if v.is_parameter)
