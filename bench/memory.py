"""Figure 5: resident memory of each service and of the whole stack, after a month's backlog was delivered.

The four services run as on a gateway: 50 devices of 60 variables are polled and recorded every second while sync
delivers a month's records to OpenSSH. The broker stands beside them as the baseline that is not ours.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import psutil

from bench import Row
from bench._backlog_worker import DEVICES
from bench._plants import definition, plant

FIGURE = "Resident memory after a month's backlog, while 50 devices are polled every second"
RECORDS = int(os.environ.get("HELIOGRAPH_BENCH_RECORDS", "216000"))
MEGABYTE = 1_000_000
LIMIT_MB = 300


def run() -> Iterable[Row]:
    tests = str(Path(__file__).parents[1] / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    from support.sets import DIRECTORIES
    from support.sftp import sshd

    base = Path(tempfile.mkdtemp(prefix="heliograph-bench-"))
    try:
        with sshd() as server, plant(DEVICES) as devices:
            for name in DIRECTORIES:
                server.tree.directory(name)
            yield from asyncio.run(_measure(base, server, devices.ports))
    finally:
        shutil.rmtree(base)


async def _measure(base: Path, server, ports: list[int]) -> list[Row]:
    from bench.backlog import _work
    from support.stack import stack

    _work("take", base / "state" / "sync", RECORDS)
    with stack(
        _set(base / "set", server, ports), base / "state", forked=False, MAIN_KEY=server.client_key.read_text()
    ) as gateway:
        gateway.start()
        await gateway.until(
            "the backlog is delivered and all devices answer",
            "/api/v1/status",
            lambda s: (
                s["storage"]["records"] < 100 * DEVICES
                and s["storage"]["files"] == 0
                and len(s["devices"]) == DEVICES
                and all(device["condition"] == "answering" for device in s["devices"])
            ),
            seconds=300,
        )
        return list(_rows(gateway.processes()))


def _rows(processes: dict[str, int]) -> Iterable[Row]:
    resident = {name: psutil.Process(number).memory_info().rss / MEGABYTE for name, number in processes.items()}
    broker = resident.pop("broker")
    for name, size in sorted(resident.items()):
        yield Row(name, f"{size:.0f} MB")
    total = sum(resident.values())
    yield Row("the four services", f"{total:.0f} MB", f"≤ {LIMIT_MB} MB", total <= LIMIT_MB)
    yield Row("NATS, for comparison", f"{broker:.0f} MB")
    yield Row("ratio services / NATS", f"{total / broker:.1f}")


def _set(directory: Path, server, ports: list[int]) -> Path:
    from support.sets import UID, write_set

    config = {
        "GATEWAY_Uid": UID,
        "SERVER_Type": "sftp",
        "FTP_Address": "127.0.0.1",
        "FTP_Port": server.port,
        "FTP_Login": server.login,
        "FTP_KeyFile": "env:MAIN_KEY",
        "FTP_DirRoot": server.tree.root,
    }
    devices = [f"{n};127.0.0.1:{port};device {n};1;1;1000;;1;;;bench.csv" for n, port in enumerate(ports)]
    schedules = ["SCHEDULE_Params[0]=1|everyday|00:00:00|1|1440"]
    return write_set(directory, config, devices, {"bench.csv": definition()}, schedules=schedules)
