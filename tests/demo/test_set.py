"""The demo's configuration set has no finding, and what the demo says on the terminal is true."""

import gzip
import io
from pathlib import Path

from heliograph.cli.gateway import EPHEMERAL_PORTS, LOWEST_PORT, free_port
from heliograph.demo.arrivals import Arrivals
from heliograph.demo.gateway_set import AUTHORITY_FILE, UID, Access, Addresses, write_set
from heliograph.demo.narrator import Narrator, counted, decode_command
from heliograph.demo.plant import Counters
from heliograph.demo.servers import make_tree
from heliograph.demo.state import DemoState
from heliograph.formats import read_set
from heliograph.sync.calendar import start_share

ADDRESSES = Addresses(
    {"roof_south": ("127.0.0.1", 5021), "roof_west": ("127.0.0.1", 5022), "carport": ("127.0.0.1", 5023)},
    Access("127.0.0.1", 2222, "env:DEMO_SERVER1_PASSWORD"),
    "SHA256:YT53ha6ySw7WmfYQ1AW6a1sEXx7Zq4bYv2m4jiB4QqM",
    Access("127.0.0.1", 8443, "env:DEMO_SERVER2_PASSWORD"),
    b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
)


def files_of(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*.*")}


def test_the_set_is_without_findings(tmp_path):
    write_set(tmp_path, ADDRESSES)
    parsed, findings = read_set(files_of(tmp_path))
    assert findings == []
    assert parsed.uid == UID
    assert [device.name for device in parsed.daq.devices] == [
        "roof_south", "roof_west", "carport", "grid_meter", "weather",
    ]  # fmt: skip
    assert {device.period_seconds for device in parsed.daq.devices} == {10}
    assert parsed.schedules.server1[0].interval_minutes == parsed.schedules.server2[0].interval_minutes == 1
    assert parsed.config.servers[1].ca_file == AUTHORITY_FILE


def test_the_set_is_left_alone_where_nothing_changed(tmp_path):
    write_set(tmp_path, ADDRESSES)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    write_set(tmp_path, ADDRESSES)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")} == before


def test_the_first_connection_comes_early_in_the_first_minute():
    """Late enough for a record to be there, early enough that the person has a file within the minute."""
    assert 15 <= start_share(UID, 60) <= 25


def test_a_file_arrives_when_it_is_whole_and_only_once(tmp_path):
    root = make_tree(tmp_path)
    (root / "DATA/old.csv.gz").write_bytes(gzip.compress(b"old"))
    arrivals = Arrivals(root)
    content = gzip.compress(b"x" * 1000)
    (root / "DATA/a.csv.gz").write_bytes(content[:20])
    (root / "DATA/b.csv.gz.tmp").write_bytes(content)
    assert arrivals.fresh() == []
    (root / "DATA/a.csv.gz").write_bytes(content)
    (root / "ALARM/c.csv.gz").write_bytes(content)
    assert [file.name for file in arrivals.fresh()] == ["c.csv.gz", "a.csv.gz"]
    assert arrivals.fresh() == []
    assert counted(arrivals) == "1 data file, 1 alarm file"


def test_the_first_data_file_is_told_with_the_command_that_reads_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = io.StringIO()
    narrator = Narrator(tmp_path / "set/DEF", out)
    narrator.arrived(1, tmp_path / "servers/1/DATA/a b.csv.gz")
    assert "delivered to server 1 (SFTP): servers/1/DATA/a b.csv.gz" in out.getvalue()
    command = decode_command(tmp_path / "servers/1/DATA/a b.csv.gz", tmp_path / "set/DEF")
    assert command.endswith("decode 'servers/1/DATA/a b.csv.gz' --def set/DEF")
    assert command in out.getvalue()


def test_ports_and_counters_are_kept_and_damage_is_survived(tmp_path):
    state = DemoState(tmp_path)
    port = state.port("server 1")
    assert DemoState(tmp_path).port("server 1") == port
    assert state.counters() == Counters()
    state.keep_counters(Counters((1.0, 2.0, 3.0), 4.0, 5.0))
    assert state.counters() == Counters((1.0, 2.0, 3.0), 4.0, 5.0)
    (tmp_path / "plant.json").write_text('{"inverters": "x"')
    (tmp_path / "ports.json").write_text("[]")
    assert state.counters() == Counters()
    assert state.port("server 1") > 0


def test_a_port_that_is_kept_is_none_that_an_outgoing_connection_may_take():
    lowest = int(EPHEMERAL_PORTS.read_text().split()[0])
    assert all(LOWEST_PORT <= free_port() < lowest for _ in range(20))
