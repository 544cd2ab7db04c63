"""What comes in on a session: commands into the inbox, and Home Assistant's birth (spec 4.1)."""

import json
from collections.abc import Callable
from typing import Final

from sqlalchemy.exc import OperationalError

from heliograph.sync.destinations import fact_of
from heliograph.sync.diary import Diary
from heliograph.sync.mailbox import Mailbox, Message
from heliograph.sync.revisions import Revisions
from heliograph.sync.telemetry.discovery import BIRTH, BIRTH_TOPIC
from heliograph.sync.telemetry.session import Incoming, Session

FULL: Final = "commands: too many wait for the gateway's bus; further ones stay with the broker"
DISK: Final = "commands: the gateway's own disk refuses them; they stay with the broker until it is free"


class Inward:
    """Subscribes, and lets go of a message at the broker only after it lies in the inbox."""

    def __init__(
        self, mailbox: Mailbox, revisions: Revisions, diary: Diary, destination: int, born: Callable[[], None]
    ) -> None:
        self._mailbox = mailbox
        self._revisions = revisions
        self._diary = diary
        self._destination = destination
        self._born = born
        self._fact = fact_of(destination, "subscribed")
        self._command = ""
        self._unsure: list[int] = []
        self._marks: dict[int, list[int]] = {}
        self.problem = ""
        """Why messages stay with the broker; empty when none does."""

    def begin(self, session: Session, command: str, *, birth: bool) -> None:
        """Subscribe to what is wanted now, and leave what an earlier configuration wanted."""
        if not session.resumed:  # the broker knows nothing of earlier messages: it delivers none of them again
            self._mailbox.forget_messages(self._destination)
        self._command = command
        wanted = [topic for topic in (command, BIRTH_TOPIC if birth else "") if topic]
        before = json.loads(self._revisions.fact(self._fact) or "[]")
        session.unsubscribe([topic for topic in before if topic not in wanted])
        if before != wanted:
            self._revisions.note(self._fact, json.dumps(wanted))
        session.subscribe(wanted)

    def take(self, session: Session) -> None:
        """Take in what came, in order, as far as there is room."""
        self.problem = ""
        while session.messages:
            message = session.messages[0]
            if message.topic == self._command and message.content and not self._may_enter(message):
                return
            if message.topic == BIRTH_TOPIC and message.content == BIRTH:
                self._born()
            session.messages.popleft()
            if message.qos:
                session.acknowledge(message)
                self._unsure.append(message.packet)

    def published(self, number: int) -> None:
        """A message went out after the acknowledgements so far: once it is acknowledged, the broker has these too."""
        if self._unsure:
            self._marks[number] = self._unsure
            self._unsure = []

    def acknowledged(self, number: int) -> None:
        """The broker acknowledged a message of ours: what we acknowledged before it will not come again."""
        packets = self._marks.pop(number, None)
        if packets:
            self._mailbox.forget_messages(self._destination, packets)

    def _may_enter(self, message: Incoming) -> bool:
        """Put a command in the inbox; tell whether the broker may let go of it."""
        try:
            if not self._mailbox.has_room():
                self.problem = FULL
                return False
            self._mailbox.take_message(
                Message(
                    self._destination,
                    message.topic,
                    message.content,
                    message.packet if message.qos else 0,
                    message.duplicate,
                    message.retained,
                )
            )
        except OperationalError:
            self.problem = DISK
            return False
        return True
