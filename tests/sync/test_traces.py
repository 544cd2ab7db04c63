"""Communication traces on their way from the bus to every file server (spec 3.4)."""

import gzip

import pytest

from heliograph.contract import TraceInterface, TracePart
from heliograph.formats.names import FileKind, parse_name
from heliograph.sync import spool as spool_module
from support.sets import UID
from support.site import first_set, site_at

TEXT = "24/06/2026 12:00:00.123;=> 01 03 00 00 00 01 84 0A\n"


@pytest.fixture
def site(tmp_path):
    site = site_at(tmp_path, first_set())
    yield site
    site.close()


def part(number: int, interface: TraceInterface = TraceInterface.SERIAL1, text: str = TEXT) -> TracePart:
    return TracePart(identity=f"{interface}-{number}", interface=interface, time=1, text=text)


def on(site, address: str) -> dict[str, str]:
    """The traces that a server has, by name."""
    found = {}
    for path, content in site.worlds[address].files.items():
        name = parse_name(path.rpartition("/")[2])
        if name is not None and name.kind.value.startswith(("serial", "ethernet")):
            assert path.startswith(f"/LOG/{UID}_")
            found[path.rpartition("/")[2]] = gzip.decompress(content).decode()
    return found


def test_each_part_is_a_file_of_its_own_on_both_servers_and_then_it_is_gone(site):
    site.spool.take_traces([part(1), part(2, TraceInterface.ETHERNET, "other\n")])
    site.connect(1)
    site.connect(2)
    for address in ("alpha", "beta"):
        found = on(site, address)
        assert sorted(found.values()) == [TEXT, "other\n"]
        kinds = {parse_name(name).kind for name in found}
        assert kinds == {FileKind.TRACE_SERIAL1, FileKind.TRACE_ETHERNET}
    assert site.ledger.count_waiting(1, "traces") == 0
    assert site.ledger.received("traces") == site.ledger.end("traces") == 2
    site.connect(1)
    assert len(on(site, "alpha")) == 2


def test_a_part_that_the_bus_brings_twice_is_sent_once(site):
    site.spool.take_traces([part(1)])
    site.spool.take_traces([part(1), part(3)])
    site.connect(1)
    assert len(on(site, "alpha")) == 2


def test_beyond_their_room_the_oldest_that_no_server_took_go(site, monkeypatch):
    monkeypatch.setattr(spool_module, "TRACE_BYTES", 300)
    texts = [f"24/06/2026 12:00:00.{number:03};=> {number:02X}\n" for number in range(20)]
    dropped = sum(site.spool.take_traces([part(number, text=text)]) for number, text in enumerate(texts))
    assert 0 < dropped < 20
    site.connect(1)
    assert sorted(on(site, "alpha").values()) == texts[dropped:]


def test_the_history_and_the_log_tell_of_it(site):
    site.spool.take_traces([part(1)])
    visited = site.connect(1)
    assert not visited.failures
    (name,) = on(site, "alpha")
    log = b"".join(gzip.decompress(c) for p, c in site.worlds["alpha"].files.items() if "_LOG_" in p).decode()
    assert f"server 1: traces: {name} delivered" in log
