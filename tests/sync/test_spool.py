"""What the bus brings lies on disk, once, within its limits (spec 3.6)."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from heliograph.contract import Alarm, AlarmRequest, AlarmSource, CommandResults, Event, Level, Way
from heliograph.formats.values import format_row
from heliograph.sync import database as database_module
from heliograph.sync import spool as spool_module
from heliograph.sync.database import open_database
from heliograph.sync.ledger import LOG, RECORDS, STREAMS
from heliograph.sync.render import row_text
from heliograph.sync.spool import Taken
from heliograph.sync.tables import RunRow
from heliograph.sync.written import written
from support.samples import record
from support.syncing import Bench

SIZE = 35
"""Bytes that one sample record counts."""


def stored(bench) -> int:
    return bench.spool.state().records


def infos(bench) -> list[str]:
    return [numbered.alarm.info for numbered in reversed(bench.history.alarms(AlarmRequest()).alarms)]


def test_a_record_that_comes_again_is_dropped_also_after_a_restart(bench):
    assert bench.spool.take_records([record(1), record(2), record(1)]) == Taken(2, 0)
    assert bench.spool.take_records([record(2), record(3)]) == Taken(1, 0)
    assert bench.spool.take_records([record(1, source="another box")]) == Taken(1, 0)
    bench.again()
    assert bench.spool.take_records([record(n) for n in (1, 2, 3, 4)]) == Taken(1, 0)
    assert stored(bench) == 5


def test_a_record_that_left_for_the_servers_is_not_taken_again(bench):
    bench.spool.take_records([record(1)])
    bench.visit(1)
    bench.visit(2)
    assert stored(bench) == 0
    bench.again()
    assert bench.spool.take_records([record(1)]) == Taken(0, 0)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=12), min_size=1, max_size=6), st.booleans())
def test_any_order_of_arrival_stores_each_once(tmp_path_factory, batches, restart):
    bench = Bench(tmp_path_factory.mktemp("spool"))
    for batch in batches:
        bench.spool.take_records([record(n) for n in batch])
        if restart:
            bench.close()
            bench.again()
    assert stored(bench) == len({n for batch in batches for n in batch})
    with bench.database.read() as session:
        runs = [(row.first, row.last) for row in session.exec(select(RunRow))]
    assert {n for first, last in runs for n in range(first, last + 1)} == {n for batch in batches for n in batch}
    bench.close()


def test_a_device_that_used_its_share_is_refused_counted_and_told_once(tmp_path):
    bench = Bench(tmp_path, device_limit=3 * SIZE)
    bench.ledger.serve({1: STREAMS})
    assert bench.spool.take_records([record(n) for n in range(1, 6)]) == Taken(3, 2)
    assert bench.spool.take_records([record(6), record(7, device="2")]) == Taken(1, 1)
    state = bench.spool.state()
    assert (state.full, state.full_devices, state.refused) == (True, ("roof_1",), {"roof_1": 3})
    assert (infos(bench), bench.alarms) == (["STORAGE FULL"], 1)
    bench.again()
    assert bench.spool.state() == state
    assert bench.spool.take_records([record(5)]) == Taken(0, 0), "a refused record was taken, not stored"
    bench.close()


def test_an_upload_frees_the_room_and_says_so(tmp_path):
    bench = Bench(tmp_path, total_limit=3 * SIZE)
    bench.ledger.serve({1: STREAMS})
    bench.spool.take_records([record(n) for n in range(1, 5)])
    assert bench.spool.state().full
    bench.spool.drop_records(2)
    assert not bench.spool.state().full
    assert infos(bench) == ["STORAGE FULL", "STORAGE FREE"]
    assert bench.spool.take_records([record(9)]) == Taken(1, 0)
    assert bench.spool.state().bytes == 2 * SIZE
    bench.again()
    assert bench.spool.state().bytes == 2 * SIZE
    bench.close()


def test_a_limit_that_was_raised_lets_records_in_without_an_upload(tmp_path):
    bench = Bench(tmp_path, device_limit=2 * SIZE)
    bench.spool.take_records([record(n) for n in range(1, 5)])
    bench.device_limit = 4 * SIZE
    bench.again()
    bench.spool.reopen()
    assert infos(bench) == ["STORAGE FULL", "STORAGE FREE"]
    assert bench.spool.take_records([record(9)]) == Taken(1, 0)
    bench.spool.reopen()
    assert len(infos(bench)) == 2
    bench.close()


def test_the_oldest_are_kept_when_the_storage_is_full(tmp_path):
    bench = Bench(tmp_path, total_limit=2 * SIZE)
    bench.ledger.serve({1: STREAMS})
    bench.spool.take_records([record(n, time=n) for n in range(1, 10)])
    assert (stored(bench), bench.ledger.count_waiting(1, RECORDS)) == (2, 2)
    bench.close()


def test_a_failing_disk_lets_go_of_nothing(bench, monkeypatch):
    """When the transaction fails, what is known in memory is as before: the same records come again and are stored."""

    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(spool_module, "_save_runs", fail)
        with pytest.raises(OSError, match="no space"):
            bench.spool.take_records([record(1)])
    assert bench.spool.state().bytes == 0
    assert bench.spool.take_records([record(1)]) == Taken(1, 0)
    bench.visit(1)
    assert len(bench.names(1)) == 1


def test_numbers_of_deleted_rows_never_come_again(bench):
    """Cursors are row numbers: a reused one would hide a new record from a server."""
    for number in range(1, 4):
        bench.spool.take_records([record(number)])
        bench.visit(1)
        bench.visit(2)
        bench.close()
        bench.again()
    assert [len(bench.names(n)) for n in (1, 2)] == [3, 3]


def test_values_are_kept_to_the_last_bit_and_what_json_cannot_carry_is_missing():
    values = (1, 0.1, None, float("nan"), float("inf"), "a;b\n", 2**64, -0.0, 5e-324, 1e22, 3.0)
    text = row_text(written(values))
    assert text == f"1;0.1;;;;a b ;{2**64};-0;5e-324;1e+22;3"


value = st.none() | st.integers() | st.floats() | st.text(max_size=5)


@settings(deadline=None, max_examples=300)
@given(st.lists(value, max_size=8))
def test_rows_are_as_the_format_prints_them(values):
    text = row_text(written(values))
    assert text == format_row(values)


def test_results_are_kept_once(bench):
    result = CommandResults(identity="a", way=Way.FILE, text="[]")
    bench.spool.take_results([result, result])
    bench.spool.take_results([result])
    bench.visit(1)
    assert len(bench.names(1, "CMD")) == 1


def test_the_log_that_nobody_takes_loses_its_oldest_lines_and_says_so(bench, monkeypatch):
    monkeypatch.setattr(spool_module, "LOG_BYTES", 2000)
    line = Event(time=0, level=Level.INFO, service="api", text="x" * 100)
    for _ in range(100):
        bench.spool.take_lines([line])
    assert 10 < bench.ledger.count_waiting(1, LOG) <= 22
    with bench.database.read() as session:
        from heliograph.sync.tables import LogRow

        texts = [row.text for row in session.exec(select(LogRow))]
    assert any("were dropped: no server took them" in text for text in texts)


def test_a_large_database_is_looked_through_only_when_it_was_found_damaged(tmp_path, monkeypatch):
    path = tmp_path / "sync.db"
    bench = Bench(tmp_path)
    bench.spool.take_records([record(n) for n in range(1, 2000)])
    bench.close()
    content = bytearray(path.read_bytes())
    content[-4096 * 3 :] = random.Random(1).randbytes(4096 * 3)
    path.write_bytes(bytes(content))
    monkeypatch.setattr(database_module, "CHECKED_BYTES", 1000)
    database, aside = open_database(path, "0")
    database.close()
    assert aside is None
    database_module.suspect(path)
    database, aside = open_database(path, "0")
    database.close()
    assert aside is not None
    assert not list(tmp_path.glob("*.suspect"))


@pytest.mark.parametrize("damage", ["nonsense", "holes", "cut"])
def test_a_damaged_database_is_moved_aside_and_a_new_one_works(tmp_path, damage):
    path = tmp_path / "sync.db"
    bench = Bench(tmp_path)
    bench.ledger.serve({1: STREAMS})
    bench.spool.take_records([record(n) for n in range(1, 2000)])
    bench.close()
    content = bytearray(path.read_bytes())
    if damage == "nonsense":
        content = bytearray(b"this was never a database" * 1000)
    elif damage == "holes":
        noise = random.Random(1)
        for at in range(4096, len(content), 4096):
            content[at : at + 200] = noise.randbytes(200)
    else:
        del content[len(content) // 2 :]
    path.write_bytes(bytes(content))
    database, aside = open_database(path, "240601_120000")
    database.close()
    assert aside is not None
    assert aside.read_bytes() == bytes(content)
    bench.again()
    bench.ledger.serve({1: STREAMS})
    assert bench.spool.take_records([record(1)]) == Taken(1, 0)
    bench.close()


def test_the_first_servers_get_what_came_before_they_were_known_and_later_ones_what_comes_then(bench):
    ledger = bench.ledger
    ledger.drop({})
    bench.spool.take_records([record(1)])
    ledger.serve({1: STREAMS})
    ledger.serve({1: STREAMS, 2: STREAMS})
    assert (ledger.position(1, RECORDS), ledger.position(2, RECORDS)) == (0, 1)


def test_alarms_are_found_by_device_source_and_time(bench):
    bench.spool.take_alarms([
        Alarm(identity=f"a{n}", source=source, time=n * 1000, device=device, info=f"{n}")
        for n, (source, device) in enumerate([(AlarmSource.GATEWAY, None), (AlarmSource.MODBUS, "1")] * 3)
    ])  # fmt: skip

    def found(**wanted: object) -> list[str]:
        return [numbered.alarm.info for numbered in bench.history.alarms(AlarmRequest(**wanted)).alarms]

    assert found(device="1") == ["5", "3", "1"]
    assert found(source=AlarmSource.GATEWAY) == ["4", "2", "0"]
    assert found(since=1000, until=4000) == ["3", "2", "1"]
    assert found(device="1", until=4000, limit=1) == ["3"]
    assert found(device="2") == []
