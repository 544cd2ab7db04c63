"""Figure 3 of the servers: MQTT over TLS, against a bare paho loop that publishes the same payloads in the same run.

Both sides keep the same window of messages with QoS 1 at the same mosquitto. Ours also reads the records from its
spool, scales and prints them, and moves its cursor on disk behind every acknowledgement. The bare loop has its payloads
ready. Small messages are what `Immediate=1` sends; large ones are a backlog's, where printing the records is the work.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from bench import Row

FIGURE = "MQTT over TLS: records acknowledged a second; time from a record to a subscriber"
ROUNDS = 3
ALERTS = 200


def run() -> Iterable[Row]:
    tests = str(Path(__file__).parents[1] / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    from support.certificates import Authority
    from support.mosquitto import tls_mosquitto

    authority = Authority()
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as directory:
        base = Path(directory)
        (base / "ca.pem").write_bytes(authority.pem)
        with tls_mosquitto(authority) as broker:
            yield from _throughput(base, broker.port, "one record a message", records=6000, limit=1024, target=0.7)
            yield from _throughput(base, broker.port, "messages of 16 KiB", records=10_000, limit=16_384)
            yield from _throughput(base, broker.port, "messages of 128 KiB", records=10_000, limit=131_072)
            yield from _latency(base, broker.port)


def _throughput(
    base: Path, port: int, what: str, records: int, limit: int, target: float | None = None
) -> Iterable[Row]:
    ours, theirs = [], []
    for number in range(ROUNDS):
        place = base / f"{limit}-{number}"
        ours.append(_work("deliver", place, port, base, records, limit)["seconds"])
        theirs.append(_work("bare", place, port, base, records, limit)["seconds"])
    ratio = min(theirs) / min(ours)
    yield Row(f"{what}: heliograph", f"{records / min(ours):,.0f} records/s")
    yield Row(f"{what}: bare paho, payloads ready", f"{records / min(theirs):,.0f} records/s")
    wanted = f"≥ {target}" if target else ""
    yield Row(f"{what}: ratio", f"{ratio:.2f}", wanted, ratio >= target if target else None)


def _latency(base: Path, port: int) -> Iterable[Row]:
    found = _work("latency", base / "latency", port, base, ALERTS, 131_072)
    for name, what in (
        ("ours", "record committed to the spool → subscriber, Immediate=1"),
        ("bare", "bare round trip"),
    ):
        times = sorted(found[name])
        middle, slow = statistics.median(times) * 1000, times[int(len(times) * 0.99)] * 1000
        yield Row(what, f"median {middle:.1f} ms, 99th percentile {slow:.1f} ms")
    yield Row("slowest record within 5 s (spec 3.5)", f"{max(found['ours']):.3f} s", "≤ 5 s", max(found["ours"]) <= 5)


def _work(what: str, directory: Path, port: int, base: Path, records: int, limit: int) -> dict:
    given = json.dumps({"port": port, "ca": str(base / "ca.pem"), "records": records, "limit": limit})
    done = subprocess.run(
        [sys.executable, "-m", "bench._mqtt_worker", what, str(directory), given],
        check=True,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )
    return json.loads(done.stdout)
