"""The api over a real broker and a real uvicorn, with sync and the collector played by the test."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from heliograph.api import view
from heliograph.api.app import main
from heliograph.api.settings import Settings
from heliograph.contract import Service, status
from heliograph.runtime import Context, EventLog, SystemClock
from support.plausible import Peers
from support.plausible_commands import Commands
from support.ports import free_port
from support.waiting import until

LIMIT = 60


@dataclass
class Api:
    """One running api."""

    url: str
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
        client = httpx.AsyncClient(base_url=self.url, timeout=60, trust_env=False, **unread | options)
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


@pytest.fixture
async def serve(broker, connect, tmp_path) -> AsyncIterator[Callable]:
    """Give `await serve(**settings)`: an api; all end in order at the end."""
    running: list[Api] = []

    async def start(**settings: object) -> Api:
        state_dir = tmp_path / f"api{len(running)}"
        os.makedirs(state_dir)  # noqa: PTH103  # pathlib is not to be used in coroutines, says ASYNC240
        bus = await connect(Service.API)
        clock = SystemClock()
        events = EventLog(Service.API, clock)
        context = Context(Service.API, bus, clock, events, asyncio.Event(), int(time.time() * 1000))
        host, port = str(settings.pop("host", "127.0.0.1")), free_port()
        made = Settings(bus_url=broker.url, state_dir=state_dir, api_host=host, api_port=port, **settings)
        named = f"[{host}]" if ":" in host else host
        task = asyncio.create_task(main(made, context))
        api = Api(f"http://{named}:{port}", state_dir, context, task)
        api.client()
        running.append(api)

        async def alive() -> bool:
            if task.done():
                task.result()
            try:
                return (await api.get("/health/live")).status_code == 200
            except httpx.TransportError:
                return False

        await until(alive)
        return api

    yield start
    for api in running:
        for client in api.clients:
            await client.aclose()
        api.context.stopping.set()
        await asyncio.wait_for(api.task, LIMIT)


@pytest.fixture
async def peers(connect) -> Peers:
    peers = Peers(await connect(Service.SYNC), await connect(Service.COLLECTOR))
    await peers.sync.ensure_streams()
    return peers


@pytest.fixture
async def api(serve, peers, monkeypatch) -> Api:
    """An api that sees a plausible gateway, which said how it is once: on a busy machine that was a while ago."""
    for module in (status, view):
        monkeypatch.setattr(module, "SILENCE_SECONDS", 3600)
    await peers.configure()
    await peers.serve()
    api = await serve()

    async def seen() -> bool:
        await peers.report()
        ages = [d["age_seconds"] for d in (await api.get("/api/v1/devices")).json()["devices"] if d["index"] != "3"]
        servers = (await api.get("/api/v1/status")).json()["servers"]
        return bool(ages) and None not in ages and bool(servers)

    await until(seen)
    return api


@pytest.fixture
async def commands(connect, peers, api) -> Commands:
    """The service commands beside the plausible gateway, seen by the api."""
    del peers
    played = Commands(await connect(Service.COMMANDS))
    await played.serve()
    await played.report()

    async def seen() -> bool:
        return (await api.get("/api/v1/scripts")).status_code == 200

    await until(seen)
    return played
