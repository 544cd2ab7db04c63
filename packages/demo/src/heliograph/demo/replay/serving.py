"""A replayed device on the wire, for people and for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from heliograph.demo.replay.device import ReplayedDevice
from heliograph.demo.replay.exchanges import Recording, read_exchanges
from heliograph.demo.simulator import RtuSimulator, TcpSimulator


@dataclass(frozen=True, slots=True)
class Replayed:
    """Where it is to be found."""

    recording: Recording
    device: ReplayedDevice
    host: str = ""
    port: int = 0
    path: str = ""
    """Of the pseudo-terminal."""

    @property
    def place(self) -> str:
        """The path, or `host:port`."""
        return self.path or f"{self.host}:{self.port}"


@asynccontextmanager
async def replayed(
    trace: bytes,
    *,
    name: str = "trace",
    address: str = "",
    serial: bool | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    baudrate: int = 9600,
    paced: bool = True,
) -> AsyncIterator[Replayed]:
    """Serve a trace until the end of the context, as it was recorded unless `serial` says otherwise.

    Raises `TraceFault`, and `OSError` where the port is not to be had.
    """
    recording = read_exchanges(trace, name, address)
    is_serial = recording.is_serial if serial is None else serial
    device = ReplayedDevice(recording, is_serial=is_serial)
    if is_serial:
        line = RtuSimulator({}, baudrate, paced=paced)
        line.respond = device.respond
        async with line:
            yield Replayed(recording, device, path=line.device)
    else:
        server = TcpSimulator({}, host, port)
        server.respond = device.respond
        async with server:
            yield Replayed(recording, device, host, server.port)
