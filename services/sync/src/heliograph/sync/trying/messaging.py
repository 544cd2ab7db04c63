"""What a broker lets the gateway do: log in, publish, subscribe, as far as it tells (spec 3.5).

The test has a ClientId of its own, since a broker throws out the older of two sessions with one. It publishes below
the configured topics alone, and takes no command: its session leaves nothing with the broker.
"""

import time
from dataclasses import replace
from typing import Final

from heliograph.formats.config import MqttServer
from heliograph.sync.remote.errors import LinkLost, NoRight, RemoteError
from heliograph.sync.telemetry.broker import Broker, context_of
from heliograph.sync.telemetry.session import Login, Session
from heliograph.sync.trying.course import Course
from heliograph.sync.trying.job import Job
from heliograph.sync.trying.steps import TEST_LEVEL, command_topic, topics_of

HEAR_SECONDS: Final = 5.0
"""How long a message may take to come back from the broker."""
TURN_SECONDS: Final = 0.2


class BrokerTest:
    """What follows the way to a broker. `run` is called once."""

    def __init__(self, job: Job, server: MqttServer, broker: Broker, course: Course) -> None:
        self._job = job
        self._server = server
        self._broker = replace(broker, client_id=f"{broker.client_id}-test")
        self._course = course
        self._session = self._new_session()

    def run(self, hint: str) -> None:
        """Go through the steps. Raises `LinkLost`, `Stopped`."""
        try:
            if self._course.take(self._log_in, hint):
                self._speak()
                self._session.leave()
        finally:
            self._session.close()

    def _log_in(self) -> str:
        self._session.open()
        return f"the broker lets the gateway in, with the ClientId {self._broker.client_id} for this test"

    def _speak(self) -> None:
        for topic in topics_of(self._server, self._job.uid):
            self._course.take(lambda topic=topic: self._try_topic(topic))  # type: ignore[misc]  # bound now
        if command := command_topic(self._server, self._job.uid):
            self._course.take(lambda: _subscribe(self._session, command))

    def _try_topic(self, topic: str) -> str:
        own = f"{topic}/{TEST_LEVEL}"
        try:
            came_back = self._publish(own)
        except LinkLost as error:
            self._begin_anew()
            raise RemoteError(
                f"the broker broke off at a message on {own}, as some do where the login may not publish; "
                f"allow it to publish on {topic} and below"
            ) from error
        if came_back:
            return f"a message on {own} came back"
        return (
            f"the broker took a message on {own} but did not give it back: the login may lack a right to that topic. "
            f"Whether it may publish on {topic} itself shows only with the first message"
        )

    def _publish(self, own: str) -> bool:
        """Publish on a topic of the test's own; tell whether the message came back."""
        session = self._session
        session.subscribe([own])
        number = session.publish(own, b"test", 1)
        deadline = time.monotonic() + self._broker.timeout_seconds
        while number not in session.acknowledged:
            if time.monotonic() >= deadline:
                raise LinkLost(f"{self._broker.name} does not acknowledge a message on {own}")
            session.turn(TURN_SECONDS)
        return own not in session.refused and _came_back(session, own)

    def _begin_anew(self) -> None:
        """Log in again, for the steps that follow one at which the broker broke off. Raises `Unreachable`."""
        self._session.close()
        self._session = self._new_session()
        self._session.open()

    def _new_session(self) -> Session:
        login = Login(self._server.login, self._job.access.password)
        context = context_of(self._broker, self._server, self._job.access)
        return Session(self._broker, context, login, self._server.keep_alive_seconds, "", is_passing=True)


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
