"""Command files on real servers of every kind: each runs once and is answered once, whatever the server does."""

from collections import Counter

import pytest

from heliograph.contract import ConnectionResult
from heliograph.sync.connection import Visited
from support.answering import Answering, answers
from support.lines import PROXY_HOST
from support.realsite import RealSite
from support.sets import UID
from support.site import first_set

NAME = f"{UID}_cmd.json"
FILE = f"CMD/{NAME}"
LONG_AGO = 1_000_000_000.0
PLACES = 3


class Plant:
    """A site on a server behind a line, and who executes its commands."""

    def __init__(self, directory, line) -> None:
        self.peer, self.between = line
        self.site = RealSite(directory / "sync", peer=self.peer, tree="plant", host=PROXY_HOST)
        self.site.start(first_set())
        self.service = Answering()
        self.service.attend(self.site)
        self.path = f"{self.peer.root}/plant/{FILE}"
        assert self.site.connect().result is ConnectionResult.DONE

    def again(self) -> None:
        self.site.again()
        self.service.attend(self.site)

    def put(self, text: str, time: float | None = None) -> None:
        self.peer.put(self.path, text.encode())
        if time is not None:
            self.peer.age(self.path, time)

    def visit(self) -> Visited:
        """Make a connection; what it took in and did not wait for is executed behind it."""
        visited = self.site.connect()
        self.service.exchange(self.site.mailbox)
        return visited

    def connect(self) -> list[str]:
        """What of a connection's commands waits for a person, or for the next one."""
        return [failure for failure in self.visit().failures if failure.startswith("commands")]

    def commands(self) -> dict[str, bytes]:
        return {p.removeprefix("CMD/"): c for p, c in self.site.listed().items() if p.startswith("CMD/")}

    def answered(self) -> list[str]:
        return [answer["result"] for answer in answers(self.commands())]


@pytest.fixture
def plant(line, tmp_path):
    plant = Plant(tmp_path, line)
    yield plant
    plant.site.close()


def test_a_command_file_is_taken_deleted_and_answered_and_runs_again_when_it_is_put_again(plant):
    for text, time in (("[1]", LONG_AGO), ("[1]", LONG_AGO + 1), ("[1]", LONG_AGO + 1), ("[2]", LONG_AGO + 1)):
        plant.put(text, time)
        assert plant.connect() == []
        assert NAME not in plant.commands()
    assert plant.service.executed == plant.answered() == ["[1]", "[1]", "[1]", "[2]"]
    assert len({name for name in plant.commands() if "_ACK_" in name}) == 4

    plant.put("[3", LONG_AGO)
    assert "may still be growing" in plant.connect()[0]
    plant.put("[3]", LONG_AGO)
    plant.connect()
    assert plant.service.executed[4:] == ["[3]"]


def test_what_a_server_refuses_is_told_each_time_and_done_once(plant):
    if not plant.peer.rights:
        pytest.skip("this server runs in the test, as root, whom nothing is refused")
    folder = "plant/CMD"
    plant.put("[1]", LONG_AGO)
    plant.peer.close(plant.path)
    assert "no right to read" in plant.connect()[0]
    plant.peer.local(plant.path).chmod(0o644)
    plant.peer.directory(folder, 0o555)
    for _ in range(2):
        assert "taken in but not deleted: no right to delete" in plant.connect()[0]
        plant.again()
    plant.put("[2]", LONG_AGO)
    plant.connect()
    plant.peer.directory(folder, 0o755)
    for _ in range(2):
        plant.connect()
    assert plant.service.executed == plant.answered() == ["[1]", "[2]"]

    plant.peer.directory(f"{folder}/{NAME}")
    assert "is a directory" in plant.connect()[0]
    assert plant.peer.local(plant.path).is_dir()


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("line", ["sftp", "webdav"], indirect=True)
def test_cut_anywhere_each_command_runs_once_and_is_answered_once(plant, direction):
    faults = plant.between.faults
    plant.put("[0]")
    before = faults.passed[direction]
    plant.connect()
    total = faults.passed[direction] - before
    places = [max(1, total * step // PLACES) for step in range(PLACES)]
    for number, after in enumerate(places, 1):
        plant.put(f"[{number}]", LONG_AGO + number)
        faults.cut_after[direction] = after
        plant.connect()
        faults.cut_after.clear()
        plant.again()
        for _ in range(2):
            visited = plant.visit()
        assert visited.result is ConnectionResult.DONE, (after, visited.failures)
    expected = Counter(f"[{number}]" for number in range(PLACES + 1))
    assert Counter(plant.service.executed) == expected
    assert Counter(plant.answered()) == expected
    assert not [name for name in plant.commands() if ".tmp" in name or name == NAME]
