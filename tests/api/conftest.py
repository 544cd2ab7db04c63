"""The api over a real broker and a real uvicorn, with sync and the collector played by the test."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from heliograph.api import view
from heliograph.contract import Service, status
from support.apis import Api, served
from support.plausible import Peers
from support.plausible_commands import Commands
from support.waiting import until


@pytest.fixture
async def serve(broker, connect, tmp_path) -> AsyncIterator[Callable]:
    """Give `await serve(**settings)`: an api; all end in order at the end."""
    running: list[Api] = []
    async with AsyncExitStack() as stack:

        async def start(**settings: object) -> Api:
            state_dir = tmp_path / f"api{len(running)}"
            api = await stack.enter_async_context(served(broker, await connect(Service.API), state_dir, **settings))
            running.append(api)
            return api

        yield start


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
