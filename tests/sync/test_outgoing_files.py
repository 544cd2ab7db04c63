"""The files of a connection on our own disk: as many as needed, and made again as they were (spec 1.4)."""

import gzip
from dataclasses import replace

from heliograph.contract import ConnectionResult
from heliograph.contract.records import Column
from heliograph.formats.config import ServerMode
from heliograph.sync.render import CHUNK_BYTES
from support.arrived import MINUTES, TEN, dates, only, text
from support.samples import LAYOUT, record
from support.syncing import applied, device, file_server

MAIN = file_server(1, ServerMode.MAIN)
BACKUP = file_server(2, ServerMode.BACKUP)


def test_a_file_that_vanished_from_our_disk_is_made_again(bench):
    bench.spool.take_records([record(1), record(2, device="2")])
    bench.servers[1].forbidden.add("/DATA")
    bench.visit(1)
    (row,) = bench.ledger.waiting(1, "records")
    (bench.outgoing / "1" / row.name).unlink()
    bench.servers[1].forbidden.clear()
    assert bench.visit(1).result is ConnectionResult.DONE
    assert len(dates(only(bench, 1))) == 2


def wide_records(count: int, layouts: int = 1) -> list:
    """So many that they fill more than one file; each change of the layout begins a block, with a line of headings."""
    columns = tuple(Column(index=str(n)) for n in range(2000))
    wide = [LAYOUT.model_copy(update={"columns": columns, "digest": str(n) * 64}) for n in range(layouts)]
    return [
        record(n, device=str(n % 3 + 1), time=TEN + n * MINUTES).model_copy(
            update={"layout": wide[n % layouts], "values": tuple([10**9] * 2000)}
        )
        for n in range(1, count + 1)
    ]


def test_a_file_made_again_is_the_file_that_it_was(bench):
    """In the meantime the servers' form changed: rows shared out anew would be missing, or stand twice."""
    kept = applied([MAIN, BACKUP], [device("1"), device("2"), device("3")])
    bench.configure(kept)
    bench.spool.take_records(wide_records(700, layouts=2))
    bench.visit(2)
    first, second = (bench.content(2, name) for name in bench.names(2))
    bench.servers[1].space = len(first) + len(second) // 2
    bench.visit(1)
    (row,) = bench.ledger.waiting(1, "records")
    assert row.part == 1
    (bench.outgoing / "1" / row.name).unlink()
    changed = replace(MAIN, header=False, euro_dates=True)
    bench.configure(applied([changed, BACKUP], [device("3"), device("2"), device("1")], zone="Europe/Paris"))
    bench.servers[1].space = None
    assert bench.visit(1).result is ConnectionResult.DONE
    assert [bench.content(1, name) for name in bench.names(1)] == [first, second]


def test_a_file_whose_form_leaves_nothing_is_still_the_file_that_it_was(bench):
    """Of a log file nothing is left at a higher level: what was told before the change arrives, and no empty file."""
    bench.diary.info("what a person wants to know")
    bench.servers[1].forbidden.add("/LOG")
    bench.visit(1)
    (row,) = bench.ledger.waiting(1, "log")
    (bench.outgoing / "1" / row.name).unlink()
    config = replace(bench.applied.set.config, log_level="error")
    bench.configure(replace(bench.applied, set=replace(bench.applied.set, config=config)))
    bench.servers[1].forbidden.clear()
    bench.visit(1)
    assert "what a person wants to know" in only(bench, 1, "LOG")


def test_a_file_whose_rows_are_gone_is_forgotten_and_never_sent_empty(bench):
    """The oldest lines of the log give way when there are too many."""
    bench.diary.info("old")
    bench.servers[1].forbidden.add("/LOG")
    bench.visit(1)
    (row,) = bench.ledger.waiting(1, "log")
    (bench.outgoing / "1" / row.name).unlink()
    with bench.database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM log")
    bench.servers[1].forbidden.clear()
    bench.visit(1)
    assert row.name not in bench.names(1, "LOG")
    assert bench.visit(1).result is ConnectionResult.DONE
    assert bench.ledger.waiting(1, "log") == []
    assert b"" not in bench.servers[1].files.values()


def test_more_records_than_a_file_takes_make_more_files(bench):
    bench.spool.take_records(wide_records(1000))
    bench.visit(1)
    sizes = [len(gzip.decompress(bench.content(1, name))) for name in bench.names(1)]
    assert len(sizes) == 2
    assert max(sizes) <= 16 * 1024 * 1024
    assert sizes[0] > CHUNK_BYTES * 0.9
    found = [date for name in bench.names(1) for date in dates(text(bench, 1, name))]
    assert len(found) == len(set(found)) == 1000
