"""Reconciliation with real servers of every kind: the table of spec 1.7, and a line that is cut anywhere in it."""

import copy
import gzip
import shutil
import subprocess
from pathlib import Path

import pytest

from heliograph.contract import ConnectionResult
from support.lines import PROXY_HOST
from support.realsite import RealSite
from support.samples import record
from support.site import CONFIG, DAQ, INV, VAR, closed, config, daq, device, first_set
from support.syncing import DEFINITION

OTHER = DEFINITION.replace("Power", "Energy").encode()
SCHEDULE = b"SCHEDULE_Params[0]=1|everyday|06:00:00|60|4\n"
PLACES = 3


def begun(directory: Path, peer, tree: str) -> RealSite:
    """A site whose main server has the whole set, remembered, on a line that may be cut."""
    site = RealSite(directory / tree, peer=peer, tree=tree, host=PROXY_HOST)
    site.start(first_set())
    for _ in range(2):
        assert site.connect().result is ConnectionResult.DONE
    return site


def busy(site: RealSite) -> None:
    """Let the next connection have everything to do: deliver, take in an edit, and bring one."""
    site.spool.take_records([record(1), record(2, "2")])
    site.spool.raise_alarm("POWER ON")
    site.edit(INV, OTHER)
    site.offer({**site.files, VAR: SCHEDULE})


def places(total: int) -> list[int]:
    return sorted({1, *(total * step // PLACES for step in range(1, PLACES)), max(1, total - 300)})


class Beginning:
    """A site and its server's tree as they were begun: `again` brings both back, on a directory of this number."""

    def __init__(self, directory: Path, peer) -> None:
        self._kept, self._peer = directory / "kept", peer
        self._first = closed(begun(directory, peer, "plant"))
        self._copy(self._tree, self._kept)

    def again(self, number: int) -> RealSite:
        shutil.rmtree(self._tree)
        self._copy(self._kept, self._tree)
        directory = shutil.copytree(self._first.directory, self._kept.with_name(f"site-{number}"))
        clock = copy.copy(self._first.clock)
        return RealSite(directory, clock=clock, peer=self._peer, tree="plant", host=PROXY_HOST)

    @property
    def _tree(self) -> Path:
        return self._peer.local("plant")

    def _copy(self, there: Path, here: Path) -> None:
        subprocess.run(["cp", "-a", there, here], check=True)  # with owners and times, which a server tells


@pytest.mark.timeout(900)
@pytest.mark.long
@pytest.mark.parametrize(
    ("line", "direction"), [("sftp", "up"), ("sftp", "down"), ("ftps", "up"), ("webdav", "down")], indirect=["line"]
)
def test_cut_anywhere_in_a_connection_the_next_ones_complete_everything_once(line, tmp_path, direction):
    peer, between = line
    beginning = Beginning(tmp_path, peer)
    measured = beginning.again(0)
    before = between.faults.passed[direction]
    busy(measured)
    assert measured.connect().result is ConnectionResult.DONE
    total = between.faults.passed[direction] - before
    measured.close()
    for number, after in enumerate(places(total), 1):
        site = beginning.again(number)
        busy(site)
        between.faults.cut_after[direction] = after
        site.connect()
        between.faults.cut_after.clear()
        site.again()
        for _ in range(2):
            visited = site.connect()
        assert visited.result is ConnectionResult.DONE, (after, visited.failures)
        expected = {**first_set(), INV: OTHER, VAR: SCHEDULE}
        assert (site.on(), site.files) == (expected, expected), after
        assert site.in_force.number == 3, "one revision an edit, however often the line broke"
        assert_once(site)
        site.close()


def assert_once(site: RealSite) -> None:
    """Both records and the alarm stand there once, and nothing half."""
    files = site.listed()
    data = [gzip.decompress(c).decode() for path, c in files.items() if path.startswith("DATA/")]
    assert sum(text.count("24/06/01-10:00:00") for text in data) == 2
    alarms = "".join(gzip.decompress(c).decode() for path, c in files.items() if path.startswith("ALARM/"))
    assert alarms.count("POWER ON") == 1
    assert not [path for path in files if ".tmp" in path]


@pytest.fixture
def site(line, tmp_path):
    site = begun(tmp_path, line[0], "plant")
    yield site
    site.close()


def test_every_row_of_the_table_on_every_kind_of_server(site):
    assert site.on() == first_set()
    site.edit(CONFIG, config(GATEWAY_Name="Roof", LOG_Level="loud"))
    site.edit("DEF/new.csv", OTHER)
    site.edit(DAQ, daq(device(1, "new.csv")))
    site.connect()
    assert site.in_force.number == 2
    assert site.in_force.set.config.name == "Roof"
    site.connect()
    assert site.on()[CONFIG] == config(GATEWAY_Name="Roof", LOG_Level="info")
    site.offer({**site.files, VAR: SCHEDULE})
    site.connect()
    assert site.on()[VAR] == SCHEDULE
    site.offer({**site.files, "DEF/new.csv": OTHER + b"9;3;9;U16;;Ours;;1;0;;4\n"})
    site.edit("DEF/new.csv", OTHER + b"9;3;9;U16;;Theirs;;1;0;;4\n")
    site.connect()
    assert b"Theirs" in site.files["DEF/new.csv"]
    site.edit("DEF/new.csv", b"broken")
    assert any("rejected" in failure for failure in site.connect().failures)
    assert b"Theirs" in site.files["DEF/new.csv"]


def test_a_set_that_stands_rejected_is_not_downloaded_again(site, line):
    broken = b"".join(b"%d;3;%d;U16;;Power %d;;1;0;W;99\n" % (n, n, n) for n in range(1500))
    site.edit(INV, b"modbusTCP;Meter;Witness;One\n" + broken)
    faults = line[1].faults
    costs = []
    for _ in range(4):
        before = faults.passed["down"]
        assert any("rejected" in failure for failure in site.connect().failures)
        costs.append(faults.passed["down"] - before)
    assert costs[0] > len(broken) > 2 * costs[-1], costs
    site.edit(INV, OTHER)
    site.connect()
    assert site.files[INV] == OTHER
