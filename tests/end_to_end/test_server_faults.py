"""The main server suffers in every way there is while the backup goes on; then it is mended and has every record once.

Real servers of each kind; the line to the main one leads through a proxy. People are told what is wrong in the status.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from heliograph.formats import DateForm
from support.delivered import check, log_lines, settle
from support.sets import UID
from support.stack import Stack, stack
from support.suffering import KINDS, Suffering
from support.truncating import HELD, TRUNCATING, Truncating
from support.whole import Plant, make_set_of

ENOUGH = 3
"""Records of each device before a delivery is judged."""
LIMIT = 120
CUTS = (0.5, 0.9)
"""Where the line is cut, as shares of the bytes of an ordinary connection."""


@asynccontextmanager
async def running(directory: Path, plant: Plant, main: Suffering | Truncating, backup) -> AsyncIterator[Stack]:
    """Give a gateway whose devices all answer."""
    async with plant.near, plant.far, plant.line:
        environment = {"SERIAL1_DEVICE": plant.line.device, **main.environment}
        set_dir = make_set_of(directory / "set", plant, main.settings(), backup, main.certificates())
        with stack(set_dir, directory / "state", **environment) as gateway:
            gateway.start()
            await gateway.until(
                "all devices answer",
                "/api/v1/status",
                lambda s: len(s["devices"]) == 4 and all(d["condition"] == "answering" for d in s["devices"]),
            )
            yield gateway


async def ask(gateway: Stack, number: int) -> float:
    """Ask for a connection; return when, in milliseconds since 1970."""
    asked = time.time() * 1000
    async with asyncio.timeout(LIMIT):
        while await gateway.post("/api/v1/connections", {"server": number}) is None:
            await asyncio.sleep(0.1)
    return asked


def since(status: dict[str, Any], number: int, asked: float) -> dict[str, Any] | None:
    """The last connection of a server, when it began after it was asked for."""
    last = next((s["last"] for s in status["servers"] if s["server"]["number"] == number), None)
    return last if last and last["start"] >= asked else None


async def connect(gateway: Stack, number: int) -> dict[str, Any]:
    """Make a whole connection; return its row of history."""
    asked = await ask(gateway, number)
    status = await gateway.until(
        f"a connection to server {number}", "/api/v1/status", lambda s: since(s, number, asked), seconds=LIMIT
    )
    return since(status, number, asked)


async def suffers(gateway: Stack, *words: str) -> None:
    """Server 1 fails and a person is told so in these words; server 2 goes on."""
    async with asyncio.timeout(LIMIT):
        while (await connect(gateway, 1))["result"] == "done":
            pass  # no record was there yet to suffer
    await gateway.until(
        f"a person reads of {words}",
        "/api/v1/status",
        lambda s: any(line.startswith("Server 1") and all(w in line for w in words) for line in s["attention"]),
        seconds=LIMIT,
    )
    assert (await connect(gateway, 2))["result"] == "done"


async def mended(gateway: Stack) -> None:
    """Server 1 has no problem any more, and nobody is told of one."""
    async with asyncio.timeout(LIMIT):
        while (await connect(gateway, 1))["failures"]:
            pass  # it had begun, because of an alarm, before the last fault was over
    await gateway.until(
        "all is well", "/api/v1/status", lambda s: not any("Server" in line for line in s["attention"]), seconds=LIMIT
    )


async def refusals(gateway: Stack, main: Suffering) -> None:
    """What the server itself does not allow or does not have."""
    with main.refusing():
        await suffers(gateway, "refused the login", main.server.login)
    await mended(gateway)
    with main.without("DATA"):
        await suffers(gateway, "/DATA does not exist")
        assert not (main.tree.root / "DATA").exists(), "the gateway made a directory"
    await mended(gateway)
    with main.closed("DATA"):
        await suffers(gateway, "no right to write", "/DATA")
    await mended(gateway)
    if main.has_disk:
        with main.full():
            await suffers(gateway, "no space")
        await mended(gateway)


async def another(gateway: Stack, main: Suffering) -> None:
    """The server shows another key; a person edits the set wrongly, then rightly."""
    main.become_another()
    await suffers(gateway, main.identity)
    config = gateway.gateway.set_dir / "CONFIG" / f"{UID}_config.ini"
    good = config.read_text()
    config.write_text(good.replace(f"_Port={main.server.port}", "_Port=seven"))
    await gateway.until("the edit is refused", "/api/v1/status", lambda s: any("seven" in f for f in s["findings"]))
    config.write_text(good)
    main.trust(gateway.gateway.set_dir)
    await gateway.until("the edit is in force", "/api/v1/status", lambda s: s["revision"] == 2 and not s["findings"])
    await mended(gateway)


async def cuts(gateway: Stack, main: Suffering) -> None:
    """The line is cut in the middle of connections, in both directions."""
    faults = main.proxy.faults
    for direction in ("up", "down"):
        before = faults.passed[direction]
        await mended(gateway)
        ordinary = faults.passed[direction] - before
        for share in CUTS:
            place, cuts = int(ordinary * share), faults.cuts
            while faults.cuts == cuts:  # fewer bytes may pass than when it was measured
                faults.cut_after[direction] = place
                await connect(gateway, 1)
                place = place * 2 // 3
            faults.cut_after.clear()
    await mended(gateway)


async def hangs(gateway: Stack, main: Suffering) -> None:
    """The server takes what it gets and answers no more, in the middle of a connection; server 2 goes on."""
    faults = main.proxy.faults
    before = faults.passed["down"]
    await mended(gateway)
    half = (faults.passed["down"] - before) // 2
    faults.hang_after["down"] = faults.passed["down"] + half
    failures: list[str] = []
    async with asyncio.timeout(2 * LIMIT):
        while not failures:  # fewer bytes may pass than when it was measured: then the next one comes to the place
            asked = await ask(gateway, 1)
            assert (await connect(gateway, 2))["result"] == "done"
            status = await gateway.until(
                "server 1 is given up", "/api/v1/status", lambda s, asked=asked: since(s, 1, asked), seconds=LIMIT
            )
            failures = since(status, 1, asked)["failures"]
    assert failures[0].startswith("connection: ")
    faults.hang_after.clear()
    await mended(gateway)


@pytest.mark.timeout(900)
@pytest.mark.long
@pytest.mark.parametrize("kind", ["ftps", "webdav"])  # sftp: every_record_once, operator, and the steps in sync_remote
async def test_every_record_stands_once_after_everything_that_a_server_can_suffer(tmp_path, backup_server, kind):
    plant = Plant()
    with KINDS[kind]() as main:
        async with running(tmp_path, plant, main, backup_server) as gateway:
            await mended(gateway)
            await refusals(gateway, main)
            await another(gateway, main)
            await cuts(gateway, main)
            await hangs(gateway, main)
            until = await settle(gateway)
            check(gateway, plant, main.tree, DateForm.YMD, until)
            check(gateway, plant, backup_server.tree, DateForm.DMY, until)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ["sftp"])  # the others: sync_remote/test_cuts.py
async def test_a_server_that_accepts_and_stores_less_loses_nothing_and_the_log_says_so(tmp_path, backup_server, kind):
    plant = Plant()
    with TRUNCATING[kind]() as main:
        async with running(tmp_path, plant, main, backup_server) as gateway:
            await mended(gateway)
            with main.forgetful:
                await suffers(gateway, "bytes were sent but the server holds", "the file is sent again")
                before = delivered(main)
                await data_fails(gateway)
                if main.two_steps:
                    assert delivered(main) == before, "half a file got its name"
            await mended(gateway)
            await gateway.until(
                "every device has records",
                "/api/v1/status",
                lambda s: all(d["records"] >= ENOUGH for d in s["devices"]),
            )
            until = await settle(gateway)
            check(gateway, plant, main.tree, DateForm.YMD, until, least=len(plant.witnesses))
            check(gateway, plant, backup_server.tree, DateForm.DMY, until, least=len(plant.witnesses))
        log = log_lines(main.tree)
        assert any("server 1: data: " in line and f"the server holds {HELD};" in line for line in log), log
        assert any("server 1: data: works again" in line for line in log), log


async def data_fails(gateway: Stack) -> None:
    """Connect to server 1 until data was there to be sent, and did not arrive."""
    async with asyncio.timeout(2 * LIMIT):
        while not any(failure.startswith("data: ") for failure in (await connect(gateway, 1))["failures"]):
            pass


def delivered(main: Truncating) -> set[str]:
    """Names of the data files of a server, without those on their way."""
    return {path.name for path in (main.tree.root / "DATA").iterdir() if not path.name.endswith(".tmp")}
