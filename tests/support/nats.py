"""A real NATS server with JetStream on disk, with the users and permissions of the contract."""

import asyncio
import subprocess
import sysconfig
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from heliograph.contract import Service
from heliograph.contract.permissions import users_conf
from heliograph.runtime import Bus, ServiceSettings
from support.ports import free_port, wait_for_port

SERVER = Path(sysconfig.get_path("scripts")) / "nats-server"


class Broker:
    """One broker process; `stop` and `start` keep its store and its port."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.config = directory / "nats.conf"
        self.config.write_text(
            f"listen: 127.0.0.1:{self.port}\nmax_payload: 8MB\n"
            f"jetstream {{ store_dir: {directory / 'store'}, sync_interval: always }}\n"
            + users_conf({service: f"secret-{service}" for service in Service})
        )

    def start(self) -> None:
        self.process = subprocess.Popen(
            [SERVER, "-c", self.config, "-l", self.directory / "nats.log"], stdin=subprocess.DEVNULL
        )
        wait_for_port(self.port, self.process.poll)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(60)
        self.process = None

    def settings(self, service: Service, state_dir: Path | None = None) -> ServiceSettings:
        return ServiceSettings(
            bus_url=self.url, bus_password=f"secret-{service}", state_dir=state_dir or self.directory / str(service)
        )


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A running broker."""
    directory = tmp_path / "broker"
    directory.mkdir()
    broker = Broker(directory)
    broker.start()
    yield broker
    broker.stop()


Connect = Callable[[Service], "AsyncIterator[Bus]"]


@pytest.fixture
async def connect(broker: Broker) -> AsyncIterator[Callable]:
    """Give `await connect(Service.X)`: a connected bus of that service; all are closed at the end."""
    async with AsyncExitStack() as stack:

        async def connected(service: Service) -> Bus:
            bus = await stack.enter_async_context(Bus(broker.settings(service), service))
            async with asyncio.timeout(60):
                await bus.wait_connected()
            return bus

        yield connected
