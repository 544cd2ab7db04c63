"""`reference/daq.md`: the columns of `_daq.csv`, from its sections and their standard values."""

from collections.abc import Iterator, Mapping
from typing import Final

from heliograph.formats.daq import Device, SerialLine
from heliograph.formats.daq_device import PERIOD_LIMIT_SECONDS, SERIAL_UNITS, TIMEOUT_LIMIT_MS
from heliograph.formats.daq_sections import DEVICES, SERIAL, SectionKind
from heliograph.formats.daq_serial import BAUDRATES, INTERFRAME_LIMIT_MS, LINES
from heliograph.formats.device_parameters import BIT_RATES, DEFAULTS, RANGES
from reference.tables import code, matched, page, table

LINE: Final = SerialLine(number=1)
DEVICE: Final = Device(line=0, index="0", interface=None, name="", address=0)
Words = Mapping[str, tuple[str, str, object]]
"""By column: meaning, values, default."""

SERIAL_WORDS: Final[Words] = {
    "type": ("Which line; its port comes from the environment (`SERIAL1_DEVICE`)", ", ".join(LINES), ""),
    "baudrate": ("Bits per second", ", ".join(BAUDRATES), LINE.baudrate),
    "data_bits": ("Data bits", "7, 8", LINE.data_bits),
    "parity": ("Parity: none, even, odd", "N, E, O", LINE.parity),
    "stop_bits": ("Stop bits", "1, 2", LINE.stop_bits),
    "wires": ("2: one pair, switched by the adapter; 4: two pairs", "2, 4", LINE.wires),
    "protocol": ("Other protocols are kept, and not polled", "modbusRTU, Modbus", LINE.protocol),
    "interframe(ms)": ("Extra silence before each frame", f"0 to {INTERFRAME_LIMIT_MS}", LINE.interframe_ms),
    "forwardedTcpPort": ("Modbus TCP port by which other masters reach the line; empty: off", "1 to 65535", ""),
}
DEVICE_WORDS: Final[Words] = {
    "index": ("Number of the device in data files; `IO`: own inputs and outputs; `TIC1`: a French meter", "0 …, IO, TIC1", ""),
    "interface": (
        "Where it is; empty for `IO` and `TIC1`; the port is 502 unless given",
        "SERIAL1 … SERIAL3, host, host:port, [IPv6]:port",
        "",
    ),
    "name": ("Its name on the page, over MQTT, for scripts; unique", "text", "interface and address"),
    "address": (
        "Modbus unit",
        f"{SERIAL_UNITS[0]} to {SERIAL_UNITS[-1]}; on TCP 0 to 247, 255",
        "",
    ),
    "acqPeriod(s)": ("A record is made each such period", f"1 to {PERIOD_LIMIT_SECONDS}", DEVICE.period_seconds),
    "timeout(ms)": ("Time limit of an answer", f"1 to {TIMEOUT_LIMIT_MS}", DEVICE.timeout_ms),
    "serialNumber": ("`TIC1`: printed in the data file", "text", ""),
    "parameters": ("See below", "", int(DEVICE.keep_alive)),
    "category": ("For people; filled from the definition", "text", ""),
    "model": ("For people; filled from the definition", "text", ""),
    "defFile": ("Definition in `DEF/`", "a plain file name", ""),
}  # fmt: skip
PARAMETER_WORDS: Final = {
    "poll": "Least milliseconds between the starts of two polls; 0: as fast as it answers",
    "maxRegisters": "Registers in one request at most",
    "gap": "Registers that a request may read across without need",
    "sleeps": "1: silence at night is expected",
}
PURPOSE: Final = "`CONFIG/<uid>_daq.csv` names the serial lines and the devices: its sections and their columns."


def text() -> str:
    """The page."""
    return page(
        "Columns of `_daq.csv`",
        PURPOSE,
        "`heliograph/formats/daq_sections.py` and its neighbours",
        _introduction(),
        _section("Serial lines", SERIAL, SERIAL_WORDS),
        _section("Devices", DEVICES, DEVICE_WORDS),
        _parameters(),
    )


def _introduction() -> Iterator[str]:
    yield "Sections, each with its header line; fields between `;`. Columns are known by their names in the header, unknown"
    yield "sections are kept word for word. Lines that begin with `#` are comments."
    yield ""


def _section(title: str, kind: SectionKind, words: Words) -> Iterator[str]:
    matched(f"_daq.csv, {title}", words, kind.columns)
    yield f"## {title}"
    yield ""
    yield "```"
    yield ";".join(kind.columns)
    yield "```"
    yield ""
    rows = [(name, *words[name]) for name in kind.columns]
    yield from table(
        ("column", "meaning", "values", "default"),
        (
            (code(name), meaning, values, "needed" if name in kind.needed else code(default))
            for name, meaning, values, default in rows
        ),
    )


def _parameters() -> Iterator[str]:
    matched("parameters of a device", PARAMETER_WORDS, RANGES)
    yield "## Parameters of a device"
    yield ""
    yield "`0` or `1` (Modbus TCP: the connection is kept alive) and `key=value` pairs, in any order, between commas, as in"
    yield f"`1,poll=5000,gap=4`. For `TIC1` it is the bit rate: {' or '.join(BIT_RATES)}."
    yield ""
    yield from table(
        ("key", "meaning", "values", "default"),
        ((code(k), PARAMETER_WORDS[k], f"{low} to {high}", code(DEFAULTS[k])) for k, (low, high) in RANGES.items()),
    )
