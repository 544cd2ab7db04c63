"""What a broker lets the gateway do: log in, publish, subscribe, as far as it tells (spec 3.5).

The test has a ClientId of its own, since a broker throws out the older of two sessions with one. It publishes below
the configured topics alone, and takes no command: its session leaves nothing with the broker.
"""

import time
from dataclasses import dataclass, replace
from typing import Final

from heliograph.formats.config import MqttServer
from heliograph.sync.remote.errors import LinkLost, NoRight
from heliograph.sync.telemetry.broker import Broker, context_of
from heliograph.sync.telemetry.session import Login, Session
from heliograph.sync.trying.course import Course
from heliograph.sync.trying.job import Job
from heliograph.sync.trying.steps import TEST_LEVEL, command_topic, topics_of

HEAR_SECONDS: Final = 3.0
"""How long a message may take to come back from the broker."""
TURN_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class BrokerTest:
    """What follows the way to a broker."""

    job: Job
    server: MqttServer
    broker: Broker
    course: Course

    def run(self, hint: str) -> None:
        """Go through the steps. Raises `LinkLost`, `Stopped`."""
        broker = replace(self.broker, client_id=f"{self.broker.client_id}-test")
        login = Login(self.server.login, self.job.access.password)
        context = context_of(broker, self.server, self.job.access)
        session = Session(broker, context, login, self.server.keep_alive_seconds, "", is_passing=True)

        def log_in() -> str:
            session.open()
            return f"the broker lets the gateway in, with the ClientId {broker.client_id} for this test"

        try:
            if self.course.take(log_in, hint):
                self._speak(session)
                session.leave()
        finally:
            session.close()

    def _speak(self, session: Session) -> None:
        for topic in topics_of(self.server, self.job.uid):
            self.course.take(lambda topic=topic: self._publish(session, topic))  # type: ignore[misc]  # bound now
        if command := command_topic(self.server, self.job.uid):
            self.course.take(lambda: _subscribe(session, command))

    def _publish(self, session: Session, topic: str) -> str:
        own = f"{topic}/{TEST_LEVEL}"
        session.subscribe([own])
        number = session.publish(own, b"test", 1)
        deadline = time.monotonic() + self.broker.timeout_seconds
        while number not in session.acknowledged:
            if time.monotonic() >= deadline:
                raise LinkLost(f"{self.broker.name} does not acknowledge a message on {own}")
            session.turn(TURN_SECONDS)
        if own not in session.refused and _came_back(session, own):
            return f"a message on {own} came back"
        return (
            f"the broker took a message on {own} but did not give it back: the login may lack a right to that topic. "
            f"Whether it may publish on {topic} itself shows only with the first message"
        )


def _came_back(session: Session, topic: str) -> bool:
    deadline = time.monotonic() + HEAR_SECONDS
    while time.monotonic() < deadline:
        while session.messages:
            if session.messages.popleft().topic == topic:
                return True
        session.turn(TURN_SECONDS)
    return False


def _subscribe(session: Session, topic: str) -> str:
    session.subscribe([topic])
    if topic in session.refused:
        raise NoRight(topic, "subscribe to", "no command would arrive")
    session.unsubscribe([topic])
    return "the broker grants it; commands that wait there stay for the gateway"
