"""Issue figure: a fleet's worth of reconciliation against one SFTP server, one gateway after another.

Each of them meets an empty tree, connects with nothing to do, and follows an edit. What the thousandth costs is held
against what the first ones cost, in time and in peak memory. `HELIOGRAPH_BENCH_GATEWAYS` shortens the fleet.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from bench import Row

FIGURE = "A fleet reconciled against one SFTP server, one gateway after another"
GATEWAYS = int(os.environ.get("HELIOGRAPH_BENCH_GATEWAYS", "1000"))
SHARE = 10
"""The first and the last tenth are compared."""
GROWTH = 1.1


def run() -> Iterable[Row]:
    tests = str(Path(__file__).parents[1] / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    from support.sftp import sshd

    base = Path(tempfile.mkdtemp(prefix="heliograph-bench-"))
    try:
        with sshd() as server:
            server.tree.root.chmod(0o777)
            told = _work(base, server)
    finally:
        shutil.rmtree(base)
    part = max(1, GATEWAYS // SHARE)
    first, last = (statistics.median(some) for some in (told["seconds"][:part], told["seconds"][-part:]))
    yield Row(f"baseline: seconds a gateway (three connections), the first {part}", f"{first:.3f}")
    tenths = [told["seconds"][at : at + part] for at in range(0, GATEWAYS, part)]
    yield Row("tenth by tenth", " ".join(f"{statistics.median(some):.2f}" for some in tenths))
    yield Row(f"the last {part} of {GATEWAYS}", f"{last:.3f}, {last / first:.2f} times", f"≤ {GROWTH}",
              last / first <= GROWTH)  # fmt: skip
    before, after = told["memory"][part - 1], told["memory"][-1]
    grown = f"{after / 1e6:.0f} MB, {after / before:.2f} times"
    yield Row(f"baseline: peak memory after the first {part}", f"{before / 1e6:.0f} MB")
    yield Row("after the last", grown, f"≤ {GROWTH}", after / before <= GROWTH)


def _work(base: Path, server) -> dict:
    given = {
        "port": server.port, "login": server.login, "key": str(server.client_key), "root": str(server.tree.root),
        "disk": str(server.tree.root),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "bench._fleet_worker", str(base), str(GATEWAYS), json.dumps(given)],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, umask=0,
    )  # fmt: skip
    return json.loads(done.stdout)
