"""The lines in which detection tells how it goes, to the letter (spec 2.4)."""

import datetime as dt

from heliograph.formats.daq import SerialInterface, TcpInterface

Interface = SerialInterface | TcpInterface


def line_of(time: int, text: str) -> str:
    """Return a whole line: `YYYY-MM-DD HH:MM:SS:` (UTC, as in logs) and the text. `time`: milliseconds since 1970."""
    return f"{dt.datetime.fromtimestamp(time // 1000, dt.UTC):%Y-%m-%d %H:%M:%S}: {text}"


def device_found(unit: int, interface: Interface, *, is_sunspec: bool) -> str:
    """Tell that a device answers."""
    return f"{'SunSpec' if is_sunspec else 'NON SUNSPEC'} device found at @{unit} {interface}"


def table_found(number: int, length: int, register: int, unit: int, interface: Interface) -> str:
    """Tell that a model was found; `register` is the address of its number."""
    return f"Found table {number}:{length} at {register}@{unit} {interface}"


def detection_ended(interface: str, devices: int) -> str:
    """Tell that one interface was searched."""
    return f"End of SunSpec detection on {interface}. {devices} devices found."
