"""The log that is kept on the gateway: paged, filtered, bounded, there after a restart, and never in anybody's way."""

import pytest

from heliograph.contract import Event, Level, LogRequest
from heliograph.sync import logbook
from heliograph.sync.logbook import Logbook


def event(number: int, **changes: object) -> Event:
    line = Event(time=1_700_000_000_000 + number, level=Level.INFO, service="sync", text=f"line {number}")
    return line.model_copy(update=changes)


def texts(book: Logbook, **request: object) -> list[str]:
    return [line.event.text for line in book.page(LogRequest(**request)).lines]


@pytest.fixture
def book(tmp_path):
    book = Logbook(tmp_path / "log.db")
    yield book
    book.close()


def test_lines_come_newest_first_and_page_by_page(book):
    book.keep([event(n) for n in range(7)])
    first = book.page(LogRequest(limit=3)).lines
    assert [line.event.text for line in first] == ["line 6", "line 5", "line 4"]
    assert texts(book, limit=3, before=first[-1].number) == ["line 3", "line 2", "line 1"]


def test_lines_are_found_by_level_service_and_text_whatever_the_case(book):
    book.keep([event(0), event(1, level=Level.ERROR, text="Größe 50%"), event(2, service="collector")])
    assert texts(book, least=Level.WARNING) == ["Größe 50%"]
    assert texts(book, service="collector") == ["line 2"]
    assert texts(book, text="GRÖSSE 50%") == ["Größe 50%"]
    assert texts(book, text="_ine") == [], "no character stands for others"


def test_the_lines_of_one_connection_are_those_of_its_server_between_its_start_and_its_end(book):
    said = [
        (1, "server 1: connecting"),
        (2, "server 2: connecting"),
        (3, "server 1: done"),
        (9, "server 1: connecting"),
    ]
    book.keep([event(n, text=text) for n, text in said])
    book.keep([event(4, text="server 1: said by another", service="collector"), event(5, text="of server 1: nothing")])
    start = 1_700_000_000_000
    assert texts(book, server=1, since=start + 1, until=start + 9) == ["server 1: done", "server 1: connecting"]
    assert texts(book, server=2) == ["server 2: connecting"]
    assert texts(book, since=start + 9) == ["server 1: connecting"]


def test_the_oldest_lines_make_room(book, monkeypatch):
    monkeypatch.setattr(logbook, "KEPT_LINES", 100)
    monkeypatch.setattr(logbook, "SPARE_LINES", 10)
    for start in range(0, 300, 50):
        book.keep([event(n) for n in range(start, start + 50)])
    kept = texts(book, limit=1000)
    assert kept[0] == "line 299"
    assert 100 <= len(kept) <= 110


def test_lines_outlast_a_restart_and_their_numbers_go_on(tmp_path):
    told = []
    first = Logbook(tmp_path / "log.db", told.extend)
    first.keep([event(1), event(2)])
    first.close()
    again = Logbook(tmp_path / "log.db", told.extend)
    again.keep([event(3)])
    assert texts(again) == ["line 3", "line 2", "line 1"]
    assert [line.number for line in told] == [1, 2, 3]
    again.close()


def test_a_file_that_cannot_be_read_is_begun_anew(tmp_path):
    (tmp_path / "log.db").write_bytes(b"no database at all" * 400)
    book = Logbook(tmp_path / "log.db")
    book.keep([event(1)])
    assert texts(book) == ["line 1"]
    book.close()


def test_a_disk_that_refuses_holds_up_nobody_and_is_told_to_who_asks(tmp_path):
    book = Logbook(tmp_path / "missing" / "log.db")
    book.keep([event(1)])
    assert "cannot be read" in book.page(LogRequest()).error
    (tmp_path / "missing").mkdir()
    book.keep([event(2)])
    assert texts(book) == ["line 2"]
    book.close()
