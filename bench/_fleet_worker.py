"""A fleet of gateways, one after another in one process, each with a directory, a uid and a tree of its own."""

import json
import resource
import sys
import time
from pathlib import Path

TESTS = str(Path(__file__).parents[1] / "tests")
sys.path.insert(0, TESTS)

from sqlmodel import SQLModel  # noqa: E402

from heliograph.contract import ConnectionResult  # noqa: E402
from heliograph.formats.config import FileServer  # noqa: E402
from heliograph.sync.access import Pins  # noqa: E402
from heliograph.sync.applied import Applied  # noqa: E402
from heliograph.sync.remote import Access, open_store  # noqa: E402
from support.site import DAQ, INV, VAR, Site, config, daq, device  # noqa: E402
from support.syncing import DEFINITION  # noqa: E402

SCHEDULE = b"SCHEDULE_Params[0]=1|everyday|06:00:00|60|4\n"


class RealSite(Site):
    """A site whose server is a real one."""

    access = Access()

    def _dial(self, server: FileServer, _: Applied):
        return open_store(server, self.access, Pins(self.database))


def gateway(base: Path, number: int, server: dict) -> float:
    """Reconcile one gateway three times: an empty tree, nothing new, an edit. Return the seconds it took."""
    root = Path(server["disk"]) / f"plant-{number:04d}"
    for name in ("CONFIG", "DEF", "DATA", "CMD", "ALARM", "LOG"):
        (root / name).mkdir(parents=True, exist_ok=True)
    values = {
        "SERVER_Type": "sftp", "FTP_Address": "127.0.0.1", "FTP_Port": server["port"], "FTP_Login": server["login"],
        "FTP_DirRoot": f"{server['root']}/plant-{number:04d}",
    }  # fmt: skip
    files = {DAQ.replace("daq.csv", "config.ini"): config(values), DAQ: daq(device(1)), INV: DEFINITION.encode()}
    begun = time.perf_counter()
    site = RealSite(base / str(number))
    site.start(files)
    assert site.connect().result is ConnectionResult.DONE
    assert site.connect().result is ConnectionResult.DONE
    (root / VAR).write_bytes(SCHEDULE)
    assert site.connect().result is ConnectionResult.DONE
    assert site.in_force.number == 2
    site.close()
    seconds = time.perf_counter() - begun
    _forget_statements()
    return seconds


def _forget_statements() -> None:
    """Let go of the statements that the mappers compiled for this gateway's database.

    SQLAlchemy keeps them by engine, up to a hundred a table: a gateway has one engine as long as it runs, a fleet in
    one process has one each, and would be measured by what no gateway has.
    """
    for mapper in SQLModel._sa_registry.mappers:  # noqa: SLF001  # nothing public empties it
        mapper._compiled_cache.clear()  # noqa: SLF001


if __name__ == "__main__":
    where, count, given = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
    RealSite.access = Access(private_key=Path(given["key"]).read_bytes())
    seconds, memory = [], []
    for index in range(count):
        seconds.append(gateway(where, index, given))
        memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    print(json.dumps({"seconds": seconds, "memory": memory}))
