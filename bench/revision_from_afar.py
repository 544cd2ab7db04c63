"""Figure 4 of the configuration, from the operator's side: a file is uploaded on the server, 200 devices are polled.

The whole gateway runs as processes; the main server is OpenSSH. Measured is the time from the upload, with a connection
asked for at once as a schedule would, to the collector's word that the revision is applied, against a connection with
nothing to do in the same run; and the turns that the 199 devices that did not change should have had and had not.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import Row
from bench._plants import Plant, definition, plant
from bench.revision import CHANGED, DEVICES, POLL_SECONDS, REVISIONS, lines

FIGURE = "4. From the upload on the server to applied, with 200 devices"
SETTLE_SECONDS = 10.0
LOOK_SECONDS = 0.02


class Afar:
    """The operator's server and the gateway's REST API."""

    def __init__(self, gateway, server, ports: list[int]) -> None:
        self.gateway = gateway
        self.server = server
        self.ports = ports

    async def connected(self) -> float:
        """Return the seconds of a connection that is asked for, to its end."""
        began, last = time.perf_counter(), await self._last()
        await self.gateway.post("/api/v1/connections", {"server": 1})
        while await self._last() == last:
            await asyncio.sleep(LOOK_SECONDS)
        return time.perf_counter() - began

    async def edited(self, number: int) -> float:
        """Return the seconds from the upload of a changed `_daq.csv` to the collector's word."""
        from support.sets import UID

        began = time.perf_counter()
        self.server.tree.file(f"CONFIG/{UID}_daq.csv", daq(self.ports, 1000 + number))
        await self.gateway.post("/api/v1/connections", {"server": 1})
        while (await self._applied()) != number:
            await asyncio.sleep(LOOK_SECONDS)
        return time.perf_counter() - began

    async def _last(self) -> int:
        status = await self.gateway.get("/api/v1/status")
        last = status["servers"][0]["last"] if status and status["servers"] else None
        return last["number"] if last else 0

    async def _applied(self) -> int:
        now = await self.gateway.get("/api/v1/configuration")
        found = [s["revision"] for s in now["services"] if s["service"] == "collector"] if now else []
        return found[0] if found else 0


def daq(ports: list[int], timeout_ms: int) -> bytes:
    from support.sets import DEVICE_HEADER

    full = [line.replace(";;;bench.csv", ";bench;bench;bench.csv") for line in lines(ports, timeout_ms)]
    return "".join(f"{line}\n" for line in (DEVICE_HEADER, *full)).encode()


async def measured(served: Plant, base: Path, server) -> tuple[list[float], list[float], list[tuple[int, int]]]:
    from support.sets import write_set
    from support.stack import stack

    config = {
        "SERVER_Type": "sftp", "FTP_Address": "127.0.0.1", "FTP_Port": server.port, "FTP_Login": server.login,
        "FTP_KeyFile": "env:MAIN_KEY", "FTP_DirRoot": server.tree.root,
    }  # fmt: skip
    far = ["SCHEDULE_Params[0]=1|first|00:00:00|1|1"]
    write_set(base / "set", config, [], {"bench.csv": definition()}, schedules=far)
    for path in (base / "set" / "CONFIG").glob("*_daq.csv"):
        path.write_bytes(daq(served.ports, 1001))
    with stack(base / "set", base / "state", forked=False, MAIN_KEY=server.client_key.read_text()) as gateway:
        gateway.start()
        every = lambda s: len(s["devices"]) == DEVICES and all(d["readings"] for d in s["devices"])  # noqa: E731
        await gateway.until("all devices answer", "/api/v1/status", every)
        afar = Afar(gateway, server, served.ports)
        await asyncio.sleep(SETTLE_SECONDS)
        idle = [await afar.connected() for _ in range(REVISIONS)]
        served.mark()
        times = []
        for number in range(2, 2 + REVISIONS):
            times.append(await afar.edited(number))
            await asyncio.sleep(2 * POLL_SECONDS)
        missed = served.missed(POLL_SECONDS)
        gateway.stop()
    return idle, times, missed


def run() -> Iterator[Row]:
    tests = str(Path(__file__).parents[1] / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    from support.sets import DIRECTORIES
    from support.sftp import sshd

    with (
        tempfile.TemporaryDirectory(prefix="heliograph-bench-") as directory,
        sshd() as server,
        plant(DEVICES) as served,
    ):
        for name in DIRECTORIES:
            server.tree.directory(name)
        idle, times, counts = asyncio.run(measured(served, Path(directory), server))
    others = [count for n, count in enumerate(counts) if n != CHANGED]
    polls, missed = (sum(column) for column in zip(*others, strict=True))
    baseline, middle = statistics.median(idle), statistics.median(times)
    yield Row("baseline: a connection with nothing to do, asked for to seen: median", f"{baseline:.2f} s")
    yield Row(f"{REVISIONS} uploads, each to applied: median", f"{middle:.2f} s, {middle / baseline:.2f} times")
    yield Row(f"turns missed by the other {len(others)}, of {polls + missed}", f"{missed}", "0", missed == 0)
