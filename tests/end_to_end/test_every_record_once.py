"""The main promise: kill anything at any moment, and each record stands exactly once on both servers.

Proven by reading the files back with the reader that data teams use, against what the simulated plant served.
"""

import asyncio
import random

import pytest

from heliograph.formats import DateForm
from support.delivered import check, settle
from support.stack import Stack, stack
from support.whole import Plant, make_set

KILLED = 16
KILLS = ("collector", "sync", "broker", "commands", "api")


async def chaos(gateway: Stack, chance: random.Random) -> None:
    """Kill one program after another at random moments; each comes back a little later."""
    kills = 0
    while kills < KILLED:
        names = chance.sample(KILLS, k=chance.choice((1, 1, 1, 2)))
        gateway.kill(*names)
        kills += len(names)
        await asyncio.sleep(chance.uniform(0, 1.5))
        gateway.start(*names)
        await asyncio.sleep(chance.uniform(0.2, 4.5))


@pytest.mark.timeout(900)
@pytest.mark.long
async def test_killed_again_and_again_every_record_stands_once_on_both_servers(tmp_path, main_server, backup_server):
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
            seed = random.randrange(10**9)
            print("seed", seed)
            await chaos(gateway, random.Random(seed))
            until = await settle(gateway)
            check(gateway, plant, main_server.tree, DateForm.YMD, until)
            check(gateway, plant, backup_server.tree, DateForm.DMY, until)
