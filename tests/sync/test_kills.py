"""Sync killed with SIGKILL at any moment, again and again: on both servers every record exactly once."""

import asyncio
import gzip
import random
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from heliograph.contract import ConnectRequest, Service
from heliograph.contract.channels import CONNECT, RECORDS
from heliograph.runtime import BusError, Outgoing
from support.samples import record
from support.servers import need
from support.sets import DIRECTORIES
from support.sftp import Sshd, sshd
from support.syncing import plant_set
from support.syncprocess import options, start

TOTAL = 4000
BATCH = 20
KILLS = 5
SEED = 20240601
TEN = 1_717_236_000_000


@pytest.fixture
def servers():
    need("sshd")
    with sshd() as main, sshd() as backup:
        for server in (main, backup):
            for name in DIRECTORIES:
                server.tree.directory(name)
        yield main, backup


def rows(server: Sshd) -> Counter:
    """Every row of every data file on a server: device, date, values."""
    found: Counter = Counter()
    for path in sorted((server.tree.root / "DATA").iterdir()):
        assert not path.name.endswith(".tmp"), f"left behind: {path.name}"
        device = ""
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            if line.startswith("DEVICEINDEX;"):
                device = line.partition(";")[2]
            elif line[2:3] == "/":
                found[device, line] += 1
    return found


async def feed(bus, numbers: range) -> None:
    """Store batch after batch, through every kill."""
    for first in numbers[::BATCH]:
        messages = []
        for number in range(first, min(first + BATCH, numbers.stop)):
            device = str(1 + number % 2)
            made = record(number, device, time=TEN + number * 60_000)
            made = made.model_copy(update={"values": (number, 1, 2, 3)})
            messages.append(Outgoing(RECORDS, {"device": device}, made.model_dump_json().encode(), made.identity))
        while True:
            try:
                await bus.store_batch(messages)
                break
            except BusError:
                await asyncio.sleep(0.1)
        await asyncio.sleep(0.05)


def connecting(log: Path) -> int:
    return log.read_text().count(": connecting to")


async def until_connecting(log: Path, before: int) -> None:
    """Return when a new process has begun to connect."""
    async with asyncio.timeout(120):
        while connecting(log) <= before:
            await asyncio.sleep(0.02)


@pytest.mark.timeout(900)
@pytest.mark.long
async def test_every_record_exactly_once_on_both_servers(broker, connect, servers, tmp_path):
    main, backup = servers
    (tmp_path / "secrets").mkdir()
    for name, server in (("key1", main), ("key2", backup)):
        (tmp_path / "secrets" / name).write_bytes(server.client_key.read_bytes())
    plant_set(tmp_path / "set", **options("FTP", main, "key1"), **options("FTP2", backup, "key2"))
    log, noise = tmp_path / "sync.log", random.Random(SEED)
    process = start(broker, tmp_path)
    feeding = asyncio.create_task(feed(await connect(Service.COLLECTOR), range(1, TOTAL + 1)))
    api = await connect(Service.API)
    try:
        await until_connecting(log, 0)
        for _ in range(KILLS):
            await asyncio.sleep(noise.random() * 1.2)
            process.send_signal(signal.SIGKILL)
            process.wait(60)
            before = connecting(log)
            process = start(broker, tmp_path)
            await until_connecting(log, before)
        await feeding
        async with asyncio.timeout(180):
            while len(rows_so_far(main)) < TOTAL or len(rows_so_far(backup)) < TOTAL:
                with suppress(BusError):
                    await api.request(CONNECT, ConnectRequest(), timeout=30)
                await asyncio.sleep(0.5)
    except TimeoutError:
        pytest.fail(log.read_text()[-4000:])
    finally:
        feeding.cancel()
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
    for server in servers:
        found = rows(server)
        assert {key: count for key, count in found.items() if count != 1} == {}
        assert sorted(int(line.split(";")[1]) for _, line in found) == list(range(1, TOTAL + 1))


def rows_so_far(server: Sshd) -> set[int]:
    """Which records have arrived; files that are being written are not looked at."""
    found = set()
    for path in (server.tree.root / "DATA").glob("*.gz"):
        text = gzip.decompress(path.read_bytes()).decode()
        found |= {int(line.split(";")[1]) for line in text.splitlines() if line[2:3] == "/"}
    return found
