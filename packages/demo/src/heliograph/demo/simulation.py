"""The plant on the wire: one Modbus TCP server for each inverter, and a serial line with meter and weather sensor."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from heliograph.demo.devices import BAUDRATE, INVERTERS, SERIAL
from heliograph.demo.plant import Plant
from heliograph.demo.points import PlantBank, Served
from heliograph.demo.simulator import RtuSimulator, TcpSimulator

INVERTER_UNIT = 1
Hear = Callable[[Served], None]


@asynccontextmanager
async def inverters(
    plant: Plant, ports: Mapping[str, int], *, host: str = "127.0.0.1", served: Hear | None = None
) -> AsyncIterator[dict[str, TcpSimulator]]:
    """Serve each inverter on its port; give the servers by name."""
    servers = {
        name: TcpSimulator(
            {INVERTER_UNIT: PlantBank(name, description, plant, served)}, host=host, port=ports[name]
        )
        for name, description in INVERTERS
    }  # fmt: skip
    try:
        for server in servers.values():
            await server.start()
        yield servers
    finally:
        await asyncio.gather(*(server.stop() for server in servers.values()))


@asynccontextmanager
async def serial_line(plant: Plant, *, served: Hear | None = None) -> AsyncIterator[RtuSimulator]:
    """Serve meter and sensor on a pseudo-terminal that is as slow as the line it stands for."""
    units = {unit: PlantBank(name, description, plant, served) for name, unit, description in SERIAL}
    async with RtuSimulator(units, BAUDRATE) as line:
        yield line
