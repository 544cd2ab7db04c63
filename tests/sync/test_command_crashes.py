"""Sync dies before any one step of a command's way, whichever: the command runs once and is answered once."""

from collections.abc import Callable
from typing import Any

import pytest

from heliograph.sync.database import Database
from heliograph.sync.inbox import Inbox
from heliograph.sync.ledger import Ledger
from heliograph.sync.remote.memory import MemoryStore
from heliograph.sync.spool import Spool
from support.answering import Answering, answers
from support.syncing import Bench

PATH = "/CMD/WPM00C44F_cmd.json"
STEPS = {
    MemoryStore: ("read", "remove", "send", "rename"),
    Inbox: ("enter", "published", "deleted"),
    Spool: ("take_results",),
    Ledger: ("commit", "delivered"),
    Answering: ("store",),
}
MOST_STEPS = 40


class Killed(BaseException):
    """Nothing below the test may catch it, as nothing catches SIGKILL."""


class Fate:
    """Counts the steps of a life, and ends it before the one that `last` numbers; from then on nothing is written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.last: int | None = None
        self.steps: list[str] = []
        for part, names in STEPS.items():
            for name in names:
                monkeypatch.setattr(part, name, self._counted(part, name))
        monkeypatch.setattr(Database, "write", self._watched(Database.write))

    def begin(self, last: int | None) -> None:
        self.last, self.steps = last, []

    @property
    def is_over(self) -> bool:
        return self.last is not None and len(self.steps) > self.last

    def _counted(self, part: type, name: str) -> Callable[..., Any]:
        step = getattr(part, name)

        def counted(*arguments: Any, **more: Any) -> Any:
            self.steps.append(f"{part.__name__}.{name}")
            return self._watched(step)(*arguments, **more)

        return counted

    def _watched(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **more: Any) -> Any:
            if self.is_over:
                raise Killed
            return step(*arguments, **more)

        return watched


@pytest.mark.parametrize("content", [b'[{"rpcName": "sunpm.status"}]', b'["\xff"]'], ids=["commands", "no text"])
def test_killed_before_any_step_a_command_runs_once_and_is_answered_once(bench, monkeypatch, content):
    fate = Fate(monkeypatch)
    bench.servers[1].directories.discard("/LOG")  # the steps of a log are none of these
    for last in range(MOST_STEPS):
        service = Answering()
        put(bench, content, number=last)
        fate.begin(last)
        if live(bench, service):
            break
        fate.begin(None)
        bench.again()
        for _ in range(2):
            live(bench, service)
        check(bench, service, content)
    check(bench, service, content)
    assert len(fate.steps) >= len(STEPS) + 2, "no step was missed"


def put(bench: Bench, content: bytes, number: int) -> None:
    """On an empty server, so that all that comes is of this command."""
    files = bench.servers[1].files
    for path in [path for path in files if path.startswith("/CMD/")]:
        del files[path]
    files[PATH] = content
    bench.servers[1].modified[PATH] = float(number)


def live(bench: Bench, service: Answering) -> bool:
    """Make a connection; tell whether sync outlived it."""
    service.attend(bench)
    try:
        bench.visit(1)
        service.exchange(bench.mailbox)
    except Killed:
        return False
    return True


def check(bench: Bench, service: Answering, content: bytes) -> None:
    files = {name: bench.content(1, name, "CMD") for name in bench.names(1, "CMD")}
    assert service.executed == ([content.decode()] if b"rpcName" in content else [])
    assert len(answers(files)) == 1, files
    assert all("_ACK_" in name and name.endswith(".json") for name in files), files
