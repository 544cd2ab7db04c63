"""The journal of commands on the disk: kept in rings, brought up to date, mended, never half written."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from heliograph.commands.entries import MAX_RESULT, Entry, is_shortened, json_text
from heliograph.commands.errors import JournalDamaged, JournalUnavailable
from heliograph.commands.journal_file import MAY_HAVE_RUN, JournalFile
from heliograph.commands.sought import passes
from heliograph.contract import JournalRequest, JournalResult, JournalWay
from support.disks import fill, small_disk

NOW = 1_790_000_000_000


@pytest.fixture
def path(tmp_path):
    return tmp_path / "commands.sqlite"


@pytest.fixture
def opened(path):
    """Give `opened()`: the file, closed when it is opened again and at the end."""
    files = []

    def again(**options):
        if files:
            files[-1].close()
        files.append(JournalFile(path, options.pop("now", NOW), **options))
        return files[-1]

    yield again
    if files:
        files[-1].close()


def entry(number: int, text: str = "t", position: int = 0, **fields) -> Entry:
    given = {"way": "file", "origin": "x", "name": "sunpm.connect", "started": 1, "ended": 2, "number": number}
    return Entry(text=text, position=position, **given | fields)


def numbers(file: JournalFile, **asked) -> list[int]:
    return [e.number for e in file.page(JournalRequest(**{"limit": 1000} | asked))]


def test_a_command_is_found_as_it_was_written_and_completed_in_its_place(opened):
    file = opened()
    begun = entry(1, ended=None, caller_id="a;'\"\n", parameters='{"device": "é"}')
    file.write([begun])
    assert file.find("t") == {0: begun}
    done = replace(begun, ended=5, result='"OK"')
    file.write([done, entry(2, position=1)])
    assert file.find("t") == {0: done, 1: entry(2, position=1)}
    assert file.find("another") == {}


def test_texts_that_came_in_several_ways_write_side_by_side(opened):
    file = opened()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: file.write([entry(n + 1, f"t{n % 4}", n)]), range(40)))
    assert numbers(file) == list(range(40, 0, -1))


def test_pages_go_from_the_newest_back_and_filters_leave_out(opened):
    file = opened()
    ways = ["file", "mqtt", "local", "script"]
    file.write([entry(n, f"t{n}", way=ways[n % 4], error="no" if n % 3 else None) for n in range(1, 13)])
    assert numbers(file, limit=3) == [12, 11, 10]
    assert numbers(file, limit=3, before=10) == [9, 8, 7]
    assert numbers(file, way=JournalWay.MQTT) == [9, 5, 1]
    assert numbers(file, outcome=JournalResult.FAILED, before=6) == [5, 4, 2, 1]
    assert numbers(file, text="t7") == [7]
    assert numbers(file, text="t7", way=JournalWay.FILE) == []


ROOF = '{"device": "roof_1", "value": 60}'
SOUGHT = [
    entry(1, "a", name="sunpm.writeVariable", origin="WPM_cmd.json", caller_id="req-É", parameters=ROOF, result='"OK"'),
    entry(2, "b", name="writeVariable", origin="zero export", parameters='{"device": 3}', error="Roof_3 is silent"),
    entry(
        3,
        "c",
        name="night.pause",
        origin="REST, 10.0.0.9",
        parameters='"{\\"device\\": \\"roof_1… (shortened)"',
        ended=None,
    ),
]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"name": "WRITE"}, [2, 1]),
        ({"name": "sunpm.write"}, [1]),
        ({"devices": ("1", "roof_1")}, [1]),
        ({"devices": ("3", "roof_3")}, [2]),
        ({"devices": ("9",)}, []),
        ({"who": "req-é"}, [1]),
        ({"who": "10.0.0"}, [3]),
        ({"words": "roof_3"}, [2]),
        ({"words": "%"}, []),
        ({"outcome": JournalResult.DONE}, [1]),
        ({"outcome": JournalResult.FAILED}, [2]),
        ({"outcome": JournalResult.RUNNING}, [3]),
        ({"words": "roof_1", "outcome": JournalResult.DONE, "before": 3, "way": JournalWay.FILE}, [1]),
    ],
)
def test_entries_are_found_by_what_a_person_looks_for_on_the_disk_and_before_it(opened, asked, found):
    file = opened()
    file.write(SOUGHT)
    assert numbers(file, **asked) == found
    assert [row.number for row in reversed(SOUGHT) if passes(row, JournalRequest(**asked))] == found


def test_each_way_keeps_its_last_entries_however_chatty_the_others_are(opened):
    file = opened(kept=50)
    file.write([entry(n, "operator", n) for n in range(1, 11)])
    for n in range(11, 1011):
        file.write([entry(n, f"s{n}", way="script" if n % 2 else "fallback")])
    kept = numbers(file)
    assert kept[-10:] == list(range(10, 0, -1))
    assert kept[:50] == list(range(1010, 960, -1))
    assert len(kept) <= 62
    opened(kept=50).write([entry(2000 + n, "other", n) for n in range(50)])
    assert numbers(opened(kept=50), way=JournalWay.FILE) == list(range(2049, 1999, -1))


def test_a_long_result_is_whole_until_its_way_has_gone_on(opened):
    """So that a text which comes again gets the answers it got."""
    file, long = opened(kept=50), json_text("x" * 10 * MAX_RESULT)
    file.write([entry(1, "first", result=long)])
    file.write([entry(n, f"m{n}", way="mqtt") for n in range(2, 8)])
    assert file.find("first")[0].result == long
    file.write([entry(8, "second", result=long), *(entry(n, f"m{n}", way="mqtt") for n in range(9, 12))])
    assert is_shortened(file.find("first")[0].result)
    assert len(file.find("first")[0].result) <= MAX_RESULT
    assert file.find("second")[0].result == long


def test_what_was_running_at_a_kill_is_closed_at_the_next_start(opened):
    file = opened()
    file.write([entry(1), entry(2, position=1, ended=None)])
    again = opened(now=NOW + 5)
    assert [(e.number, e.error, e.ended) for e in again.interrupted] == [(2, MAY_HAVE_RUN, NOW + 5)]
    assert again.find("t")[1] == again.interrupted[0]
    assert again.last_number == 2
    assert opened().interrupted == []


def test_a_file_of_an_earlier_version_is_read_on(path, opened):
    with sqlite3.connect(path) as file:
        file.execute(
            "CREATE TABLE commands (number INTEGER NOT NULL, text VARCHAR NOT NULL, position INTEGER NOT NULL, "
            "way VARCHAR NOT NULL, origin VARCHAR NOT NULL, name VARCHAR NOT NULL, caller_id VARCHAR, "
            "started INTEGER NOT NULL, ended INTEGER, result VARCHAR, error VARCHAR, PRIMARY KEY (number), "
            "UNIQUE (text, position))"
        )
        file.execute("INSERT INTO commands VALUES (7, 't', 2, 'file', 'x', 'sunpm.connect', 'a', 1, 2, NULL, NULL)")
    file.close()
    journal = opened()
    assert journal.find("t") == {2: entry(7, position=2, caller_id="a", parameters="{}")}
    assert journal.last_number == 7
    journal.write([entry(8, "u", parameters='{"a": 1}')])
    assert opened().find("u")[0].parameters == '{"a": 1}'


def spoil(path) -> None:
    """Overwrite all pages but the first."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))


def test_a_damaged_file_is_kept_aside_and_the_first_text_of_each_way_is_doubted_until_one_is_known(path, opened):
    opened().write([entry(n, f"t{n}", result=json_text("y" * 500)) for n in range(1, 60)])
    opened().close()
    spoil(path)
    file = opened(now=NOW)
    assert file.moved_aside == path.with_name(f"commands.sqlite.damaged-{NOW}")
    assert file.moved_aside.stat().st_size > 4096
    assert [file.doubted(way) >= NOW for way in ("file", "mqtt", "local")] == [True, True, True]
    file.write([entry(1)])
    again = opened()
    assert again.moved_aside is None
    assert again.doubted("file") == 0
    assert again.doubted("mqtt") >= NOW


def test_with_a_clock_behind_the_damage_is_dated_by_the_last_write(path, opened):
    opened().close()
    path.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    written = path.stat().st_mtime_ns // 1_000_000
    assert opened(now=1000).doubted("file") == written


def test_a_kill_while_the_damaged_file_is_replaced_loses_no_doubt(path, opened):
    path.write_bytes(b"garbage" * 1000)
    opened().close()
    path.replace(path.with_name("commands.sqlite.fresh"))
    assert opened().doubted("mqtt") >= NOW


def test_without_a_journal_nothing_is_doubted(opened):
    assert opened().doubted("file") == 0


def test_damage_found_while_it_is_used_is_told_from_a_disk_that_refuses(path, opened):
    file = opened()
    file.write([entry(n, f"t{n}", result=json_text("y" * 1500)) for n in range(1, 1000)])
    opened().close()
    file = JournalFile(path, NOW)
    spoil(path)
    with pytest.raises(JournalDamaged):
        file.page(JournalRequest(limit=1000))
    file.close()


def test_a_full_disk_refuses_what_is_written_and_takes_it_later():
    with small_disk("1m") as disk:
        file = JournalFile(disk / "commands.sqlite", NOW)
        filler = fill(disk)
        many = [[entry(n, f"t{n}", result=json_text("y" * 5000))] for n in range(1, 200)]
        with pytest.raises(JournalUnavailable, match="cannot be used"):
            list(map(file.write, many))
        known = len(numbers(file))
        filler.unlink()
        file.write([entry(1000, "later")])
        assert len(numbers(file)) == known + 1
        file.close()
