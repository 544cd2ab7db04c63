"""What a person reads of an MQTT server: a row a visit, a row a day of a permanent connection (spec 1.6)."""

import pytest

from heliograph.contract import ConnectionResult, PageRequest, Trigger
from heliograph.sync.history import INTERRUPTED, History
from heliograph.sync.telemetry.chronicle import Chronicle
from support.ports import free_port
from support.proxy import proxy
from support.syncing import until
from support.telemetry import PERMANENT, mqtt_applied, mqtt_server, record

DAY_SECONDS = 24 * 3600


@pytest.fixture
def history(telemetry) -> History:
    return telemetry.bench.history


@pytest.fixture
def chronicle(telemetry, history) -> Chronicle:
    return Chronicle(history, 1, telemetry.clock)


def rows(history: History) -> list:
    return list(history.page(PageRequest(limit=1000)).connections)


def test_a_line_that_breaks_all_the_time_makes_a_row_a_day(telemetry, history, chronicle):
    for _ in range(3 * 24 * 12):
        chronicle.begin(Trigger.RETRY, is_day=True)
        chronicle.connected()
        chronicle.count("data", 1, 100)
        chronicle.fail("connection: lost")
        telemetry.clock.move(300)
    chronicle.end()
    found = rows(history)
    assert len(found) == 3
    assert sum(t.files for row in found for t in row.transfers) == 3 * 24 * 12
    assert {row.result for row in found} == {ConnectionResult.PARTIAL}
    assert found[-1].failures == ("2024-06-01 12:00:00 to 2024-06-02 11:55:00: connection: lost (288 times)",)


def test_a_broker_that_was_never_reached_failed_all_day(telemetry, history, chronicle):
    for text in ("connection: refused", "connection: refused", "connection: no name"):
        chronicle.begin(Trigger.RETRY, is_day=True)
        chronicle.fail(text)
        telemetry.clock.move(900)
    chronicle.end()
    (row,) = rows(history)
    assert row.result is ConnectionResult.FAILED
    assert row.failures == (
        "2024-06-01 12:30:00: connection: no name",
        "2024-06-01 12:00:00 to 2024-06-01 12:15:00: connection: refused (2 times)",
    )


def test_an_open_row_tells_what_was_carried_so_far(telemetry, history, chronicle):
    chronicle.begin(Trigger.START, is_day=True)
    chronicle.connected()
    chronicle.count("data", 3, 300)
    telemetry.clock.move(11)
    chronicle.count("data", 1, 100)
    row = history.open_row(1)
    assert (row.end, row.result) == (None, ConnectionResult.RUNNING)
    assert [(t.kind, t.files, t.bytes) for t in row.transfers] == [("data", 4, 400)]
    history.close_interrupted(0)
    (row,) = rows(history)
    assert row.failures == (INTERRUPTED,)
    assert [t.files for t in row.transfers] == [4]


def test_a_clock_that_goes_back_ends_the_row(telemetry, history, chronicle):
    chronicle.begin(Trigger.START, is_day=True)
    telemetry.clock.set(telemetry.clock.time() - DAY_SECONDS)
    chronicle.turn_page()
    assert len(rows(history)) == 2


async def test_a_permanent_connection_turns_the_page_each_day(telemetry, history, mosquitto_broker):
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        telemetry.one.start(0)
        await until(lambda: telemetry.one.state().connected)
        assert telemetry.one.state().last.trigger is Trigger.START
        telemetry.bench.spool.take_records([record(1)])
        telemetry.one.request()
        await until(lambda: telemetry.position() == 1)
        telemetry.clock.move(DAY_SECONDS + 1)
        await until(lambda: len(rows(history)) == 2)
        assert telemetry.one.state().connected
        assert [t.files for t in rows(history)[1].transfers] == [1]
        assert rows(history)[1].result is ConnectionResult.DONE
    assert [row.result for row in rows(history)] == [ConnectionResult.DONE] * 2


async def test_requests_during_a_scheduled_visit_make_one_more_follow(telemetry, history, mosquitto_broker):
    with proxy(mosquitto_broker.port) as between:
        between.faults.hang_after["down"] = 0
        async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, address=between.host)])):
            telemetry.one.request()
            await until(lambda: not telemetry.one.idle.is_set())
            for _ in range(5):
                telemetry.one.request()
            between.faults.hang_after.clear()
            await until(lambda: len(rows(history)) == 2 and telemetry.one.idle.is_set())
            assert telemetry.one.triggers.next().trigger is Trigger.SCHEDULE, "no third one follows"


async def test_an_error_that_nobody_expected_is_told_and_tried_again(telemetry, mosquitto_broker, monkeypatch):
    from heliograph.sync.telemetry import visit

    monkeypatch.setattr(visit.Visit, "_serve", lambda *_: 1 / 0)
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port)])):
        telemetry.one.request()
        await until(lambda: telemetry.one.triggers.failures == 1)
        assert "an error of the gateway's own (ZeroDivisionError)" in telemetry.one.state().problems[0]
        monkeypatch.undo()
        telemetry.clock.move(31)
        await until(lambda: telemetry.one.triggers.failures == 0 and telemetry.one.idle.is_set())


async def test_a_lost_link_fails_a_scheduled_visit(telemetry, history, mosquitto_broker):
    telemetry.timeout_seconds = 0.5
    with proxy(mosquitto_broker.port) as between:
        between.faults.hang_after["down"] = 4
        async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, address=between.host)])):
            telemetry.bench.spool.take_records([record(1)])
            telemetry.one.request()
            await until(lambda: telemetry.one.triggers.failures == 1)
        assert rows(history)[0].result is ConnectionResult.FAILED


async def test_the_row_of_a_broker_that_is_away_is_closed_at_the_stop_and_with_its_server(telemetry, history):
    async with telemetry.run(mqtt_applied([mqtt_server(free_port(), **PERMANENT)])):
        telemetry.one.start(0)
        await until(lambda: telemetry.one.triggers.failures == 1)
        assert history.open_row(1) is not None
        telemetry.configure(mqtt_applied([mqtt_server(free_port(), **PERMANENT)], number=2))
        await until(lambda: len(rows(history)) == 2 and telemetry.one.triggers.failures == 2)
    assert history.open_row(1) is None
    assert [row.result for row in rows(history)] == [ConnectionResult.FAILED] * 2
