"""The journal as the event loop sees it: what acts is on the disk before, what waits is in every page and answer."""

import asyncio
import sqlite3
from dataclasses import replace

import pytest

from heliograph.commands import journal
from heliograph.commands.entries import Entry, json_text
from heliograph.commands.errors import JournalDamaged, JournalUnavailable
from heliograph.commands.journal import Journal
from heliograph.commands.journal_file import JournalFile
from heliograph.contract import JournalEntry, JournalRequest, JournalResult, JournalWay, Service
from heliograph.runtime import EventLog, SystemClock
from heliograph.runtime.bus import MAX_PAYLOAD


class Refusing(JournalFile):
    """A file whose disk can be made to refuse."""

    error: Exception | None = None

    def write(self, entries):
        if self.error:
            raise self.error
        super().write(entries)


class Bench:
    def __init__(self, path) -> None:
        self.path = path
        self.file = Refusing(path, 0)
        self.told: list[JournalEntry] = []
        clock = SystemClock()
        self.events = EventLog(Service.COMMANDS, clock)
        self.journal = Journal(self.file, self._announce, self.events, clock)

    async def _announce(self, entry: JournalEntry) -> None:
        self.told.append(entry)

    def on_disk(self) -> list[tuple]:
        with sqlite3.connect(self.path) as file:
            rows = file.execute("SELECT text, ended FROM commands ORDER BY number").fetchall()
        file.close()
        return rows

    async def page(self, **asked) -> list[JournalEntry]:
        return list((await self.journal.page(JournalRequest(**asked))).entries)

    def lines(self) -> str:
        return "\n".join(event.text for event in self.events._waiting)


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path / "commands.sqlite")
    yield made
    made.file.close()


def entry(text: str = "t", position: int = 0, **fields) -> Entry:
    given = {"way": "file", "origin": "x", "name": "sunpm.connect", "started": 1}
    return Entry(text=text, position=position, **given | fields)


async def test_what_acts_is_on_the_disk_before_it_begins_with_the_end_of_what_came_before(bench):
    first = await bench.journal.begin(entry("a"), acts=True)
    assert bench.on_disk() == [("a", None)]
    await bench.journal.note(replace(first, ended=5))
    assert bench.on_disk() == [("a", None)]
    await bench.journal.begin(entry("b"), acts=True)
    assert bench.on_disk() == [("a", 5), ("b", None)]


async def test_what_only_reads_waits_for_no_disk_and_is_there_soon(bench):
    reading = await bench.journal.begin(entry("r"), acts=False)
    await bench.journal.note(replace(reading, ended=5))
    assert bench.on_disk() == []
    keeping = asyncio.create_task(bench.journal.keep())
    async with asyncio.timeout(60):
        while bench.on_disk() != [("r", 5)]:
            await asyncio.sleep(0.05)
    keeping.cancel()


async def test_begin_and_end_are_told_to_whoever_looks_on(bench):
    begun = await bench.journal.begin(entry(caller_id="c", parameters='{"a": 1}'), acts=False)
    await bench.journal.note(replace(begun, ended=5, error="no"))
    assert [(e.number, e.ended, e.error, e.caller) for e in bench.told] == [(1, None, None, "c"), (1, 5, "no", "c")]


async def test_pages_and_answers_know_what_is_not_on_the_disk_yet(bench):
    await bench.journal.begin(entry("a"), acts=True)
    for number in range(4):
        await bench.journal.note(entry("b", number, ended=2, way="mqtt", error="no" if number == 3 else None))
    assert [e.number for e in await bench.page()] == [5, 4, 3, 2, 1]
    assert [e.number for e in await bench.page(limit=2, before=5)] == [4, 3]
    assert [e.number for e in await bench.page(outcome=JournalResult.FAILED)] == [5]
    assert [e.number for e in await bench.page(way=JournalWay.FILE)] == [1]
    assert [e.number for e in await bench.page(text="b", limit=1)] == [5]
    assert sorted(await bench.journal.find("b")) == [0, 1, 2, 3]


async def test_the_largest_page_fits_a_message(bench):
    """Nothing but quotes in it, each of which is written as two letters."""
    text = '"' * 5000
    for number in range(1000):
        await bench.journal.note(
            entry(text[:60], number, ended=2, result=json_text(text), error=text, caller_id=text[:200])
        )
    page = await bench.journal.page(JournalRequest(limit=1000))
    assert len(page.entries) == 1000
    assert len(page.model_dump_json().encode()) < MAX_PAYLOAD


async def test_a_disk_that_refuses_lets_nothing_begin_that_acts_and_is_told_once(bench):
    bench.file.error = JournalUnavailable("the journal of commands cannot be used: disk is full")
    with pytest.raises(JournalUnavailable):
        await bench.journal.begin(entry("a"), acts=True)
    await bench.journal.note(entry("a", ended=3, error="not run"))
    for _ in range(3):
        await bench.journal.settle()
    assert bench.lines().count("disk is full") == 1
    assert [e.error for e in await bench.page()] == ["not run"]
    assert (await bench.journal.find("a"))[0].error == "not run"
    bench.file.error = None
    await bench.journal.settle()
    assert bench.on_disk() == [("a", 3)]
    assert "can be written again" in bench.lines()


async def test_what_waits_for_a_disk_is_bounded_and_its_loss_is_told(bench, monkeypatch):
    monkeypatch.setattr(journal, "MOST_WAITING", 50)
    bench.file.error = JournalUnavailable("full")
    await bench.journal.settle()
    for number in range(55):
        await bench.journal.note(entry("s", number, way="script", ended=2))
    await bench.journal.settle()
    bench.file.error = None
    await bench.journal.settle()
    assert "5 entries could not be kept" in bench.lines()


async def test_changes_are_taken_once_each_also_when_they_come_again(bench):
    changes = [entry("c1", way="fallback", ended=1), entry("c2", way="forwarded", ended=1)]
    await bench.journal.note_changes([*changes, changes[0]])
    await bench.journal.note_changes([*changes, entry("c3", way="fallback", ended=1)])
    assert [text for text, _ in bench.on_disk()] == ["c1", "c2", "c3"]
    assert len(bench.told) == 3


async def test_changes_that_the_disk_refuses_stay_with_who_brought_them(bench):
    bench.file.error = JournalUnavailable("full")
    with pytest.raises(JournalUnavailable):
        await bench.journal.note_changes([entry("c1", way="fallback", ended=1)])
    bench.file.error = None
    await bench.journal.note_changes([entry("c1", way="fallback", ended=1)])
    assert [text for text, _ in bench.on_disk()] == ["c1"]


async def test_damage_ends_the_service_and_no_command_is_run_meanwhile(bench):
    bench.file.error = JournalDamaged("malformed")
    keeping = asyncio.create_task(bench.journal.keep())
    with pytest.raises(JournalUnavailable, match="damaged"):
        await bench.journal.begin(entry("a"), acts=True)
    with pytest.raises(JournalDamaged):
        await asyncio.wait_for(keeping, 60)
