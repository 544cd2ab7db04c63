"""What else goes out on a session beside records and alarms: results of commands, and Home Assistant's discovery."""

import json
from collections import deque
from collections.abc import Callable
from typing import Final

from heliograph.sync.answers import Answers
from heliograph.sync.destinations import fact_of
from heliograph.sync.diary import Diary
from heliograph.sync.revisions import Revisions
from heliograph.sync.telemetry.discovery import topic_of

WINDOW: Final = 20

Publish = Callable[[str, bytes, bool], int]
"""Hands a payload over to a topic, retained or not, with QoS 1; gives the number by which it is acknowledged."""


class AnswerFlow:
    """Results on our disk → `TopicResult`: each is let go of after its acknowledgement (spec 4.1)."""

    def __init__(self, answers: Answers, destination: int, topic: str, diary: Diary, name: str) -> None:
        self._answers = answers
        self._destination = destination
        self._name = name
        self._topic = topic
        self._diary = diary
        self._last = 0
        self._flying: dict[int, int] = {}
        self._news = True

    @property
    def is_done(self) -> bool:
        """Whether nothing waits."""
        return not self._news and not self._flying

    @property
    def in_flight(self) -> int:
        """Answers that the broker has not acknowledged."""
        return len(self._flying)

    def ask(self) -> None:
        """Look for answers again."""
        self._news = True

    def feed(self, publish: Publish) -> int:
        """Publish what waits, as far as the window goes; return the bytes."""
        if not self._news or len(self._flying) >= WINDOW:
            return 0
        rows = self._answers.waiting(self._destination, self._last, WINDOW - len(self._flying))
        self._news = bool(rows)
        size = 0
        for row in rows:
            self._last = int(row.id or 0)
            if not self._topic:
                self._drop(row.identity)
                continue
            payload = row.text.encode(errors="replace")
            self._flying[publish(self._topic, payload, False)] = self._last
            size += len(payload)
        return size

    def acknowledge(self, number: int) -> bool:
        """The broker has a message; tell whether it was an answer."""
        row = self._flying.pop(number, None)
        if row is not None:
            self._answers.done([row])
        return row is not None

    def _drop(self, identity: str) -> None:
        self._answers.done([self._last])
        self._diary.warning(
            f"{self._name}: the results of command {identity} are dropped: no TopicResult is configured"
        )


class DiscoveryFlow:
    """One retained message a device, and an empty one for each that is gone."""

    def __init__(self, revisions: Revisions, destination: int) -> None:
        self._revisions = revisions
        self._fact = fact_of(destination, "discovered")
        self._wanted: dict[str, bytes] = {}
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._flying: set[int] = set()
        self._is_noted = True

    @property
    def is_done(self) -> bool:
        """Whether the broker has all of it."""
        return not self._waiting and not self._flying and self._is_noted

    @property
    def in_flight(self) -> int:
        """Messages that the broker has not acknowledged."""
        return len(self._flying)

    def want(self, messages: dict[str, bytes]) -> None:
        """Have these devices discovered, and none else of ours. Writes down, before any goes, whom to take away."""
        before = set(json.loads(self._revisions.fact(self._fact) or "[]"))
        gone = dict.fromkeys(sorted(before - set(messages)), b"")
        self._wanted = messages
        self._waiting = deque([*gone.items(), *messages.items()])
        self._is_noted = not self._waiting
        if before != before | set(messages):
            self._note(before | set(messages))

    def again(self) -> None:
        """Send all of it again."""
        self._waiting.extend(item for item in self._wanted.items() if item not in self._waiting)

    def feed(self, publish: Publish) -> int:
        """Publish what waits, as far as the window goes; return the bytes."""
        size = 0
        while self._waiting and len(self._flying) < WINDOW:
            name, payload = self._waiting.popleft()
            self._flying.add(publish(topic_of(name), payload, True))
            size += len(payload)
        return size

    def acknowledge(self, number: int) -> bool:
        """The broker has a message; tell whether it was one of discovery."""
        if number not in self._flying:
            return False
        self._flying.discard(number)
        if not self._waiting and not self._flying and not self._is_noted:
            self._note(set(self._wanted))
            self._is_noted = True
        return True

    def _note(self, names: set[str]) -> None:
        self._revisions.note(self._fact, json.dumps(sorted(names)))
