"""Analogue inputs on the kernel's IIO: text files of a channel, in millivolts or milliamperes (ABI sysfs-bus-iio)."""

from pathlib import Path
from typing import Final

DEVICES: Final = Path("/sys/bus/iio/devices")
VOLTS: Final = 0.001
MOST_BYTES: Final = 64


class IioGauge:
    """One channel: (raw + offset) × scale, times the factor of the terminal."""

    def __init__(self, device: str, channel: str, factor: float, devices: Path = DEVICES) -> None:
        self._channel = devices / device / channel
        self._factor = factor * (VOLTS if channel.startswith("in_voltage") else 1.0)
        self._scale = self._setting("scale", 1.0)
        self._offset = self._setting("offset", 0.0)
        self.read()

    def read(self) -> float:
        """See `Gauge`."""
        raw = _number(self._channel.with_name(f"{self._channel.name}_raw"))
        return (raw + self._offset) * self._scale * self._factor

    def close(self) -> None:
        """See `Adapter`."""

    def _setting(self, name: str, otherwise: float) -> float:
        """Return a setting of the channel, or of all channels of its kind."""
        kind = self._channel.name.rstrip("0123456789")
        for place in (f"{self._channel.name}_{name}", f"{kind}_{name}"):
            path = self._channel.with_name(place)
            if path.exists():
                return _number(path)
        return otherwise


def _number(path: Path) -> float:
    with path.open("rb") as file:
        text = file.read(MOST_BYTES).decode("ascii", "replace").strip()
    try:
        return float(text)
    except ValueError:
        raise OSError(f"{path} holds {text!r}, which is no number") from None
