"""Communication traces of a running collector: asked for over the bus, written, closed, brought to sync (spec 3.4)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from heliograph.collector import traces as traces_module
from heliograph.contract import Outcome, TraceInterface, TracePart, TraceRequest
from heliograph.contract.channels import TRACE, TRACES
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, RtuSimulator, TcpSimulator
from heliograph.formats.tracefile import Flow, Mark, TraceLine, read_trace
from heliograph.runtime import NoAnswer
from support.collecting import FastClock, Witness, collector, revision, until, witness

DEFINITION = "modbusRTU;Meter;Test;One\n1;3;0;U16;;Counter;;1;0;;4\n2;3;1;U16;;Power;;1;0;W;4\n"
TCP = ["1;127.0.0.1:{port};roof;1;1;1000;;poll=100;;;m.csv"]
SERIAL = ["2;SERIAL1;meter;5;1;1000;;poll=100;;;m.csv"]
LINE = ["SERIAL1;19200;8;N;1;2;modbusRTU;0"]


def bank() -> Registers:
    return Registers({HOLDING_REGISTER: {0: 7, 1: 1000}})


async def ask(sync: Witness, interface: TraceInterface, minutes: int) -> str:
    """What the collector answers, once it serves."""
    request = TraceRequest(interface=interface, minutes=minutes, origin="command")
    async with asyncio.timeout(30):
        while True:
            try:
                answer: Outcome = await sync.commands.request(TRACE, request, timeout=5)
            except NoAnswer:
                await asyncio.sleep(0.05)
                continue
            return answer.error


@asynccontextmanager
async def parts(sync: Witness) -> AsyncIterator[list[TracePart]]:
    """The traces that reach sync."""
    found: list[TracePart] = []

    async def take(some: list[TracePart]) -> None:
        found.extend(some)

    async def refuse(message: object) -> None:
        raise AssertionError(message)

    task = asyncio.create_task(sync.bus.consume(TRACES, take, refuse))
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def lines(some: list[TracePart]) -> list[TraceLine]:
    found = []
    for part in some:
        each, findings = read_trace(part.text.encode(), part.identity)
        assert not findings
        found += each
    return found


async def test_a_serial_line_is_traced_until_it_is_enough(broker, tmp_path):
    async with (
        RtuSimulator({5: bank()}, 19200) as line,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", serial1_device=line.device),
        parts(sync) as found,
    ):
        await sync.publish(revision(SERIAL, {"m.csv": DEFINITION}, serial=LINE))
        await until(lambda: sync.records, "a record")
        assert await ask(sync, TraceInterface.SERIAL1, 5) == ""
        await until(lambda: any(state.traces for state in sync.states[-1:]), "the trace in the state")
        (shown,) = sync.states[-1].traces
        assert shown.interface is TraceInterface.SERIAL1
        asked = line.units.requests[5]
        await until(lambda: line.units.requests[5] >= asked + 3, "polls")
        line.faults[5].exception = 4
        asked = line.units.requests[5]
        await until(lambda: line.units.requests[5] >= asked + 2, "an exception")
        assert await ask(sync, TraceInterface.SERIAL1, 0) == ""
        await until(lambda: found, "the trace")
        await until(lambda: not list((tmp_path / "c" / "traces").iterdir()), "its file gone from the disk")
    (part,) = found
    assert part.interface is TraceInterface.SERIAL1
    trace = lines(found)
    assert all(entry.address == "" for entry in trace)
    sent = [entry for entry in trace if entry.flow is Flow.SENT]
    assert len(sent) >= 4
    assert all(entry.frame[:2] == b"\x05\x03" for entry in sent)
    received = [entry for entry in trace if entry.flow is Flow.RECEIVED]
    assert Mark.EXCEPTION in {entry.mark for entry in received}
    assert any(entry.mark is Mark.NONE and entry.frame[3:7] == b"\x00\x07\x03\xe8" for entry in received)
    assert [entry.time for entry in trace] == sorted(entry.time for entry in trace)
    assert "serial1 is traced for 5 minutes (asked for by command)" in sync.log


async def test_ethernet_is_all_connections_and_ends_by_itself(broker, tmp_path):
    """Its minutes are those of a clock that goes three hundred times as fast."""
    async with (
        TcpSimulator({1: bank()}) as first,
        TcpSimulator({1: bank()}) as second,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", clock=FastClock(300)),
        parts(sync) as found,
    ):
        devices = [f"{index};127.0.0.1:{port};roof_{index};1;600;60000;;poll=1000;;;m.csv" for index, port in
                   ((1, first.port), (2, second.port))]  # fmt: skip
        await sync.publish(revision(devices, {"m.csv": DEFINITION}))
        await until(lambda: first.units.requests[1] and second.units.requests[1], "both polled")
        assert await ask(sync, TraceInterface.ETHERNET, 1440) == ""
        asked = [device.units.requests[1] for device in (first, second)]
        await until(lambda: first.units.requests[1] > asked[0] + 1, "polls of the first")
        await until(lambda: second.units.requests[1] > asked[1] + 1, "polls of the second")
        assert await ask(sync, TraceInterface.ETHERNET, 1) == "", "another end"
        await until(lambda: found, "the trace")
    addresses = {entry.address for entry in lines(found)}
    assert addresses == {f"127.0.0.1:{first.port}", f"127.0.0.1:{second.port}"}
    assert "the trace of ethernet ended: its time is over" in sync.log


async def test_a_link_that_is_made_while_a_trace_runs_is_heard_from_its_first_byte(broker, tmp_path):
    async with (
        TcpSimulator({1: bank()}) as first,
        TcpSimulator({1: bank()}) as second,
        witness(broker) as sync,
        collector(broker, tmp_path / "c"),
        parts(sync) as found,
    ):
        one = TCP[0].format(port=first.port)
        two = f"2;127.0.0.1:{second.port};late;1;1;1000;;poll=100;;;m.csv"
        await sync.publish(revision([one], {"m.csv": DEFINITION}))
        await until(lambda: sync.records, "a record")
        assert await ask(sync, TraceInterface.ETHERNET, 60) == ""
        await sync.publish(revision([one, two], {"m.csv": DEFINITION}, number=2))
        await until(lambda: second.units.requests[1] > 2, "polls of the new one")
        assert await ask(sync, TraceInterface.ETHERNET, 0) == ""
        await until(lambda: found, "the trace")
    new = [entry for entry in lines(found) if entry.address.endswith(f":{second.port}")]
    assert (new[0].flow, new[0].text) == (Flow.EVENT, "connected")
    assert new[1].flow is Flow.SENT
    assert int.from_bytes(new[1].frame[:2]) == 1


async def test_what_cannot_be_traced_is_refused_by_name(broker, tmp_path):
    async with TcpSimulator({1: bank()}) as device, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(revision([TCP[0].format(port=device.port)], {"m.csv": DEFINITION}))
        await until(lambda: sync.records, "a record")
        assert await ask(sync, TraceInterface.SERIAL2, 5) == (
            "there is nothing to trace: no device of the set is on serial2"
        )
        assert await ask(sync, TraceInterface.ETHERNET, 0) == "no trace of ethernet is being written"


async def test_a_trace_that_a_stop_cut_short_comes_after_the_next_start(broker, tmp_path):
    async with TcpSimulator({1: bank()}) as device, witness(broker) as sync, parts(sync) as found:
        async with collector(broker, tmp_path / "c"):
            await sync.publish(revision([TCP[0].format(port=device.port)], {"m.csv": DEFINITION}))
            await until(lambda: sync.records, "a record")
            assert await ask(sync, TraceInterface.ETHERNET, 60) == ""
            asked = device.units.requests[1]
            await until(lambda: device.units.requests[1] > asked + 2, "polls")
        left = tmp_path / "c" / "traces" / "serial1-1782302400123-000.open"
        await asyncio.to_thread(left.parent.mkdir, exist_ok=True)
        await asyncio.to_thread(left.write_text, "24/06/2026 12:00:00.123;=> 01 03\n")
        await asyncio.to_thread(left.with_name("of somebody.trace").touch)
        async with collector(broker, tmp_path / "c"):
            await until(lambda: {part.interface for part in found} == {"ethernet", "serial1"}, "both traces")
    assert any(entry.flow is Flow.SENT for entry in lines(found))


async def test_a_long_trace_comes_in_parts_and_ends_at_its_size(broker, tmp_path, monkeypatch):
    monkeypatch.setattr(traces_module, "PART_BYTES", 500)
    monkeypatch.setattr(traces_module, "TRACE_BYTES", 2000)
    async with (
        TcpSimulator({1: bank()}) as device,
        witness(broker) as sync,
        collector(broker, tmp_path / "c"),
        parts(sync) as found,
    ):
        await sync.publish(revision([TCP[0].format(port=device.port)], {"m.csv": DEFINITION}))
        await until(lambda: sync.records, "a record")
        assert await ask(sync, TraceInterface.ETHERNET, 1440) == ""
        await until(lambda: "the trace of ethernet ended" in sync.log, "its end")
        await until(lambda: sum(len(part.text) for part in found) >= 2000, "all parts")
    assert len({part.identity for part in found}) == len(found)
    trace = lines(sorted(found, key=lambda part: part.time))
    assert [entry.time for entry in trace] == sorted(entry.time for entry in trace)
