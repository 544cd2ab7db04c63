"""The bus and the service `commands`, played: each text is executed once by its identity, and answered at once."""

import json
from collections.abc import Coroutine
from typing import Any, Protocol

from heliograph.contract import CommandResults, CommandText, Way
from heliograph.sync.mailbox import Mailbox


class _HasMailbox(Protocol):
    mailbox: Mailbox


class Answering:
    """What came over the bus so far, in order, and its results."""

    def __init__(self) -> None:
        self.executed: list[str] = []
        self._known: set[str] = set()
        self._results: list[CommandResults] = []
        """On the bus until sync has taken them."""

    def attend(self, bench: _HasMailbox) -> None:
        """Answer while a connection waits for results, as long as the bench is not opened anew."""
        bench.mailbox.wait = lambda: self.exchange(bench.mailbox)

    def exchange(self, mailbox: Mailbox) -> None:
        """Take what waits for the bus, and bring all results there are."""
        at_once(mailbox.forward(self))
        mailbox.arrived(self._results)
        self._results.clear()

    async def store(self, _channel: object, text: CommandText, identity: str, *, way: Way) -> None:
        assert (text.identity, text.way) == (identity, way)
        if identity not in self._known:
            self._known.add(identity)
            self.executed.append(text.text)
            answer = json.dumps([{"result": text.text, "callerId": None}]) + "\n"
            self._results.append(CommandResults(identity=identity, way=way, text=answer))


def at_once(work: Coroutine[Any, Any, Any]) -> Any:
    """Run what never waits to its end."""
    try:
        work.send(None)
    except StopIteration as ended:
        return ended.value
    raise AssertionError("it waits for something")


def answers(files: dict[str, bytes]) -> list[dict[str, Any]]:
    """The results in the `_ACK_` files among these, in the order of their names."""
    texts = [content for name, content in sorted(files.items()) if "_ACK_" in name]
    return [result for text in texts for result in json.loads(text)]
