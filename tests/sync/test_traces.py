"""Communication traces on their way from the bus to every file server (spec 3.4)."""

import asyncio
import gzip

import pytest

from heliograph.contract import ConnectRequest, Service, TraceInterface, TracePart
from heliograph.contract.channels import CONNECT, TRACES
from heliograph.formats.names import FileKind, parse_name
from heliograph.runtime import BusError
from heliograph.sync import spool as spool_module
from support.sets import UID
from support.site import first_set, site_at
from support.syncing import Running, plant_set

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


async def test_a_part_on_the_bus_reaches_both_servers_at_their_next_connection(broker, connect, tmp_path):
    running = Running(broker, tmp_path, gateway_set=plant_set(tmp_path / "set"))
    async with running.run(), asyncio.timeout(60):
        collector, commands = await connect(Service.COLLECTOR), await connect(Service.COMMANDS)
        while not await _did(collector.store(TRACES, part(1), identity="trace-1", interface="serial1")):
            await asyncio.sleep(0.05)

        def arrived() -> bool:
            return all(any("_serial1_" in name for name in running.names(number, "LOG")) for number in (1, 2))

        while not arrived():
            await _did(commands.request(CONNECT, ConnectRequest(), timeout=5))
            await asyncio.sleep(0.2)
    (name,) = [name for name in running.names(1, "LOG") if "_serial1_" in name and not name.endswith(".tmp")]
    assert gzip.decompress(running.servers[1].files[f"/LOG/{name}"]).decode() == TEXT


async def _did(work) -> bool:
    """Whether it could be done yet: sync makes the streams and its answers when it starts."""
    try:
        await work
    except BusError:
        return False
    return True
