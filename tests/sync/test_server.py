"""The two servers' tasks side by side: neither waits for the other (spec 1.4, 1.5)."""

import asyncio
import gzip
import threading
from collections import Counter
from dataclasses import replace

import pytest

from heliograph.contract import ConnectionResult, PageRequest, Trigger
from heliograph.formats.config import MqttServer, ServerMode, ServerType
from heliograph.sync.connection import Visit
from heliograph.sync.remote import MemoryServer
from heliograph.sync.server import ServerTask
from heliograph.sync.threads import in_thread
from support.samples import record
from support.syncing import applied, device, file_server, until


def rows(bench, server: int) -> list:
    """The ended connections of a server."""
    page = bench.history.page(PageRequest(server=server)).connections
    return [connection for connection in page if connection.end is not None]


@pytest.fixture
async def tasks(bench):
    """Both servers' tasks, running."""
    servers = [ServerTask(number, bench.parts, lambda: None) for number in (1, 2)]
    for server in servers:
        server.configure(bench.applied)
    work = [asyncio.create_task(server.run()) for server in servers]
    yield servers
    bench.stop.set()
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)


async def test_a_hanging_server_never_delays_the_other(bench, tasks):
    let_go = bench.hang[2] = threading.Event()
    bench.spool.take_records([record(1)])
    one, two = tasks
    try:
        two.request()
        await until(lambda: not two.idle.is_set())
        for number in range(1, 4):
            one.request()
            await until(lambda number=number: len(rows(bench, 1)) == number)
        assert len(bench.names(1)) == 1
        assert two.state().connecting
    finally:
        let_go.set()


async def test_a_connection_is_stopped_by_a_person_and_what_waits_goes_with_the_next(bench, tasks):
    one, _ = tasks
    assert not one.stop_connection("anna"), "none runs"
    let_go = bench.hang[1] = threading.Event()
    bench.spool.take_records([record(1)])
    one.request()
    await until(lambda: not one.idle.is_set())
    assert one.stop_connection("anna")
    let_go.set()
    await until(lambda: len(rows(bench, 1)) == 1)
    (stopped,) = rows(bench, 1)
    assert stopped.result is ConnectionResult.PARTIAL, "no failure that is tried again soon"
    assert stopped.failures == ("connection: stopped by anna; what was not sent stays for the next connection",)
    assert bench.names(1) == []
    await until(one.idle.is_set)
    assert one.state().failures == 0
    one.request()
    await until(lambda: len(rows(bench, 1)) == 2)
    assert len(bench.names(1)) == 1


async def test_requests_during_a_connection_make_one_more_follow(bench, tasks):
    one, _ = tasks
    let_go = bench.hang[1] = threading.Event()
    one.request()
    await until(lambda: not one.idle.is_set())
    for _ in range(5):
        one.request()
    let_go.set()
    await until(lambda: len(rows(bench, 1)) == 2 and one.idle.is_set())
    assert one.triggers.next().trigger is Trigger.SCHEDULE, "no third one follows"


async def test_a_failed_connection_is_tried_again_and_shown(bench, tasks):
    one, _ = tasks
    bench.servers[1].unreachable = "no route to host"
    one.request()
    await until(lambda: one.triggers.failures == 1)
    state = one.state()
    assert state.problems == ("connection: no route to host",)
    assert (state.failures, state.next_trigger) == (1, Trigger.RETRY)
    assert 22_000 <= state.next - bench.clock.time() * 1000 <= 30_000
    bench.servers[1].unreachable = ""
    bench.clock.move(31)
    await until(lambda: one.triggers.failures == 0)
    assert one.state().problems == ()
    assert one.state().last.trigger is Trigger.RETRY


async def test_the_schedule_connects_on_its_own(bench, tasks):
    one, _ = tasks
    bench.spool.take_records([record(1)])
    until_next = one.state().next / 1000 - bench.clock.time()
    assert 0 < until_next <= 86400
    bench.clock.move(until_next + 1)
    await until(lambda: rows(bench, 1))
    assert len(bench.names(1)) == 1
    assert one.state().last.trigger is Trigger.SCHEDULE


async def test_what_waits_is_counted_for_each_server(bench, tasks):
    one, two = tasks
    bench.spool.take_records([record(n) for n in range(1, 6)])
    one.request()
    await until(lambda: bench.history.last(1))
    assert (one.state().waiting_records, two.state().waiting_records) == (0, 5)


async def test_a_server_that_is_not_configured_has_no_state_and_makes_no_connection(bench, tasks):
    one, two = tasks
    mqtt = MqttServer(2, ServerType.MQTT, ServerMode.MQTT, "127.0.0.1", 1883)
    revision = applied([file_server(1, ServerMode.MAIN)])
    two.configure(revision)
    assert two.state() is None
    two.request()
    one.request()
    await until(lambda: rows(bench, 1))
    assert two.idle.is_set()
    assert bench.history.last(2) is None
    two.configure(applied([file_server(1, ServerMode.MAIN), mqtt]))
    assert two.state() is None, "another task has it"


async def test_an_error_that_nobody_expected_fails_that_connection_and_is_told(bench, tasks, monkeypatch):
    one, two = tasks
    store, broken = MemoryServer.store, bench.servers[1]
    monkeypatch.setattr(MemoryServer, "store", lambda server: 1 / 0 if server is broken else store(server))
    one.request()
    await until(lambda: one.triggers.failures == 1)
    assert "an error of the gateway's own (ZeroDivisionError)" in one.state().problems[0]
    two.request()
    await until(lambda: rows(bench, 2))
    monkeypatch.undo()
    one.request()
    await until(lambda: one.triggers.failures == 0)
    assert one.state().problems == ()


async def test_no_connection_begins_after_the_stop(bench, tasks):
    one, _ = tasks
    bench.stop.set()
    one.request()
    await until(lambda: not one._news.is_set())
    assert one.idle.is_set()
    assert bench.history.page(PageRequest(server=1)).connections == ()


async def test_work_in_a_thread_gives_back_its_result_and_its_error():
    assert await in_thread("x", lambda: threading.current_thread().name) == "x"
    with pytest.raises(ZeroDivisionError):
        await in_thread("x", lambda: 1 / 0)


def test_a_connection_that_a_kill_cut_off_is_closed_at_the_next_start(bench):
    bench.history.begin(1, Trigger.SCHEDULE, 5)
    bench.again()
    bench.history.close_interrupted(9)
    last = bench.history.last(1)
    assert (last.result, last.end) == (ConnectionResult.FAILED, 9)
    assert "stopped in the middle" in last.failures[0]


async def test_a_server_that_moves_to_the_other_number_is_visited_by_one_at_a_time(bench, tasks, monkeypatch):
    running, most = Counter(), Counter()
    run = Visit.run

    def counted(visit: Visit):
        running[visit.place] += 1
        most[visit.place] = max(most[visit.place], running[visit.place])
        try:
            return run(visit)
        finally:
            running[visit.place] -= 1

    monkeypatch.setattr(Visit, "run", counted)
    let_go = bench.hang[1] = threading.Event()
    one, two = tasks
    bench.spool.take_records([record(1)])
    one.request()
    await until(lambda: not one.idle.is_set())
    exchanged = [
        replace(file_server(2, ServerMode.BACKUP), number=1),
        replace(file_server(1, ServerMode.MAIN), number=2),
    ]
    placed = bench.serving.begin(applied(exchanged, [device("1")]))
    for task in tasks:
        task.configure(placed)
        task.request()
    bench.spool.take_records([record(2, time=1_717_236_060_000)])
    await asyncio.sleep(0.1)
    assert two.idle.is_set(), "it waits for the connection that goes on under number 1"
    let_go.set()
    await until(lambda: rows(bench, 2) and len(rows(bench, 1)) == 2)
    for figure in (1, 2):
        found = [line for name in bench.names(figure) for line in text(bench.content(figure, name)) if line[2:3] == "/"]
        assert [line[9:14] for line in found] == ["10:00", "10:01"]
    assert set(most.values()) == {1}


def text(content: bytes) -> list[str]:
    return gzip.decompress(content).decode().splitlines()
