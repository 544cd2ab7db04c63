"""`<uid>_daq.csv`: serial lines and devices (spec 2.1)."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SerialLine:
    """One line of the serial section."""

    number: Literal[1, 2, 3]
    """`SERIAL1` to `SERIAL3`."""
    baudrate: int = 19200
    data_bits: int = 8
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: int = 1
    wires: int = 2
    """2: one pair for both directions. 4: a pair for each; the transmitter may stay on, and no echo is expected."""
    protocol: str = "modbusRTU"
    """Canonical spelling where this gateway supports it, else as written."""
    interframe_ms: int = 0
    forwarded_port: int | None = None
    """Where Modbus TCP is served for this line; None = nowhere."""

    @property
    def name(self) -> str:
        """`SERIAL1` to `SERIAL3`."""
        return f"SERIAL{self.number}"

    @property
    def is_supported(self) -> bool:
        """Whether this gateway polls such a line."""
        return self.protocol == "modbusRTU"


@dataclass(frozen=True, slots=True)
class SerialInterface:
    """A device behind a serial line."""

    number: Literal[1, 2, 3]

    def __str__(self) -> str:
        return f"SERIAL{self.number}"


@dataclass(frozen=True, slots=True)
class TcpInterface:
    """A device behind a Modbus TCP host."""

    host: str
    """Name or address; IPv6 without brackets."""
    port: int = 502

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Device:
    """One line of the device section."""

    line: int
    """1-based line in the file."""
    index: str
    """A number, `IO` or `TIC1`."""
    interface: SerialInterface | TcpInterface | None
    """None for `IO` and `TIC1`."""
    name: str
    address: int
    """Modbus unit; 0 where there is none."""
    period_seconds: int = 600
    timeout_ms: int = 1000
    serial_number: str = ""
    keep_alive: bool = True
    poll_ms: int = 1000
    """Least time between the starts of two polls of this device; 0 polls as fast as it answers."""
    max_registers: int = 125
    gap: int = 0
    sleeps: bool = False
    bit_rate: int | None = None
    """`TIC1`: 1200 or 9600."""
    category: str = ""
    model: str = ""
    definition: str = ""
    """File name in `/DEF`."""

    @property
    def kind(self) -> Literal["MODBUS", "IO", "TIC"]:
        """The interface kind, as data files are named after it (spec 3.1)."""
        if self.index == "IO":
            return "IO"
        return "TIC" if self.index == "TIC1" else "MODBUS"


@dataclass(frozen=True, slots=True)
class Daq:
    """A `_daq.csv`, validated."""

    lines: tuple[SerialLine, ...]
    devices: tuple[Device, ...]
