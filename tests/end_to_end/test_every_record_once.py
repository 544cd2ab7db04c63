"""The main promise: kill anything at any moment, and each record stands exactly once on both servers.

Proven by reading the files back with the reader that data teams use, against what the simulated plant served.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from heliograph.formats import DateForm, has_errors, parse_definition, read_data_file
from support.stack import Stack, stack
from support.whole import PERIOD, Plant, make_set
from support.witness import Row, prove

CHAOS_SECONDS = 60
KILLS = ("collector", "sync", "broker", "commands", "api")


def read_back(set_dir: Path, files: list[Path], dates: DateForm) -> dict[str, list[Row]]:
    """Every record in the data files of a server, by device."""
    definitions = {}
    for path in (set_dir / "DEF").iterdir():
        definition, _ = parse_definition(path.read_bytes(), path.name)
        definitions[path.name] = definition
    records: dict[tuple[str, str, float], dict] = {}
    for file in sorted(files):
        data, findings = read_data_file(file.read_bytes(), file.name, definitions, dates=dates, zone="Europe/Berlin")
        assert not has_errors(findings), [str(finding) for finding in findings]
        for row in data.rows():
            key = (file.name, row.device, row.timestamp.timestamp())
            assert (row.index, row.statistic) not in records.setdefault(key, {}), f"{key} stands twice in one file"
            records[key][row.index, row.statistic] = row.raw
    by_device = defaultdict(list)
    for (_, device, moment), values in records.items():
        by_device[device].append(Row(device, moment, values))
    return by_device


async def settle(gateway: Stack, plant: Plant) -> None:
    """Let everything that was recorded reach both servers."""
    await gateway.until(
        "all services run", "/api/v1/status", lambda s: all(service["running"] for service in s["services"])
    )
    await gateway.until("the outbox is empty", "/api/v1/status", lambda s: s["outbox_records"] == 0)
    gateway.stop("collector")
    async with asyncio.timeout(60):
        while await gateway.post("/api/v1/connections", {}) is None:
            await asyncio.sleep(0.5)
    await gateway.until(
        "both servers have everything",
        "/api/v1/status",
        lambda s: (
            s["storage"]["records"] == 0
            and s["storage"]["files"] == 0
            and not any(server["connecting"] for server in s["servers"])
        ),
        seconds=120,
    )


def check(set_dir: Path, plant: Plant, server, dates: DateForm, lives: list[list[float]], until: float) -> None:
    wrong = []
    files = sorted((server.tree.root / "DATA").iterdir())
    assert all(file.name.endswith(".csv.gz") for file in files), [file.name for file in files]
    rows = read_back(set_dir, files, dates)
    for device, witness in plant.witnesses.items():
        wrong += [f"device {device}: {text}" for text in prove(witness, rows[device], PERIOD, lives, until)]
    told = [f"lives of the collector: {[[round(at, 2) for at in life] for life in lives]}"]
    assert not wrong, "\n".join(wrong[:40] + told)
    assert sum(len(some) for some in rows.values()) > 40
    alarms = Counter(alarm_lines(server))
    assert alarms
    assert not [line for line, times in alarms.items() if times > 1]


def alarm_lines(server) -> list[str]:
    import gzip

    files = sorted((server.tree.root / "ALARM").iterdir())
    return [line for file in files for line in gzip.decompress(file.read_bytes()).decode().splitlines()]


async def chaos(gateway: Stack, seconds: float, chance: random.Random) -> int:
    """Kill one program after another at random moments; each comes back a little later."""
    deadline = time.monotonic() + seconds
    kills = 0
    while time.monotonic() < deadline:
        names = chance.sample(KILLS, k=chance.choice((1, 1, 1, 2)))
        gateway.kill(*names)
        kills += len(names)
        await asyncio.sleep(chance.uniform(0, 1.5))
        gateway.start(*names)
        await asyncio.sleep(chance.uniform(0.2, 4.5))
    return kills


@pytest.mark.timeout(400)
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
            assert await chaos(gateway, CHAOS_SECONDS, random.Random(seed)) > 10
            await settle(gateway, plant)
            until = gateway.lives["collector"][-1][1]
            gateway.stop()
            lives = gateway.lives["collector"]
            check(set_dir, plant, main_server, DateForm.YMD, lives, until)
            check(set_dir, plant, backup_server, DateForm.DMY, lives, until)
            assert not list(main_server.tree.root.rglob("*.tmp")) + list(backup_server.tree.root.rglob("*.tmp"))
