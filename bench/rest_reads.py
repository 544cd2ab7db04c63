"""Reads of the REST API a second at 200 devices, by wrk, while the whole gateway polls and records them.

The baseline is a bare FastAPI route in the same server that answers as many bytes, loaded in the same run while the
gateway works. What acquisition makes with and without the load is compared: records, and periods without one.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bench import Row
from bench._face import bare, size_of
from bench._plants import definition, plant

DEVICES = int(os.environ.get("HELIOGRAPH_BENCH_DEVICES", "200"))
FIGURE = f"REST reads a second at {DEVICES} devices, while they are polled each second and recorded every ten"
SECONDS = int(os.environ.get("HELIOGRAPH_BENCH_SECONDS", "16"))
PERIOD_SECONDS = 10
CONNECTIONS = 8
PATHS = ("/api/v1/status", "/api/v1/devices", "/api/v1/devices/1", "/api/v1/devices/1/variables")


def run() -> Iterator[Row]:
    tests = str(Path(__file__).parents[1] / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: scripts/install-test-servers")
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as directory, plant(DEVICES) as devices:
        yield from asyncio.run(_measure(Path(directory), devices.ports))


async def _measure(base: Path, ports: list[int]) -> list[Row]:
    from support.stack import stack

    with stack(_set(base / "set", ports), base / "state") as gateway, bare() as plain:
        gateway.start()
        answering = [{"condition": "answering"}] * DEVICES
        await gateway.until(
            "all devices answer",
            "/api/v1/status",
            lambda s: [{"condition": d["condition"]} for d in s["devices"]] == answering and s["outbox_records"] == 0,
            seconds=300,
        )
        url = f"http://127.0.0.1:{gateway.gateway.api_port}"
        quiet = await _collected(url, asyncio.sleep(SECONDS * len(PATHS)))
        rows: list[Row] = []
        loaded = await _collected(url, _loads(url, plain, rows))
    return [*rows, *_acquisition(quiet, loaded)]


async def _loads(url: str, plain: str, rows: list[Row]) -> None:
    for path in PATHS:
        size = await asyncio.to_thread(size_of, url + path)
        ours = await asyncio.to_thread(_wrk, url + path)
        theirs = await asyncio.to_thread(_wrk, f"{plain}/json/{size}")
        rows.append(Row(f"{path}, {size:,} B: reads/s", f"{ours:,.0f}"))
        rows.append(Row("  a bare route of its size, ratio", f"{theirs:,.0f}, {ours / theirs:.2f}"))


def _wrk(url: str) -> float:
    """Load one address for half of its turn; return answers a second. A wrong answer counts as a failure of all."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, SECONDS // 2)}s", "--timeout", "30s", url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"{url} answered wrongly under load:\n{said}")
    (rate,) = re.findall(r"Requests/sec:\s*([0-9.]+)", said)
    return float(rate)


async def _collected(url: str, work) -> dict[str, float]:
    """What acquisition made meanwhile."""
    before = await asyncio.to_thread(_counts, url)
    await work
    after = await asyncio.to_thread(_counts, url)
    return {name: after[name] - before[name] for name in before}


def _counts(url: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{url}/api/v1/status", timeout=60) as answer:
        status = json.load(answer)
    found = {name: sum(d[name] for d in status["devices"]) for name in ("records", "readings", "gaps", "refused")}
    return {
        **found,
        "stored": status["storage"]["records"] + status["outbox_records"],
        "seconds": status["time"] / 1000,
    }


def _acquisition(quiet: dict[str, float], loaded: dict[str, float]) -> Iterator[Row]:
    for what, found in (("without load", quiet), ("under load", loaded)):
        expected = DEVICES * found["seconds"] / PERIOD_SECONDS
        whole = abs(found["records"] - expected) <= DEVICES
        yield Row(f"records made {what}", f"{found['records']:.0f} of {expected:.0f}", "all, to one each", whole)
    rates = [found["readings"] / found["seconds"] for found in (quiet, loaded)]
    yield Row(
        "  polls a second without, under load, ratio", f"{rates[0]:.1f}, {rates[1]:.1f}, {rates[1] / rates[0]:.3f}"
    )
    lost = loaded["gaps"] + loaded["refused"]
    yield Row("  periods without a record, records refused, under load", f"{lost:.0f}", "none", lost == 0)
    stored = abs(loaded["stored"] - loaded["records"]) <= 2 * DEVICES
    yield Row("  of them on the disk of the gateway", f"{loaded['stored']:.0f}", "all but those on their way", stored)


def _set(directory: Path, ports: list[int]) -> Path:
    """A set whose server is away: what is recorded stays and can be counted."""
    from support.sets import UID, write_set

    config = {
        "GATEWAY_Uid": UID,
        "SERVER_Type": "sftp",
        "FTP_Address": "127.0.0.1",
        "FTP_Port": 1,
        "FTP_Login": "nobody",
        "FTP_Password": "none",
    }
    lines = [f"{n};127.0.0.1:{port};device {n};1;{PERIOD_SECONDS};1000;;1;;;bench.csv" for n, port in enumerate(ports)]
    return write_set(directory, config, lines, {"bench.csv": definition()})
