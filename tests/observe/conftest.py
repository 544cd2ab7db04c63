"""A real Prometheus with the repository's configuration over a plausible gateway, asked once for all tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from heliograph.api import view
from heliograph.contract import (
    CollectorState,
    DiskState,
    KeptRecords,
    Service,
    StreamState,
    Trial,
    status,
)
from heliograph.contract.channels import STATE
from heliograph.runtime import Bus
from support.apis import Api, served
from support.nats import Broker
from support.plausible import Peers, collector_state, now, sync_state
from support.plausible_commands import Commands
from support.prometheus import Prometheus, adapted, prometheus
from support.terminal import ROOT
from support.waiting import LIMIT_SECONDS, until
from support.watching import Watched, watch

OBSERVE = ROOT / "observe"
VALUES = 4
"""Of the plant, told among the figures."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """What Prometheus says of a gateway of which everything is known, and some of it got worse meanwhile."""
    directory = tmp_path_factory.mktemp("observe")
    broker = Broker(directory)
    broker.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            for module in (status, view):
                patch.setattr(module, "SILENCE_SECONDS", 3600)
            return asyncio.run(_watched(broker, directory))
    finally:
        broker.stop()


async def _watched(broker: Broker, directory: Path) -> Watched:
    async with _gateway(broker, directory) as (api, peers):
        config = await _configured(api, directory)
        with prometheus(config, directory) as url:
            server = Prometheus(url)
            try:
                await until(server.is_ready)
                await until(lambda: server.now("heliograph_scripts and on () heliograph_kept_failing"))
                await peers.collector.store(STATE, worse(), service="collector")
                return await watch(server)
            finally:
                await server.close()


@asynccontextmanager
async def _gateway(broker: Broker, directory: Path) -> AsyncIterator[tuple[Api, Peers]]:
    async with AsyncExitStack() as stack:
        services = (Service.SYNC, Service.COLLECTOR, Service.COMMANDS, Service.API)
        buses = [await stack.enter_async_context(Bus(broker.settings(service), service)) for service in services]
        async with asyncio.timeout(LIMIT_SECONDS):
            await asyncio.gather(*(bus.wait_connected() for bus in buses))
        peers, commands = Peers(*buses[:2]), Commands(buses[2])
        await peers.configure()
        await peers.serve()
        api = await stack.enter_async_context(served(broker, buses[3], directory / "api", api_metric_values=VALUES))

        async def seen() -> bool:
            await peers.report()
            await commands.report()
            return "heliograph_value" in (await api.get("/metrics")).text

        await until(seen)
        await peers.sync.store(STATE, all_of_sync(), service="sync")
        yield api, peers


async def _configured(api: Api, directory: Path) -> Path:
    """The repository's configuration with what docs/observe.md says is changed elsewhere, and times for a test."""
    made = await api.send("POST", "/api/v1/tokens", json={"name": "prometheus", "role": "viewer"})
    (directory / "token").write_text(made.json()["token"], encoding="utf-8")
    config = directory / "prometheus.yml"
    text = adapted(
        (OBSERVE / "prometheus.yml").read_text(encoding="utf-8"),
        {
            "/etc/prometheus/heliograph_rules.yml": OBSERVE / "heliograph_rules.yml",
            "/run/secrets/metrics_token": directory / "token",
            "api:8080": f"127.0.0.1:{api.port}",
            "scrape_interval: 15s": "scrape_interval: 2s",
            "scrape_timeout: 10s": "scrape_timeout: 2s",
            "evaluation_interval: 15s": "evaluation_interval: 1s",
        },
    )
    config.write_text(text, encoding="utf-8")
    return config


def all_of_sync():
    """A state in which nothing is left out."""
    moment = now()
    return sync_state(
        memory_bytes=84_000_000,
        trial=Trial(revision=4, back_to=3, since=moment, until=moment + 60_000, failures=1),
        disk=DiskState(total=32_000_000_000, free=20_000_000_000),
        streams=(StreamState(name="RECORDS", messages=3, bytes=900, limit=67_108_864),),
        kept=KeptRecords(days=30, oldest=moment - 1000, newest=moment, records=12, bytes=4096, limit=2**30),
    )


def worse() -> CollectorState:
    """The collector's state a while later: every counter of trouble has gone up."""
    state = collector_state()
    devices = [
        device.model_copy(
            update={
                "requests": device.requests + 60,
                "readings": device.readings + 20,
                "gaps": device.gaps + 1,
                "refused": device.refused + 1,
                "errors": {**device.errors, "timeout": device.errors.get("timeout", 0) + 9},
            }
        )
        for device in state.devices
    ]
    return state.model_copy(update={"devices": tuple(devices)})
