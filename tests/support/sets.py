"""Configuration sets for tests that run the whole gateway."""

from collections.abc import Mapping, Sequence
from pathlib import Path

UID = "WPM00C44F"
DEVICE_HEADER = "index;interface;name;address;acqPeriod(s);timeout(ms);serialNumber;parameters;category;model;defFile"
SERIAL_HEADER = "type;baudrate;data_bits;parity;stop_bits;wires;protocol;interframe(ms)"
DIRECTORIES = ("CONFIG", "DEF", "SCRIPT", "CERT", "DATA", "CMD", "ALARM", "LOG", "BIN")


def write_set(
    directory: Path,
    config: Mapping[str, object],
    devices: Sequence[str],
    definitions: Mapping[str, str],
    *,
    serial: Sequence[str] = (),
    schedules: Sequence[str] = (),
    certificates: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a set laid out like the server's tree; return its directory."""
    for name in ("CONFIG", "DEF", "SCRIPT", "CERT"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    lines = [f"{name}={value}" for name, value in config.items()]
    _write(directory / "CONFIG" / f"{UID}_config.ini", lines)
    if schedules:
        _write(directory / "CONFIG" / f"{UID}_var.ini", schedules)
    section = [SERIAL_HEADER, *serial, ""] if serial else []
    _write(directory / "CONFIG" / f"{UID}_daq.csv", [*section, DEVICE_HEADER, *devices])
    for name, text in definitions.items():
        (directory / "DEF" / name).write_text(text, encoding="utf-8")
    for name, content in (certificates or {}).items():
        (directory / "CERT" / name).write_bytes(content)
    return directory


def _write(path: Path, lines: Sequence[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
