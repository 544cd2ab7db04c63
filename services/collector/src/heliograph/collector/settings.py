"""What the collector takes from its environment."""

from typing import Final, Literal

from pydantic import Field

from heliograph.runtime import ServiceSettings

GIBIBYTE: Final = 1024**3


class CollectorSettings(ServiceSettings):
    """The environment of the collector."""

    serial1_device: str = ""
    """What is behind `SERIAL1`: `/dev/ttyUSB0`, `socket://host:port` or `rfc2217://host:port`; empty = nothing."""
    serial2_device: str = ""
    serial3_device: str = ""
    forwarded_host: str = "127.0.0.1"
    """Where forwarded ports (`forwardedTcpPort`) listen; `0.0.0.0` lets other machines reach the plant's devices."""
    forwarded_answer_seconds: float = Field(default=3.0, gt=0, le=60)
    """Within so many seconds every request to a forwarded port is answered, if only with exception 11."""
    forwarded_clients: int = Field(default=16, ge=1, le=256)
    """Connections at a time to each forwarded port."""
    tic1_device: str = ""
    """What a meter's customer output (TIC) comes in by: a device file or `socket://host:port`; empty = nothing."""
    di1_line: str = ""
    """A digital input: `gpiochip0:17`, options behind commas, or `file:/path` (collector/inputs/terminals.py)."""
    di2_line: str = ""
    di3_line: str = ""
    di4_line: str = ""
    ai1_channel: str = ""
    """An analogue input: `iio:device0/in_voltage3`, `factor=<number>` behind a comma, or `file:/path`."""
    ai2_channel: str = ""
    ai3_channel: str = ""
    relay1_line: str = ""
    """The relay: as a digital input."""
    relay1_start: Literal["off", "keep"] = "off"
    """How the relay is switched when the collector starts: off, or as it was left."""
    storage_limit_bytes: int = 2 * GIBIBYTE
    """Most bytes of records that wait on the collector's disk while the bus is away."""

    @property
    def ports(self) -> dict[int, str]:
        """The serial ports by the number of their line."""
        devices = {1: self.serial1_device, 2: self.serial2_device, 3: self.serial3_device}
        return {number: device for number, device in devices.items() if device}

    @property
    def terminals(self) -> dict[str, str]:
        """What is named as the gateway's inputs and outputs, by terminal."""
        channels = {f"AI{n}": getattr(self, f"ai{n}_channel") for n in (1, 2, 3)}
        lines = {f"DI{n}": getattr(self, f"di{n}_line") for n in (1, 2, 3, 4)}
        return {**channels, **lines, "RELAY1": self.relay1_line}
