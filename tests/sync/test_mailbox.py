"""Command files on the main server: each once, whatever the server does (spec 4.1)."""

import json

import pytest

from heliograph.contract import CommandResults, CommandText, ConnectionResult, Way
from heliograph.sync.remote import NoRight
from heliograph.sync.remote.memory import MemoryStore
from support.samples import record
from support.syncing import Bench, applied

NAME = "WPM00C44F_cmd.json"
PATH = f"/CMD/{NAME}"
COMMANDS = b'[{"rpcName": "sunpm.status"}]'


class BusOfOne:
    """Keeps what is stored on it."""

    def __init__(self) -> None:
        self.texts: list[CommandText] = []

    async def store(self, _channel, payload, identity, **_keys) -> None:
        assert payload.identity == identity
        self.texts.append(payload)


@pytest.fixture
def mail(bench) -> Bench:
    """Nobody answers commands: a connection does not wait for results."""
    bench.mailbox.wait = lambda: None
    return bench


async def taken(bench) -> list[str]:
    bus = BusOfOne()
    await bench.mailbox.forward(bus)
    return [text.text for text in bus.texts]


def put(bench, content: bytes = COMMANDS, number: int = 1, name: str = NAME, modified: float = 5.0) -> None:
    bench.servers[number].files[f"/CMD/{name}"] = content
    bench.servers[number].modified[f"/CMD/{name}"] = modified


def answers(bench, number: int = 1) -> list[dict]:
    names = [name for name in bench.names(number, "CMD") if "_ACK_" in name]
    return [result for name in names for result in json.loads(bench.content(number, name, "CMD"))]


async def test_a_file_is_taken_in_and_deleted(mail):
    put(mail)
    assert mail.visit(1).result is ConnectionResult.DONE
    assert PATH not in mail.servers[1].files
    assert await taken(mail) == [COMMANDS.decode()]
    assert await taken(mail) == []
    assert next((c.kind, c.files, c.bytes) for c in mail.history.last(1).transfers) == ("commands", 1, len(COMMANDS))


async def test_the_backup_is_never_read(mail):
    put(mail, number=2)
    mail.visit(2)
    assert PATH in mail.servers[2].files
    assert await taken(mail) == []


async def test_what_could_not_be_deleted_is_not_run_again_and_the_log_says_so_every_time(mail):
    put(mail)
    mail.servers[1].forbidden.add("/CMD")
    for _ in range(3):
        visited = mail.visit(1)
        assert any("was taken in but not deleted" in failure for failure in visited.failures)
        mail.again()
        mail.mailbox.wait = lambda: None
    assert await taken(mail) == [COMMANDS.decode()]
    mail.servers[1].forbidden.clear()
    mail.visit(1)
    assert PATH not in mail.servers[1].files
    assert await taken(mail) == []
    put(mail)
    mail.visit(1)
    assert await taken(mail) == [COMMANDS.decode()], "the same file again, after it was deleted, is a new command"


@pytest.mark.parametrize("change", [{"modified": 6.0}, {"content": COMMANDS + b"\n"}])
async def test_another_file_in_the_place_of_one_that_could_not_be_deleted_is_run(mail, change):
    put(mail)
    mail.servers[1].forbidden.add("/CMD")
    mail.visit(1)
    put(mail, **change)
    mail.visit(1)
    assert len(await taken(mail)) == 2


async def test_a_file_deleted_by_hand_may_come_again(mail):
    put(mail)
    mail.servers[1].forbidden.add("/CMD")
    mail.visit(1)
    del mail.servers[1].files[PATH]
    mail.visit(1)
    put(mail)
    mail.visit(1)
    assert len(await taken(mail)) == 2


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"[" + b" " * 1024 * 1024, "larger than 1 MiB"), (b'[{"rpcName": "\xff"}]', "line 1")],
    ids=["too large", "no text"],
)
async def test_what_cannot_be_run_is_answered_and_deleted(mail, content, error):
    put(mail, content)
    mail.visit(1)
    (answer,) = answers(mail)
    assert error in answer["error"]
    assert answer["callerId"] is None
    assert PATH not in mail.servers[1].files
    assert await taken(mail) == []
    mail.visit(1)
    assert len(answers(mail)) == 1


async def test_the_older_form_is_reported_not_ignored(mail):
    put(mail, b"x", name="WPM00C44F_cmd.csv")
    visited = mail.visit(1)
    assert visited.result is ConnectionResult.PARTIAL
    assert any("_cmd.csv" in f and "not supported" in f for f in visited.failures)
    assert "/CMD/WPM00C44F_cmd.csv" in mail.servers[1].files


async def test_files_of_both_names_are_read_the_newer_first(mail):
    revision = applied(list(mail.applied.file_servers.values()), uid="roof_7")
    mail.configure(type(revision)(1, "set directory", 0, revision.set, ("roof_7", "WPM00C44F")))
    put(mail, b"[1]")
    put(mail, b"[2]", name="roof_7_cmd.json")
    put(mail, b"[3]", name="WPM999999_cmd.json")
    mail.visit(1)
    assert await taken(mail) == ["[2]", "[1]"]
    assert mail.names(1, "CMD") == ["WPM999999_cmd.json"]


@pytest.mark.parametrize("length", [0, 10])
async def test_a_file_that_is_still_being_written_waits(mail, monkeypatch, length):
    put(mail)
    monkeypatch.setattr(MemoryStore, "read", lambda *_: COMMANDS[:length])
    mail.visit(1)
    monkeypatch.undo()
    assert await taken(mail) == []
    mail.visit(1)
    assert await taken(mail) == [COMMANDS.decode()]


async def test_results_that_a_connection_waits_for_make_no_further_one(mail):
    put(mail)
    mail.mailbox.read(mail.servers[1].store().__enter__(), "/CMD", ("WPM00C44F",))
    bus = BusOfOne()
    await mail.mailbox.forward(bus)
    (text,) = bus.texts
    result = CommandResults(identity=text.identity, way=Way.FILE, text="[]\n")
    assert mail.mailbox.arrived([result]) is False
    assert mail.mailbox.arrived([result.model_copy(update={"identity": "other"})]) is True
    assert mail.mailbox.arrived([result.model_copy(update={"identity": "local", "way": Way.LOCAL})]) is False


def test_waiting_for_results_has_an_end(bench):
    bench.mailbox.wait(0.01)
    put(bench)
    bench.mailbox.read(bench.servers[1].store().__enter__(), "/CMD", ("WPM00C44F",))
    bench.mailbox.wait(0.05)
    assert bench.mailbox._expected == set()


async def test_results_that_come_twice_are_written_once_though_every_server_has_them(mail):
    result = CommandResults(identity="x", way=Way.FILE, text='[{"result": "OK", "callerId": null}]\n')
    assert mail.mailbox.arrived([result]) is True
    for number in (1, 2):
        mail.visit(number)
    assert mail.mailbox.arrived([result]) is False, "nothing new: no connection for it"
    for number in (1, 2):
        mail.visit(number)
        assert len(answers(mail, number)) == 1


async def test_a_file_that_cannot_be_read_does_not_keep_back_the_other(mail, monkeypatch):
    revision = applied(list(mail.applied.file_servers.values()), uid="roof_7")
    mail.configure(type(revision)(1, "set directory", 0, revision.set, ("roof_7", "WPM00C44F")))
    put(mail, b"[1]")
    put(mail, b"[2]", name="roof_7_cmd.json")
    read = MemoryStore.read

    def refuse(store: MemoryStore, path: str, limit: int) -> bytes:
        if "roof_7" in path:
            raise NoRight(path, "read")
        return read(store, path, limit)

    monkeypatch.setattr(MemoryStore, "read", refuse)
    visited = mail.visit(1)
    assert await taken(mail) == ["[1]"]
    assert [failure for failure in visited.failures if "no right to read /CMD/roof_7_cmd.json" in failure]


async def test_results_of_a_connection_that_broke_before_it_waited_make_one_of_their_own(bench):
    put(bench)
    bench.spool.take_records([record(1)])
    bench.servers[1].cut_after = 0
    assert bench.visit(1).result is ConnectionResult.FAILED
    bus = BusOfOne()
    await bench.mailbox.forward(bus)
    (text,) = bus.texts
    assert bench.mailbox.arrived([CommandResults(identity=text.identity, way=Way.FILE, text="[]\n")]) is True
