"""Command files that change, stay or are no files, and clocks that are wrong: each runs once, each is answered once."""

import json

import pytest

from heliograph.contract import ConnectionResult
from heliograph.formats import COMMAND_FILE_LIMIT
from heliograph.sync.inbox import KEPT, WAITING_BYTES
from heliograph.sync.mailbox import Message
from heliograph.sync.remote.memory import MemoryStore
from heliograph.sync.tables import InboxRow
from support.answering import Answering, answers
from support.syncing import Bench

NAME = "WPM00C44F_cmd.json"
PATH = f"/CMD/{NAME}"
ONE = b'[{"rpcName": "sunpm.status", "callerId": "one"}]'
TWO = b'[{"rpcName": "sunpm.status", "callerId": "two"}]\n'


@pytest.fixture
def service(bench) -> Answering:
    """Who executes what is taken in while a connection waits."""
    service = Answering()
    service.attend(bench)
    return service


def put(bench: Bench, content: bytes = ONE, modified: float | None = 5.0) -> None:
    bench.servers[1].files[PATH] = content
    bench.servers[1].modified[PATH] = modified


def acks(bench: Bench) -> list[dict]:
    return answers({name: bench.content(1, name, "CMD") for name in bench.names(1, "CMD")})


def message(content: bytes, packet: int = 0) -> Message:
    return Message(1, "plant/command", content, packet, duplicate=False, retained=False)


@pytest.mark.parametrize("later", [ONE[::-1], TWO, ONE + b"\n"], ids=["same size", "another", "grown"])
def test_a_file_that_is_replaced_while_it_is_read_runs_as_it_stands_in_the_end(bench, service, later):
    put(bench)
    bench.servers[1].on_read = lambda path: put(bench, later, 6.0)
    visited = bench.visit(1)
    assert visited.again, "another connection follows soon"
    assert "changed while it was read" in visited.failures[0]
    bench.servers[1].on_read = None
    assert bench.visit(1).result is ConnectionResult.DONE
    assert service.executed == [later.decode()]
    assert PATH not in bench.servers[1].files


@pytest.mark.parametrize("part", [b"", b"[", ONE[:20], ONE[:-1], b'[{"rpcName": "\xc3'], ids=str)
def test_a_file_that_ends_in_its_middle_is_left_to_grow_until_the_next_connection(bench, service, part):
    put(bench, part)
    visited = bench.visit(1)
    assert visited.again
    assert "may still be growing" in visited.failures[0]
    assert bench.servers[1].files[PATH] == part
    put(bench, ONE, 6.0)
    assert bench.visit(1).result is ConnectionResult.DONE
    assert service.executed == [ONE.decode()]
    assert len(acks(bench)) == 1


def test_a_file_that_never_becomes_whole_is_taken_as_it_stands_and_deleted(bench, service):
    put(bench, ONE[:-1])
    for _ in range(3):
        bench.visit(1)
    assert service.executed == [ONE[:-1].decode()]
    assert PATH not in bench.servers[1].files


def test_a_file_that_is_taken_back_before_it_is_read_is_no_fault(bench, service, monkeypatch):
    put(bench)
    list_ = MemoryStore.list

    def listed(store: MemoryStore, directory: str, match):
        found = list_(store, directory, match)
        bench.servers[1].files.pop(PATH, None)
        return found

    monkeypatch.setattr(MemoryStore, "list", listed)
    assert bench.visit(1).result is ConnectionResult.DONE
    assert service.executed == []


def test_a_directory_in_place_of_the_file_is_told_and_stays(bench, service):
    bench.servers[1].directories.add(PATH)
    visited = bench.visit(1)
    assert [failure for failure in visited.failures if f"{PATH} on the server is a directory" in failure]
    assert not visited.again
    assert PATH in bench.servers[1].directories


def test_a_file_that_may_not_be_read_stays_and_runs_once_when_it_may(bench, service):
    put(bench)
    bench.servers[1].unreadable.add(PATH)
    for _ in range(2):
        assert "no right to read" in bench.visit(1).failures[0]
    bench.servers[1].unreadable.clear()
    bench.visit(1)
    assert service.executed == [ONE.decode()]


def test_what_stands_there_still_is_told_at_every_connection_even_when_it_was_never_whole(bench, service):
    put(bench, ONE[:-1])
    bench.visit(1)
    bench.servers[1].forbidden.add("/CMD")
    for _ in range(3):
        assert any("taken in but not deleted" in failure for failure in bench.visit(1).failures)
        bench.again()
        service.attend(bench)
    assert service.executed == [ONE[:-1].decode()]


def test_a_file_that_was_replaced_and_comes_back_with_its_old_time_runs_again(bench, service):
    bench.servers[1].forbidden.add("/CMD")
    for content, modified in ((ONE, 5.0), (TWO, 6.0), (ONE, 5.0)):
        put(bench, content, modified)
        bench.visit(1)
    assert service.executed == [ONE.decode(), TWO.decode(), ONE.decode()]


@pytest.mark.parametrize("content", [b" " * (COMMAND_FILE_LIMIT + 1), b'["\xff"]'], ids=["large", "no text"])
def test_what_can_be_no_command_is_answered_each_time_that_a_person_puts_it(bench, service, content):
    for times in (1, 2, 3):
        put(bench, content)
        bench.visit(1)
        bench.visit(1)
        assert len(acks(bench)) == times
    assert service.executed == []


def test_a_whole_mebibyte_is_taken(bench, service):
    content = ONE + b" " * (COMMAND_FILE_LIMIT - len(ONE))
    put(bench, content)
    bench.visit(1)
    assert service.executed == [content.decode()]


def test_a_flood_of_messages_makes_no_standing_file_forgotten(bench, service):
    put(bench)
    bench.servers[1].forbidden.add("/CMD")
    bench.visit(1)
    with bench.database.write() as session:
        session.add_all(
            InboxRow(identity=f"mqtt1-{n}", name="x", size=1, modified=None, digest="", text="", taken=n,
                     published=True, deleted=True)
            for n in range(KEPT + 1)
        )  # fmt: skip
    bench.mailbox.take_message(message(TWO))
    bench.visit(1)
    assert service.executed.count(ONE.decode()) == 1


def test_what_comes_after_the_clock_went_back_comes_after(bench, service):
    for number, step in enumerate((0.0, -86_400.0, 3600.0)):
        bench.clock.set(bench.clock.time() + step)
        bench.mailbox.take_message(message(b"[%d]" % number))
    service.exchange(bench.mailbox)
    assert service.executed == ["[0]", "[1]", "[2]"]


def test_few_large_texts_fill_the_inbox_as_many_small_ones_do(bench):
    content = b"[" + b" " * (COMMAND_FILE_LIMIT - 2) + b"]"
    for _ in range(WAITING_BYTES // COMMAND_FILE_LIMIT):
        assert bench.mailbox.has_room()
        bench.mailbox.take_message(message(content))
    assert not bench.mailbox.has_room()


@pytest.mark.parametrize("modified", [None, -86_400.0, 4e9], ids=["unknown", "before 1970", "far ahead"])
def test_the_servers_clock_decides_nothing(bench, service, modified):
    for content in (ONE, TWO):
        put(bench, content, modified)
        for _ in range(2):
            assert bench.visit(1).result is ConnectionResult.DONE
    assert service.executed == [ONE.decode(), TWO.decode()]
    assert [answer["result"] for answer in acks(bench)] == service.executed


def test_answers_of_one_second_have_names_of_their_own_in_order(bench, service):
    """The clock of the test stands still."""
    for number in range(4):
        put(bench, b"[%d]" % number, float(number))
        bench.visit(1)
    names = [name for name in bench.names(1, "CMD") if "_ACK_" in name]
    assert len(set(names)) == 4
    assert [json.loads(bench.content(1, name, "CMD"))[0]["result"] for name in names] == ["[0]", "[1]", "[2]", "[3]"]
