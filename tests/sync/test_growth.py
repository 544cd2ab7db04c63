"""What would grow for ever is bounded: what is remembered, layouts that are gone, copies of a link that was lost."""

import pytest

from heliograph.sync import remembered, spool
from heliograph.sync.remembered import Remembered
from heliograph.sync.remote import Entry
from heliograph.sync.spool import Taken
from support.samples import LAYOUT, record
from support.site import DAQ, INV, OTHER, daq, device


def rows(site, table: str) -> int:
    with site.database.read() as session:
        return session.connection().exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()


def test_files_that_are_remembered_are_bounded_and_those_of_the_server_in_use_stay(site, monkeypatch):
    monkeypatch.setattr(remembered, "KEPT_FILES", 10)
    other = site.in_force.file_servers[2]
    known = {f"DEF/{n}.csv": (Entry(f"{n}.csv", n, 1.0), "d") for n in range(8)}
    Remembered(site.database, other, site.clock).keep(known)
    site.clock.move(10)
    mine = Remembered(site.database, site.in_force.main, site.clock)
    mine.keep(known)
    assert set(mine.known()) == set(known)
    assert rows(site, "remembered") == 10
    site.clock.move(10)
    mine.keep({f"DEF/new{n}.csv": (Entry(f"new{n}.csv", n, 1.0), "d") for n in range(5)})
    assert rows(site, "remembered") == 10
    assert {path for path in mine.known() if "new" in path} == {f"DEF/new{n}.csv" for n in range(5)}


def test_layouts_without_a_record_go_when_there_are_many_and_may_come_again(bench, monkeypatch):
    monkeypatch.setattr(spool, "KEPT_BLOCKS", 3)

    def of(number: int):
        layout = LAYOUT.model_copy(update={"digest": f"{number:064x}"})
        return record(number).model_copy(update={"layout": layout})

    for number in range(1, 7):
        assert bench.spool.take_records([of(number)]) == Taken(1, 0)
    assert rows(bench, "block") == 6
    bench.spool.drop_records(4)
    assert rows(bench, "block") == 2
    assert bench.spool.take_records([of(7).model_copy(update={"layout": of(1).layout})]) == Taken(1, 0)
    bench.visit(1)
    text = bench.names(1)
    assert text
    assert bench.ledger.waiting(1) == []


@pytest.mark.parametrize("cut", [10, 400])
def test_no_copy_of_a_file_stays_after_a_link_that_was_lost(settled, cut):
    settled.offer({**settled.files, "DEF/new.csv": OTHER, INV: OTHER, DAQ: daq(device(1, "new.csv"), device(2))})
    settled.worlds["alpha"].cut_after = cut
    settled.connect()
    copies = settled.directory / "outgoing" / "copies"
    assert not [path for path in copies.rglob("*") if path.is_file()]
