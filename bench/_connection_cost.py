"""What one connection of sync costs on the line to a real server: round trips and bytes, counted by a proxy.

`bench.reconcile` prints it for a connection with nothing to do: everything stands on the server as remembered.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TESTS = str(Path(__file__).parents[1] / "tests")
if TESTS not in sys.path:
    sys.path.insert(0, TESTS)

from heliograph.contract import ConnectionResult  # noqa: E402
from support.lines import LINES, PROXY_HOST  # noqa: E402
from support.proxy import Proxy, Traffic  # noqa: E402
from support.remote import DiskPeer  # noqa: E402
from support.syncing import DEFINITION  # noqa: E402

KINDS = ("sftp", "webdav")
"""Over SSH, and over TLS to Apache; `ftp`, `ftps` and `webdav-plain` can be asked for too."""
SETTLING = 3
"""Connections until nothing is left to do: one brings the set, one compares what changed in the same second."""


def connection_cost(kind: str, definitions: int = 10, log_level: str = "warning") -> Traffic:
    """Return what a connection costs that finds nothing to do, with so many definitions in the set.

    At the level `info` the connection also delivers its own log, as gateways in the field do.
    """
    from support.realsite import RealSite

    with _line(kind) as (peer, between), tempfile.TemporaryDirectory(prefix="heliograph-bench-") as directory:
        site = RealSite(Path(directory), peer=peer, tree="plant", host=PROXY_HOST)
        site.start(_set(definitions, log_level))
        for _ in range(SETTLING):
            _connect(site)
        before = between.traffic
        _connect(site)
        cost = between.traffic - before
        site.close()
    return cost


def opening_cost(kind: str) -> Traffic:
    """Return what it costs to open a session and close it, which no way of reconciling can spare."""
    with _line(kind) as (peer, between):
        peer.directory("plant")
        before = between.traffic
        with peer.store(address=PROXY_HOST):
            pass
        return between.traffic - before


@contextmanager
def _line(kind: str) -> Iterator[tuple[DiskPeer, Proxy]]:
    with LINES[kind]() as both:
        yield both


def _connect(site) -> None:
    visited = site.connect()
    if visited.result is not ConnectionResult.DONE:
        raise RuntimeError(f"the connection did not do what is measured: {'; '.join(visited.failures)}")


def _set(definitions: int, log_level: str) -> dict[str, bytes]:
    from support.site import BACKUP, CONFIG, DAQ, MAIN, config, daq, device

    names = [f"inv{number}.csv" for number in range(definitions)]
    rows = [device(number, name) for number, name in enumerate(names, 1)]
    files = {CONFIG: config(MAIN, BACKUP, LOG_Level=log_level), DAQ: daq(*rows)}
    return files | {f"DEF/{name}": DEFINITION.encode() for name in names}
