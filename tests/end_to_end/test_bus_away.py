"""NATS is stopped for a minute under the whole gateway: records wait on the collector's disk, none is lost or doubled.

Proven as always: the files of both servers are read back and held against what the simulated plant served.
"""

import asyncio
import time

import pytest

from heliograph.formats import DateForm
from support.delivered import check, settle
from support.stack import Stack, stack
from support.whole import PERIOD, Plant, make_set

AWAY_SECONDS = 60


async def away(gateway: Stack, seconds: float) -> tuple[float, float]:
    """Stop the broker for so long; return from when to when, in seconds since 1970."""
    gateway.stop("broker")
    began = time.time()
    await gateway.until("a person is told", "/api/v1/status", lambda s: "not running" in "".join(s["attention"]))
    await asyncio.sleep(began + seconds - time.time())
    ended = time.time()
    gateway.start("broker")
    return began, ended


@pytest.mark.timeout(900)
@pytest.mark.long
async def test_a_minute_without_nats_costs_no_record_and_doubles_none(tmp_path, main_server, backup_server):
    plant = Plant()
    async with plant.near, plant.far, plant.line:
        set_dir = make_set(tmp_path / "set", plant, main_server, backup_server)
        with stack(
            set_dir, tmp_path / "state", SERIAL1_DEVICE=plant.line.device, MAIN_KEY=main_server.client_key.read_text()
        ) as gateway:
            gateway.start()
            await gateway.until(
                "all devices answer",
                "/api/v1/status",
                lambda s: len(s["devices"]) == 4 and all(d["condition"] == "answering" for d in s["devices"]),
            )
            began, ended = await away(gateway, AWAY_SECONDS)
            await gateway.until(
                "all is well", "/api/v1/status", lambda s: all(service["running"] for service in s["services"])
            )
            until = await settle(gateway)
            for name in ("collector", "sync", "commands", "api"):
                assert len(gateway.lives[name]) == 1, f"{name} did not live through it"
            for witness in plant.witnesses.values():
                polls = sum(began < moment < ended for moment, _, _ in witness.served)
                assert polls > (ended - began) / PERIOD, "the plant was not polled all the time"
            check(gateway, plant, main_server.tree, DateForm.YMD, until)
            check(gateway, plant, backup_server.tree, DateForm.DMY, until)
