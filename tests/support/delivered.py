"""What lies on the servers at the end of a whole gateway's run, read back and held against what the plant served."""

import asyncio
import gzip
from collections import Counter, defaultdict
from pathlib import Path

from heliograph.formats import DateForm, has_errors, parse_definition, read_data_file
from support.servers import Tree
from support.stack import Stack
from support.whole import PERIOD, Plant
from support.witness import Row, prove

LEAST_RECORDS = 20


async def settle(gateway: Stack) -> float:
    """Let everything that was recorded reach all servers, and stop the gateway.

    Returns when the collector ended, in seconds since 1970.
    """
    await gateway.until(
        "all services run", "/api/v1/status", lambda s: all(service["running"] for service in s["services"])
    )
    await gateway.until("the outbox is empty", "/api/v1/status", lambda s: s["outbox_records"] == 0)
    gateway.stop("collector")
    async with asyncio.timeout(120):
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
        seconds=240,
    )
    until = gateway.lives["collector"][-1][1]
    gateway.stop()
    return until


def check(gateway: Stack, plant: Plant, tree: Tree, dates: DateForm, until: float, least: int = LEAST_RECORDS) -> None:
    """Fail unless each record stands once on this server, at least so many, and no alarm twice; a long run has some."""
    wrong = []
    lives = gateway.lives["collector"]
    files = sorted((tree.root / "DATA").iterdir())
    assert all(file.name.endswith(".csv.gz") for file in files), [file.name for file in files]
    rows = read_back(gateway.gateway.set_dir, files, dates)
    for device, witness in plant.witnesses.items():
        wrong += [f"device {device}: {text}" for text in prove(witness, rows[device], PERIOD, lives, until)]
    told = [f"lives of the collector: {[[round(at, 2) for at in life] for life in lives]}"]
    assert not wrong, "\n".join(wrong[:40] + told)
    assert sum(len(some) for some in rows.values()) > least
    alarms = Counter(alarm_lines(tree))
    assert alarms or least < LEAST_RECORDS
    assert not [line for line, times in alarms.items() if times > 1]
    assert not list(tree.root.rglob("*.tmp"))


def read_back(set_dir: Path, files: list[Path], dates: DateForm) -> dict[str, list[Row]]:
    """Return every record in the data files of a server, by device."""
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


def alarm_lines(tree: Tree) -> list[str]:
    """Return the lines of all alarm files of a server."""
    return _packed_lines(tree, "ALARM")


def log_lines(tree: Tree) -> list[str]:
    """Return the lines of all log files of a server."""
    return _packed_lines(tree, "LOG")


def _packed_lines(tree: Tree, directory: str) -> list[str]:
    files = sorted((tree.root / directory).glob("*.gz"))
    return [line for file in files for line in gzip.decompress(file.read_bytes()).decode().splitlines()]
