"""The journal of commands on the disk."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from heliograph.commands.journal import Entry, Journal


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "commands.sqlite")
    yield made
    made.close()


def entry(text: str = "t", position: int = 0, **fields) -> Entry:
    return Entry(text=text, position=position, way="file", origin="x", name="sunpm.connect", started=1, **fields)


def test_a_command_is_found_as_it_was_kept_and_completed_in_its_place(journal):
    begun = journal.keep(entry(caller_id="a;'\"\n"))
    assert journal.find("t") == {0: begun}
    done = journal.keep(replace(begun, ended=5, result='"OK"'))
    assert done.number == begun.number
    assert journal.find("t") == {0: done}
    assert (begun.is_done, done.is_done) == (False, True)
    assert journal.find("another") == {}


def test_texts_that_came_in_several_ways_write_side_by_side(journal):
    with ThreadPoolExecutor(4) as threads:
        kept = list(threads.map(lambda n: journal.keep(entry(f"t{n % 4}", n)), range(40)))
    assert sorted(e.number for e in kept) == list(range(1, 41))
    assert {n for text in range(4) for n in journal.find(f"t{text}")} == set(range(40))


def test_a_file_of_an_earlier_version_is_read_on(tmp_path):
    path = tmp_path / "commands.sqlite"
    with sqlite3.connect(path) as file:
        file.execute(
            "CREATE TABLE commands (number INTEGER NOT NULL, text VARCHAR NOT NULL, position INTEGER NOT NULL, "
            "way VARCHAR NOT NULL, origin VARCHAR NOT NULL, name VARCHAR NOT NULL, caller_id VARCHAR, "
            "started INTEGER NOT NULL, ended INTEGER, result VARCHAR, error VARCHAR, PRIMARY KEY (number), "
            "UNIQUE (text, position))"
        )
        file.execute("INSERT INTO commands VALUES (7, 't', 2, 'file', 'x', 'sunpm.connect', 'a', 1, NULL, NULL, NULL)")
    file.close()
    journal = Journal(path)
    assert journal.find("t") == {2: entry(position=2, caller_id="a", number=7)}
    assert journal.keep(entry("u")).number == 8
    journal.close()
