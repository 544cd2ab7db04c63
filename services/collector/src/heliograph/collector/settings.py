"""What the collector takes from its environment."""

from typing import Final

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
    storage_limit_bytes: int = 2 * GIBIBYTE
    """Most bytes of records that wait on the collector's disk while the bus is away."""

    @property
    def ports(self) -> dict[int, str]:
        """The serial ports by the number of their line."""
        devices = {1: self.serial1_device, 2: self.serial2_device, 3: self.serial3_device}
        return {number: device for number, device in devices.items() if device}
