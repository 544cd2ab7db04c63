"""What of the writes of other masters becomes an entry of the journal, and how often."""

import json

import pytest

from heliograph.collector.drafts import Draft
from heliograph.collector.foreign import MOST_ENTRIES, MOST_SERIES, SUM_SECONDS, ForeignWrites
from heliograph.collector.guard import Guard
from heliograph.collector.links import WriteCall
from support.syncing import HandClock


class Journal:
    """A keeper that shows what it was given."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []

    def put(self, drafts) -> None:
        self.drafts += drafts

    @property
    def entries(self) -> list[tuple[str, str]]:
        found = [json.loads(draft.body) for draft in self.drafts]
        assert len({change["identity"] for change in found}) == len(found)
        return [(change["text"].partition(": ")[2], change["error"]) for change in found]


@pytest.fixture
def parts():
    clock, journal = HandClock(), Journal()
    return clock, journal, ForeignWrites(Guard(clock), journal, clock)


def write(foreign: ForeignWrites, value: int, error: str = "", peer: str = "10.0.0.9:4711", address: int = 0) -> None:
    foreign.told("SERIAL1", peer, WriteCall(1, 6, address, (value,)), error)


def test_every_change_of_the_value_and_of_what_came_of_it_is_told(parts):
    _, journal, foreign = parts
    for value, error in ((1, ""), (2, ""), (2, ""), (2, "refused"), (2, "refused"), (1, "")):
        write(foreign, value, error)
    assert journal.entries == [("1", ""), ("2", ""), ("2", "refused"), ("1", "")]


def test_repeats_are_one_entry_an_hour_from_whatever_port_of_a_master_they_come(parts):
    clock, journal, foreign = parts
    for second in range(4000):
        write(foreign, 7, peer=f"10.0.0.9:{second}")
        foreign.sum_up(clock.monotonic() - SUM_SECONDS)
        clock.move(1)
    first, summed = journal.entries
    assert first == ("7", "")
    assert summed[0].startswith("7 (3600 writes since ")
    write(foreign, 7, peer="10.0.0.8:1")
    assert len(journal.entries) == 3, "another master is told by itself"


def test_a_value_that_changes_all_the_time_does_not_flood_the_journal_and_its_newest_is_told(parts):
    clock, journal, foreign = parts
    for second in range(3601):
        write(foreign, second)
        foreign.sum_up(clock.monotonic() - SUM_SECONDS)
        clock.move(1)
    assert len(journal.entries) == MOST_ENTRIES + 1
    assert journal.entries[-1][0].startswith("3600 (3541 writes since ")


def test_a_master_that_writes_everywhere_fills_no_memory(parts):
    _, journal, foreign = parts
    for address in range(2 * MOST_SERIES + 10):
        write(foreign, 1, address=address)
    assert len(journal.entries) == 2 * MOST_SERIES + 10
    assert len(foreign._series) <= MOST_SERIES
