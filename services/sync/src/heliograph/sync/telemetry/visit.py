"""One session from connecting to leaving. Blocks: it has a thread of its own.

A scheduled one sends what is there and leaves; a permanent one stays, and does what `orders` ask, until it is told to
leave, or the link is lost.
"""

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from heliograph.contract import ConnectionResult, Trigger
from heliograph.formats.config import MqttServer
from heliograph.sync import ledger as streams
from heliograph.sync.applied import Applied
from heliograph.sync.connection import Parts, Visited
from heliograph.sync.errors import AccessError
from heliograph.sync.remote import Access, LinkLost, Unreachable
from heliograph.sync.revisions import Revisions
from heliograph.sync.telemetry.broker import Broker, Topics, broker_of, context_of, is_permanent, topics_of
from heliograph.sync.telemetry.chronicle import Chronicle
from heliograph.sync.telemetry.definitions import Definitions
from heliograph.sync.telemetry.discovery import discovery
from heliograph.sync.telemetry.flows import AnswerFlow, DiscoveryFlow
from heliograph.sync.telemetry.inward import Inward
from heliograph.sync.telemetry.orders import Orders
from heliograph.sync.telemetry.outflow import Outflow
from heliograph.sync.telemetry.session import Login, Session
from heliograph.sync.telemetry.stock import Stock

_log = logging.getLogger("heliograph.sync.telemetry")

TURN_SECONDS: Final = 0.5
"""The longest wait without a look at the stop."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a visit works with, beside the parts that every connection has."""

    parts: Parts
    revisions: Revisions
    access: Callable[[MqttServer, Applied], Access]
    """Resolves what opens a server. Raises `AccessError`."""
    chronicle: Chronicle
    definitions: Definitions
    timeout_seconds: float


class Visit:
    """One session. `run` is called once; other threads speak to `orders` alone."""

    def __init__(
        self, tools: Tools, applied: Applied, server: MqttServer, trigger: Trigger, connected: Callable[[], None]
    ) -> None:
        self.orders = Orders()
        self._tools = tools
        self._parts = tools.parts
        self._applied = applied
        self._server = server
        self._trigger = trigger
        self._connected = connected
        self._name = f"server {server.number}"
        self._permanent = is_permanent(server)
        self._broker: Broker = broker_of(server, applied.set.uid, tools.timeout_seconds)
        self._topics: Topics = topics_of(server, applied.set.uid)
        self._stock = Stock(self._parts.database, tools.definitions, self._parts.diary, self._name)
        self.destination = applied.destination(server.number)
        self._answers = AnswerFlow(
            self._parts.mailbox.answers, self.destination, self._topics.result, self._parts.diary, self._name
        )
        self._discovery = DiscoveryFlow(tools.revisions, self.destination)
        self._inward = Inward(
            self._parts.mailbox, tools.revisions, self._parts.diary, self.destination, self._discovery.again
        )
        self._moved = (0.0, 0)
        self._refused: tuple[str, ...] = ()
        self._told = ""

    def run(self) -> Visited:
        """Connect, serve, leave; never raises for the server's sake."""
        chronicle, diary = self._tools.chronicle, self._parts.diary
        chronicle.begin(self._trigger, is_day=self._permanent, destination=self.destination)
        self._parts.concealed.learn(self._server.password, self._server.login)
        diary.info(
            f"{self._name}: connecting to {self._told_server} with revision {self._applied.number} ({self._trigger})"
        )
        failure = ""
        try:
            self._stock.take(self._applied, self._server.max_message_bytes)
            self._with_session()
        except (Unreachable, LinkLost, AccessError) as error:
            failure = f"connection: {self._parts.concealed.hide(str(error))}"
            chronicle.fail(failure)
            diary.warning(f"{self._name}: {failure}")
        result = ConnectionResult.FAILED if failure and not self._permanent else chronicle.result
        visited = Visited(result, (failure,) if failure else self.problems, again=bool(failure))
        if not self._permanent or self._is_over:
            chronicle.end(result)
        else:
            chronicle.note()
        carried = "; ".join(f"{t.kind}: {t.files} messages, {t.bytes} bytes" for t in chronicle.transfers)
        diary.info(f"{self._name}: {'left' if not failure else 'no connection'}; {carried or 'nothing was sent'}")
        return visited

    @property
    def problems(self) -> tuple[str, ...]:
        """For people: what does not work while the session stands."""
        return (*self._refused, *([self._inward.problem] if self._inward.problem else ()))

    @property
    def _is_over(self) -> bool:
        return self.orders.is_over or self._parts.stop.is_set()

    @property
    def _told_server(self) -> str:
        """Name the server as the configuration does; it holds no secret."""
        login = f"{self._server.login}@" if self._server.login else ""
        return (
            f"{self._server.type} {login}{self._broker.address}:{self._broker.port} as client {self._broker.client_id}"
        )

    def _with_session(self) -> None:
        access = self._tools.access(self._server, self._applied)
        context = context_of(self._broker, self._server, access)
        login = Login(self._server.login, access.password)
        session = Session(self._broker, context, login, self._server.keep_alive_seconds, self._topics.status)
        self.orders.waker = session.wake
        try:
            session.open()
            self._begin(session)
            self._serve(session)
            session.leave()
            self._hear(session)  # what the broker acknowledged meanwhile is not sent again
        finally:
            self.orders.waker = lambda: None
            session.close()

    def _begin(self, session: Session) -> None:
        """Subscribe, then say that the gateway is there: who reacts to `online` by a command is heard."""
        if self._server.qos == 2:
            session.release()
        self._inward.begin(session, self._topics.command, birth=self._server.home_assistant)
        session.announce()
        self._tools.chronicle.connected()
        self._parts.diary.info(f"{self._name}: connected")
        self._connected()
        self._flows = self._new_flows()
        self._want_discovery()
        self.orders.everything()

    def _serve(self, session: Session) -> None:
        self._moved = (time.monotonic(), session.sent_bytes)
        while not self._is_over:
            self._obey(session)
            self._inward.take(session)
            self._hear(session)
            with session.together():
                fed = self._feed(session)
            self._tell_problem()
            self._tell_unnamed()
            if not self._permanent and self._is_done:
                return
            session.turn(0 if fed and not session.is_clogged else TURN_SECONDS)
            self._check_progress(session)

    def _new_flows(self) -> dict[str, Outflow]:
        if not self._applied.provisional:
            self._take_over_files()
        made = {streams.RECORDS: self._stock.records, streams.ALARMS: self._stock.alarms}
        takes = streams.streams_of(self._server)
        return {
            stream: Outflow(self._parts.ledger, self.destination, stream, make, on_trial=self._applied.provisional)
            for stream, make in made.items()
            if stream in takes
        }

    def _take_over_files(self) -> None:
        """Give what was made into files while this was a file server again, by messages."""
        self._parts.ledger.rewind(self.destination)
        shutil.rmtree(self._parts.outgoing / str(self.destination), ignore_errors=True)

    def _want_discovery(self) -> None:
        wanted = discovery(self._applied, self._topics) if self._server.home_assistant else {}
        self._discovery.want(wanted)

    def _obey(self, session: Session) -> None:
        order = self.orders.collect()
        if order.applied is not None:
            self._take(order.applied)
        if order.answers:
            self._answers.ask()
        for stream, asked in ((streams.RECORDS, order.records), (streams.ALARMS, order.alarms)):
            flow = self._flows.get(stream)
            if flow is not None and asked:
                if not flow.is_ours:  # on trial until now
                    self._flows.update({stream: self._new_flows()[stream]})
                self._flows[stream].ask()
        self._tools.chronicle.turn_page()
        session.refused, refused = [], session.refused
        for topic in refused:
            self._refused = (f"commands: the broker refuses the subscription of {topic}; allow it there",)
            self._tools.chronicle.fail(self._refused[0])
            self._parts.diary.error(f"{self._name}: {self._refused[0]}")

    def _take(self, applied: Applied) -> None:
        """Go on with another revision; with the one on trial, once it is confirmed, begin to deliver."""
        is_confirmed = self._applied.provisional and not applied.provisional
        self._applied = applied
        self._stock.take(applied, self._server.max_message_bytes)
        self._want_discovery()
        if is_confirmed:
            self._flows = self._new_flows()
            for flow in self._flows.values():
                flow.ask()

    def _feed(self, session: Session) -> bool:
        """Publish what the windows have room for: alarms first, then results, discovery, records."""
        fed = False
        for name, topic in ((streams.ALARMS, self._topics.alarm), (streams.RECORDS, self._topics.data)):
            if name == streams.RECORDS:
                fed = self._feed_others(session) or fed
            flow = self._flows.get(name)

            def publish(payload: bytes, topic: str = topic) -> int:
                return self._publish(session, topic, payload, self._server.qos)

            while flow is not None and not session.is_clogged and flow.feed(publish):
                fed = True
        return fed

    def _feed_others(self, session: Session) -> bool:
        def publish(topic: str, payload: bytes, retain: bool) -> int:
            return self._publish(session, topic, payload, 1, retain=retain)

        return bool(self._answers.feed(publish) + self._discovery.feed(publish))

    def _publish(self, session: Session, topic: str, payload: bytes, qos: int, *, retain: bool = False) -> int:
        number = session.publish(topic, payload, qos, retain=retain)
        self._inward.published(number)
        return number

    def _hear(self, session: Session) -> None:
        """Take the acknowledgements, and move the cursors behind them."""
        chronicle = self._tools.chronicle
        while session.acknowledged:
            number = session.acknowledged.popleft()
            self._inward.acknowledged(number)
            if self._answers.acknowledge(number):
                chronicle.count("results", 1, 0)
            elif not any(flow.acknowledge(number) for flow in self._flows.values()):
                self._discovery.acknowledge(number)
            self._moved = (time.monotonic(), session.sent_bytes)
        for stream, flow in self._flows.items():
            messages, size, _ = flow.settle()
            chronicle.count("data" if stream == streams.RECORDS else "alarms", messages, size)

    def _tell_problem(self) -> None:
        problem = self._inward.problem
        if problem and problem != self._told:
            self._tools.chronicle.fail(problem)
            self._parts.diary.error(f"{self._name}: {problem}")
        elif self._told and not problem:
            self._parts.diary.info(f"{self._name}: commands are taken in again")
        self._told = problem

    def _tell_unnamed(self) -> None:
        """Count, when all is sent, the records whose definition is gone."""
        unnamed = self._stock.unnamed
        if unnamed and self._flows[streams.RECORDS].is_done:
            counts = ", ".join(f"{count} of {device}" for device, count in unnamed.items())
            unnamed.clear()
            text = f"data: records without values, since their definition is gone: {counts}"
            self._tools.chronicle.fail(text)
            self._parts.diary.warning(f"{self._name}: {text}")

    @property
    def _is_done(self) -> bool:
        return self._answers.is_done and self._discovery.is_done and all(f.is_done for f in self._flows.values())

    def _check_progress(self, session: Session) -> None:
        """Leave a broker that takes nothing, or acknowledges nothing of what it took."""
        flying = sum(flow.in_flight for flow in self._flows.values())
        flying += self._answers.in_flight + self._discovery.in_flight
        now = time.monotonic()
        if not flying or (session.is_clogged and session.sent_bytes != self._moved[1]):
            self._moved = (now, session.sent_bytes)
        elif now - self._moved[0] > self._broker.timeout_seconds:
            seconds = f"{self._broker.timeout_seconds:g} s"
            raise LinkLost(f"{self._broker.name} acknowledged nothing for {seconds} of what it was sent; it hangs")
