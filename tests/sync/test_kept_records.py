"""Records kept for looking back: each once, as long and as many as is allowed, and never in the way of delivery."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from heliograph.sync.kept import Bounds
from heliograph.sync.kept.kept import AGAIN_SECONDS, NAME
from support.disks import fill, set_read_only, small_disk
from support.keeping import DAY, DEFINITION, MINUTE, NOW, Keeping, layout_of, made

BIG = "x" * 2000


@pytest.fixture
def keeping(tmp_path):
    keeping = Keeping(tmp_path)
    yield keeping
    keeping.kept.close()


def test_a_record_that_comes_again_is_kept_once_also_after_a_restart(keeping):
    keeping.take([made(NOW), made(NOW), made(NOW + 1)])
    keeping.kept.close()
    keeping.again()
    keeping.take([made(NOW, (1, 2, 3, 4)), made(NOW, device="2")])
    keeping.settle()
    assert keeping.times() == [NOW, NOW + 1]
    assert keeping.rows().rows[0] == (10.6, 11.0, 10.8, 12)
    state = keeping.kept.state()
    assert (state.records, state.oldest, state.newest, state.problem) == (3, NOW, NOW + 1, "")


def test_rows_are_engineering_values_with_names_and_units(keeping):
    keeping.take([made(NOW), made(NOW + 1, (None, None, None, 7))])
    answer = keeping.rows(survey=True)
    assert [(c.variable, c.name, c.unit, c.field) for c in answer.columns] == [
        ("3", "Power", "kW", "minimum"), ("3", "Power", "kW", "maximum"), ("3", "Power", "kW", "mean"),
        ("7", "State", "", ""),
    ]  # fmt: skip
    assert answer.survey == answer.columns
    assert answer.rows == ((10.6, 11.0, 10.8, 12), (None, None, None, 7))
    assert answer.following is None


def test_rows_come_in_parts_begin_excluded_end_included(keeping):
    keeping.take(made(NOW + n * MINUTE) for n in range(10))
    part = keeping.rows(begin=NOW, end=NOW + 8 * MINUTE, limit=5)
    assert part.times == tuple(NOW + n * MINUTE for n in range(1, 6))
    rest = keeping.rows(begin=part.following, end=NOW + 8 * MINUTE, limit=5)
    assert (rest.times[0], rest.times[-1], rest.following) == (NOW + 6 * MINUTE, NOW + 8 * MINUTE, None)
    assert keeping.rows(begin=NOW, end=NOW - 1).times == ()
    assert keeping.rows(device="9").times == ()


def test_a_changed_coefficient_does_not_change_the_past(keeping):
    changed = DEFINITION.replace("0.1;0;kW", "0.2;0;kW")
    keeping.take([made(NOW)])
    keeping.definitions = [changed]
    keeping.kept.learn()
    keeping.take([made(NOW + MINUTE, layout=layout_of(changed))])
    first = keeping.rows(survey=True)
    assert (first.rows, first.following) == (((10.6, 11.0, 10.8, 12),), NOW)
    assert keeping.rows(begin=NOW).rows == ((21.2, 22.0, 21.6, 12),)
    assert len(first.survey) == 4
    assert keeping.series("3").mean == (10.8, 21.6)


def test_a_variable_with_another_unit_is_missing_in_the_series_and_a_column_of_its_own_in_the_rows(keeping):
    changed = DEFINITION.replace("0.1;0;kW", "100;0;W")
    keeping.take([made(NOW)])
    keeping.definitions = [changed]
    keeping.kept.learn()
    keeping.take([made(NOW + MINUTE, layout=layout_of(changed))])
    assert [c.unit for c in keeping.rows(survey=True).survey] == ["W", "W", "W", "", "kW", "kW", "kW"]
    found = keeping.series("3")
    assert (found.unit, found.mean) == ("W", (None, 10_800))


def test_records_under_a_lost_definition_are_left_out_and_the_others_are_read(keeping):
    lost = layout_of(DEFINITION.replace("Power", "Lost"))
    keeping.take([made(NOW + 1, layout=lost), made(NOW + 2), made(NOW + 3, layout=lost)])
    assert keeping.times() == [NOW + 2]
    assert keeping.series("7").mean == (None, 12, None)


def test_a_definition_that_no_record_needs_goes_and_one_that_is_needed_stays(keeping, tmp_path):
    other = DEFINITION.replace("Power", "Power now")
    keeping.take([made(NOW - 40 * DAY)])
    keeping.definitions = [other]
    keeping.take([made(NOW, layout=layout_of(other))])
    keeping.settle()
    keeping.kept.learn()
    with closing(sqlite3.connect(tmp_path / NAME)) as file:
        assert file.execute("SELECT count(*) FROM content").fetchone() == (1,)
    assert keeping.rows().columns[0].name == "Power now"


def test_what_is_too_old_goes_and_nothing_else(keeping):
    keeping.take(made(NOW - n * DAY) for n in range(40))
    keeping.take(made(NOW - n * DAY, device="2") for n in (29, 30, 31))
    keeping.settle()
    assert keeping.times() == [NOW - n * DAY for n in range(30, -1, -1)]
    assert keeping.times("2") == [NOW - 30 * DAY, NOW - 29 * DAY]
    assert keeping.kept.state().records == 33


def test_the_oldest_of_all_devices_make_room_and_the_file_keeps_its_size(tmp_path):
    keeping = Keeping(tmp_path, Bounds(30, 1024 * 1024))
    text = layout_of("modbusTCP;a;b;c\n1;3;0_400;String;;Text;;;;;4\n")
    for n in range(600):
        keeping.take(made(NOW + n * MINUTE, (f"{n}" + BIG,), device, text) for device in ("1", "2"))
        keeping.settle()
    assert (tmp_path / NAME).stat().st_size <= 1024 * 1024
    with closing(sqlite3.connect(tmp_path / NAME)) as file:
        first, second = (
            [i & (2**48 - 1) for (i,) in file.execute("SELECT id FROM record WHERE id >> 48 = ? ORDER BY id", (n,))]
            for n in (1, 2)
        )
    assert first[-1] == second[-1] == NOW + 599 * MINUTE
    assert abs(len(first) - len(second)) <= 60
    assert 150 < len(first) < 500
    assert keeping.kept.state().records == len(first) + len(second)
    keeping.kept.close()


def test_a_damaged_file_is_put_aside_and_told_once_and_the_next_records_are_kept(keeping, tmp_path):
    keeping.take([made(NOW)])
    keeping.kept.close()
    (tmp_path / NAME).write_bytes(b"no database at all" * 1000)
    keeping.take([made(NOW + 1)])
    keeping.take([made(NOW + 2)])
    assert "cannot be read" in keeping.told[0]
    assert keeping.times() == [NOW + 1, NOW + 2]
    assert (tmp_path / f"{NAME}.unreadable").read_bytes().startswith(b"no database")
    assert len(keeping.told) == 2
    assert keeping.kept.state().problem == ""


def test_damage_that_a_look_finds_is_put_aside_as_well(keeping, tmp_path):
    keeping.take(made(NOW + n) for n in range(2000))
    keeping.kept.close()
    content = bytearray((tmp_path / NAME).read_bytes())
    content[4096 * 12 :] = b"\xa5" * (len(content) - 4096 * 12)
    (tmp_path / NAME).write_bytes(content)

    def both(_: object) -> None:
        with pytest.raises(sqlite3.DatabaseError):
            keeping.times()
        keeping.clock.move(AGAIN_SECONDS)
        keeping.take([made(NOW)])
        raise sqlite3.DatabaseError("found later, in the file that is gone")

    with pytest.raises(sqlite3.DatabaseError, match="found later"):
        keeping.kept.look(both, 60)
    assert keeping.times() == [NOW]
    assert len(keeping.told) == 2


def test_a_file_of_another_version_is_put_aside(keeping, tmp_path):
    with closing(sqlite3.connect(tmp_path / NAME)) as file:
        file.execute("PRAGMA user_version = 77")
    keeping.take([made(NOW)])
    assert keeping.times() == [NOW]


def test_a_full_disk_is_told_once_and_outlived():
    with small_disk("3m") as disk:
        keeping = Keeping(disk)
        keeping.take([made(NOW)])
        filler = fill(disk)
        for n in range(1, 1200):
            keeping.take(made(NOW + n + 10_000 * k, device=str(k)) for k in range(1, 30))
            keeping.clock.move(AGAIN_SECONDS)
            if keeping.told:
                break
        before = list(keeping.told)
        for n in range(5):
            keeping.take([made(NOW + 5_000 + n, device="50")])
            keeping.clock.move(AGAIN_SECONDS / 5)
        assert len(before) == 1
        assert "free the disk" in keeping.kept.state().problem
        filler.unlink()
        keeping.clock.move(AGAIN_SECONDS)
        keeping.take([made(NOW + 9000)])
        assert keeping.times()[0] == NOW
        assert keeping.times()[-1] == NOW + 9000
        assert keeping.kept.state().problem == ""
        assert len(keeping.told) == 2
        keeping.kept.close()


def test_a_disk_that_is_nearly_full_is_left_to_what_waits_for_the_servers():
    with small_disk("6m") as disk:
        keeping = Keeping(disk)
        for day in range(40):
            keeping.take(made(NOW - (400 * day + n) * MINUTE) for n in range(400))
            keeping.settle()
        keeping.kept.close()
        before = (disk / NAME).stat().st_size
        with (disk / "spool").open("wb") as file:
            file.write(b"x" * (shutil.disk_usage(disk).free - 100 * 1024))
        keeping.settle()
        assert (disk / NAME).stat().st_size < before
        times = keeping.times()
        assert not times or (times[0] > NOW - 15_999 * MINUTE and times[-1] == NOW)
        keeping.kept.close()


def test_a_disk_that_takes_no_writes_is_outlived():
    with small_disk("4m") as disk:
        keeping = Keeping(disk)
        keeping.take([made(NOW)])
        keeping.kept.close()
        set_read_only(disk, True)
        keeping.take([made(NOW + 1)])
        assert len(keeping.told) == 1
        set_read_only(disk, False)
        keeping.take([made(NOW + 2)])
        assert len(keeping.told) == 1, "it was tried again at once"
        keeping.clock.move(AGAIN_SECONDS)
        keeping.take([made(NOW + 3)])
        assert keeping.times() == [NOW, NOW + 3]
        keeping.kept.close()


def test_nothing_is_kept_where_it_is_turned_off(tmp_path):
    keeping = Keeping(tmp_path, Bounds(0, 1024**2))
    keeping.take([made(NOW)])
    keeping.kept.learn()
    assert not keeping.kept.make_room()
    assert not (tmp_path / NAME).exists()
    assert keeping.kept.state().days == 0


def test_a_look_ends_within_its_time(keeping):
    keeping.take(made(NOW + n) for n in range(3000))
    ticks = iter(range(10_000))
    keeping.clock.monotonic = lambda: 1000.0 + next(ticks)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        keeping.kept.look(lambda file: file.execute("SELECT count(*) FROM record a, record b").fetchall(), 1.0)


def test_a_look_never_holds_up_the_intake(keeping):
    keeping.take([made(NOW)])

    def look(connection):
        assert connection.execute("SELECT count(*) FROM record").fetchone() == (1,)
        keeping.take([made(NOW + 1)])
        assert not keeping.kept.make_room()
        return connection.execute("SELECT count(*) FROM record").fetchone()

    assert keeping.kept.look(look, 60) == (1,), "one moment of the file"
    assert keeping.times() == [NOW, NOW + 1]
