"""One session with an MQTT broker: connect, publish, hear what is acknowledged and what comes, leave (spec 3.5).

One thread drives it by `turn`; any other may `wake` it. The session stays with the broker, so that commands wait there;
what was not acknowledged is not kept here: whoever publishes reads it again from the disk after a cut.
"""

import selectors
import socket
import ssl
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from paho.mqtt import client as paho

from heliograph.sync.remote import LinkLost
from heliograph.sync.remote.dial import dial
from heliograph.sync.telemetry.broker import Broker
from heliograph.sync.telemetry.client import Client
from heliograph.sync.telemetry.reasons import Refusal, why_lost, why_not_connected

OFFLINE: Final = b"offline"
ONLINE: Final = b"online"
LEAVE_SECONDS: Final = 5.0
HELD_MESSAGES: Final = 256
HELD_BYTES: Final = 32 * 1024 * 1024
"""What came and could not be taken in yet, at most; a broker that sends more is left, and sends it again later."""
SEND_BUFFER_BYTES: Final = 128 * 1024
"""What the system may hold back of ours: pings and alarms wait behind it on a slow line."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who calls; the password is resolved."""

    name: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Login({self.name!r})"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message of a subscription."""

    topic: str
    content: bytes
    packet: int
    qos: int
    duplicate: bool
    retained: bool


class Session:
    """See above. After any `RemoteError` it is of no more use but to be closed.

    One that `is_passing` leaves nothing with the broker.
    """

    def __init__(
        self, broker: Broker, context: ssl.SSLContext | None, login: Login, keep_alive_seconds: int, status_topic: str,
        *, is_passing: bool = False,
    ) -> None:  # fmt: skip
        self._broker = broker
        self._context = context
        self._keep_alive = keep_alive_seconds
        self._status = status_topic
        self._client = Client(broker.client_id, self._dial, is_passing=is_passing)
        self._selector = selectors.DefaultSelector()
        self._awake, self._waker = socket.socketpair()
        for end in (self._awake, self._waker):
            end.setblocking(False)
        self._selector.register(self._awake, selectors.EVENT_READ)
        self._listen(login)
        self.acknowledged = self._client.acknowledged
        """What `publish` returned, as the broker acknowledges it."""
        self.messages: deque[Incoming] = deque()
        self.refused: list[str] = []
        """Topics whose subscription the broker refused."""
        self.resumed = False
        """Whether the broker kept the session since last time."""

    def open(self) -> None:
        """Connect. Raises `Unreachable` or one of its kinds, in words for the operator."""
        deadline = time.monotonic() + self._broker.timeout_seconds
        try:
            self._client.connect(self._broker.address, self._broker.port, self._keep_alive)
            self._selector.register(self._socket(), selectors.EVENT_READ)
            while not self._client.is_connected():
                if time.monotonic() >= deadline:
                    raise TimeoutError
                self._exchange(0.2)
        except (OSError, ValueError, Refusal, LinkLost) as error:
            cause = self._client.failure if isinstance(error, LinkLost) else error
            cause = Refusal("Unsupported protocol version") if self._client.is_other_version else cause
            raise why_not_connected(self._broker, cause or error, self._context) from error

    def announce(self) -> None:
        """Say that the gateway is there; the broker says the contrary when the connection breaks. Raises `LinkLost`."""
        if self._status:
            self.publish(self._status, ONLINE, 1, retain=True)

    def publish(self, topic: str, payload: bytes, qos: int, *, retain: bool = False) -> int:
        """Hand over a message; return the number by which it is acknowledged. Raises `LinkLost`."""
        info = self._client.publish(topic, payload, qos, retain)
        if info.rc is not paho.MQTT_ERR_SUCCESS:
            raise self._lost(info.rc)
        return int(info.mid)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let what is published within leave in as few segments as it fits, and at once at the end."""
        connection: Any = self._client.socket()
        cork = getattr(socket, "TCP_CORK", None)
        if connection is None or cork is None:
            yield
            return
        connection.setsockopt(socket.IPPROTO_TCP, cork, 1)
        try:
            yield
        finally:
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, cork, 0)

    def subscribe(self, topics: Sequence[str]) -> None:
        """Ask for what comes on topics, at most with QoS 1, and wait for the broker's word. Raises `LinkLost`."""
        if not topics:
            return
        deadline = time.monotonic() + self._broker.timeout_seconds
        code, number = self._client.subscribe([(topic, 1) for topic in topics])
        self._asked[number or 0] = list(topics)
        if code is not paho.MQTT_ERR_SUCCESS:
            raise self._lost(code)
        while self._asked:
            if time.monotonic() >= deadline:
                raise LinkLost(f"{self._broker.name} does not answer a subscription; it hangs")
            self._exchange(0.2)

    def release(self) -> None:
        """Have done with what an earlier connection began with QoS 2. Raises `LinkLost`."""
        if not self.resumed:
            return
        deadline = time.monotonic() + self._broker.timeout_seconds
        self._client.release()
        while self._client.releasing:
            if time.monotonic() >= deadline:
                raise LinkLost(f"{self._broker.name} does not complete messages of QoS 2; set Qos to 1")
            self._exchange(0.2)

    def unsubscribe(self, topics: Sequence[str]) -> None:
        """Take subscriptions of an earlier time back. Raises `LinkLost`."""
        if topics:
            code, _ = self._client.unsubscribe(list(topics))
            if code is not paho.MQTT_ERR_SUCCESS:
                raise self._lost(code)

    def acknowledge(self, message: Incoming) -> None:
        """Tell the broker that a message is safe here. Raises `LinkLost`."""
        code = self._client.ack(message.packet, message.qos)
        if code is not paho.MQTT_ERR_SUCCESS:
            raise self._lost(code)

    def turn(self, seconds: float) -> None:
        """Exchange with the broker what there is; wait at most so long for something. Raises `LinkLost`."""
        self._exchange(seconds)

    @property
    def is_clogged(self) -> bool:
        """Whether what was published still waits for the line: more would only hold up pings and alarms."""
        return self._client.want_write()

    @property
    def sent_bytes(self) -> int:
        """What the line took so far."""
        return self._client.sent_bytes

    def wake(self) -> None:
        """End the wait of a `turn`, from any thread."""
        with suppress(OSError):
            self._waker.send(b"\0")

    def leave(self) -> None:
        """Say that the gateway goes, and disconnect in order: the last will is not sent then."""
        with suppress(LinkLost):
            number = self.publish(self._status, OFFLINE, 1, retain=True) if self._status else 0
            deadline = time.monotonic() + LEAVE_SECONDS
            while number and number not in self.acknowledged and time.monotonic() < deadline:
                self._exchange(0.1)
            self._client.disconnect()
            while self._client.socket() is not None and self._client.want_write() and time.monotonic() < deadline:
                self._exchange(0.1)

    def close(self) -> None:
        """Let go of the connection as it is; without `leave` before, the broker sends the last will."""
        connection = self._client.socket()
        if connection is not None:
            with suppress(OSError):
                connection.close()
        self._selector.close()
        self._awake.close()
        self._waker.close()

    def _listen(self, login: Login) -> None:
        client = self._client
        self._asked: dict[int, list[str]] = {}
        if login.name or login.password:
            client.username_pw_set(login.name, login.password)
        if self._status:
            client.will_set(self._status, OFFLINE, 1, retain=True)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._came

    def _connected(self, _client: object, _data: object, flags: Any, reason: Any, _properties: object) -> None:
        if reason.is_failure:
            raise Refusal(reason.getName())
        self.resumed = bool(flags.session_present)

    def _subscribed(self, _client: object, _data: object, number: int, codes: Sequence[Any], _: object) -> None:
        topics = self._asked.pop(number, [])
        self.refused += [topic for topic, code in zip(topics, codes, strict=False) if code.is_failure]

    def _came(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        content = bytes(message.payload)
        if len(self.messages) >= HELD_MESSAGES or sum(len(m.content) for m in self.messages) > HELD_BYTES:
            raise LinkLost(f"{self._broker.name} sends more commands than can be taken in now; they are awaited later")
        self.messages.append(
            Incoming(topic, content, message.mid, message.qos, bool(message.dup), bool(message.retain))
        )

    def _dial(self) -> socket.socket | ssl.SSLSocket:
        plain = dial(self._broker)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain, server_hostname=self._broker.address)
        except BaseException:
            plain.close()
            raise

    def _exchange(self, seconds: float) -> None:
        client, connection = self._client, self._socket()
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.want_write() else 0)
        if self._selector.get_key(connection).events != wanted:
            self._selector.modify(connection, wanted)
        _acknowledge_quickly(connection)
        buffered = isinstance(connection, ssl.SSLSocket) and connection.pending()
        events = self._selector.select(0 if buffered else seconds)
        ready = {key.fileobj: mask for key, mask in events}
        if self._awake in ready:
            with suppress(BlockingIOError):
                self._awake.recv(4096)
        code = paho.MQTT_ERR_SUCCESS
        if buffered or ready.get(connection, 0) & selectors.EVENT_READ:
            code = client.loop_read()
        if code is paho.MQTT_ERR_SUCCESS and client.want_write():
            code = client.loop_write()
        if code is paho.MQTT_ERR_SUCCESS:
            code = client.loop_misc()
        if code is not paho.MQTT_ERR_SUCCESS:
            raise self._lost(code)

    def _socket(self) -> Any:
        connection = self._client.socket()
        if connection is None:
            raise self._lost(paho.MQTT_ERR_CONN_LOST)
        return connection

    def _lost(self, code: int) -> LinkLost:
        return why_lost(self._broker, self._client.failure, is_silent=code == paho.MQTT_ERR_KEEPALIVE)


def _acknowledge_quickly(connection: Any) -> None:
    """Have the system acknowledge what comes next at once, where it can.

    A broker that collects small packets (Nagle) sends its next PUBACKs only after ours for the last; the system forgets
    this wish after a while.
    """
    option = getattr(socket, "TCP_QUICKACK", None)
    if option is not None:
        with suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, option, 1)
