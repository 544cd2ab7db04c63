"""An api that runs in the test's own loop, on a real uvicorn."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from heliograph.api.app import main
from heliograph.api.settings import Settings
from heliograph.contract import Service
from heliograph.runtime import Bus, Context, EventLog, SystemClock
from support.nats import Broker
from support.ports import free_port
from support.waiting import until

LIMIT = 60
sys.modules.setdefault("sniffio", None)  # httpx would look for it on the disk at every request, in vain


@dataclass
class Api:
    """One running api."""

    url: str
    port: int
    state_dir: Path
    context: Context
    task: asyncio.Task
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def token(self) -> str:
        return (self.state_dir / "api-token").read_text().strip()

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def client(self, **options: object) -> httpx.AsyncClient:
        unread = {"verify": False}  # certificates of the system, which take longer than most tests
        given = {"base_url": self.url, "timeout": 60, "trust_env": False, **unread, **options}
        client = httpx.AsyncClient(**given)
        self.clients.append(client)
        return client

    async def get(self, path: str, **options: object) -> httpx.Response:
        return await self.clients[0].get(path, **options)

    async def send(self, method: str, path: str, **options: object) -> httpx.Response:
        """Send a request with the token."""
        headers = self.bearer | dict(options.pop("headers", {}))
        return await self.clients[0].request(method, path, headers=headers, **options)

    async def post(self, path: str, **options: object) -> httpx.Response:
        return await self.clients[0].post(path, **options)

    async def is_alive(self) -> bool:
        if self.task.done():
            self.task.result()
        try:
            return (await self.get("/health/live")).status_code == 200
        except httpx.TransportError:
            return False


@asynccontextmanager
async def served(
    broker: Broker, bus: Bus, state_dir: Path, host: str = "127.0.0.1", **settings: object
) -> AsyncIterator[Api]:
    """An api on a free port until the block ends; then it stops in order."""
    os.makedirs(state_dir)  # noqa: PTH103  # pathlib is not to be used in coroutines, says ASYNC240
    clock, port = SystemClock(), free_port()
    context = Context(
        Service.API, bus, clock, EventLog(Service.API, clock), asyncio.Event(), int(time.time() * 1000)
    )  # fmt: skip
    quick = {"api_password_memory_kib": 8, "api_password_rounds": 1}
    made = Settings(bus_url=broker.url, state_dir=state_dir, api_host=host, api_port=port, **quick, **settings)
    named = f"[{host}]" if ":" in host else host
    scheme = "http" if made.api_tls == "off" else "https"
    api = Api(f"{scheme}://{named}:{port}", port, state_dir, context, asyncio.create_task(main(made, context)))
    api.client()
    try:
        await until(api.is_alive)
        yield api
    finally:
        for client in api.clients:
            await client.aclose()
        context.stopping.set()
        await asyncio.wait_for(api.task, LIMIT)
