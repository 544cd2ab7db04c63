"""paho's client on a connection of our own, with limits; `session` alone uses it.

paho parses, keeps packet identifiers and answers pings; what it swallows is kept here. The socket is dialled as for
file servers, a broken one leaves its error in `failure`, and of a packet no more than `PACKET_BYTES` stay in memory.
"""

import socket
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from paho.mqtt import client as paho
from paho.mqtt.client import CONNACK_REFUSED_PROTOCOL_VERSION
from paho.mqtt.enums import CallbackAPIVersion

PACKET_BYTES: Final = 1024 * 1024 + 70_000
"""A command of 1 MiB, its topic and headers; what is longer is refused by its length alone."""
RECEIVE_BYTES: Final = 256 * 1024
PACKETS: Final = 256
"""Packet identifiers in use: few, so that those of a connection that was cut are known, also after a kill."""


class Client(paho.Client):
    """One MQTT 3.1.1 client, driven by `loop_read` and its like.

    Its session stays with the broker unless it `is_passing`.
    """

    def __init__(
        self, client_id: str, dial: Callable[[], socket.socket | ssl.SSLSocket], *, is_passing: bool = False
    ) -> None:
        self._dial = dial
        self._incoming: Any = {}
        self.acknowledged: deque[int] = deque()
        """Packet identifiers of our messages, as the broker acknowledges them."""
        self.failure: BaseException | None = None
        """What broke the connection."""
        self.is_other_version = False
        """The broker refused MQTT 3.1.1, which paho tells like any broken packet."""
        self.releasing = 0
        """Packet identifiers of an earlier connection that the broker has yet to release."""
        self.sent_bytes = 0
        """What the connection took; grows as long as a slow one moves."""
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=is_passing,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self.max_inflight_messages_set(0)  # the window is kept above
        self.on_publish = lambda _client, _data, number, *_: self.acknowledged.append(number)  # QoS 0 and 2

    def release(self) -> None:
        """Have the broker end what an earlier connection began with QoS 2.

        It would take a new message under an old identifier for the old one, and drop it. It answers each with PUBCOMP;
        nothing may be published before `releasing` is 0.
        """
        self.releasing = PACKETS
        for number in range(1, PACKETS + 1):
            self._send_pubrel(number)

    @property
    def _in_packet(self) -> Any:
        return self._incoming

    @_in_packet.setter
    def _in_packet(self, packet: Mapping[str, Any]) -> None:
        self._incoming = {**packet, "packet": _Bounded()}

    def _handle_connack(self) -> Any:
        self.is_other_version = bytes(self._incoming["packet"][1:2]) == bytes([CONNACK_REFUSED_PROTOCOL_VERSION])
        return super()._handle_connack()

    def _handle_pubackcomp(self, cmd: Any) -> Any:
        if self.releasing and cmd == "PUBCOMP":
            self.releasing -= 1
            return paho.MQTT_ERR_SUCCESS
        if cmd == "PUBACK" and len(self._incoming["packet"]) == 2:
            self._acknowledged(int.from_bytes(self._incoming["packet"], "big"))
            return paho.MQTT_ERR_SUCCESS
        return super()._handle_pubackcomp(cmd)

    def _mid_generate(self) -> int:
        self._last_mid = self._last_mid % PACKETS + 1
        while self._last_mid in self._out_messages:
            self._last_mid = self._last_mid % PACKETS + 1
        return self._last_mid

    def _create_socket(self) -> Any:
        return self._dial()

    def _sock_recv(self, bufsize: int) -> bytes:
        try:
            return bytes(super()._sock_recv(min(bufsize, RECEIVE_BYTES)))
        except BlockingIOError:
            raise
        except OSError as error:
            self.failure = error
            raise

    def _sock_send(self, buf: Any) -> int:
        try:
            sent = int(super()._sock_send(buf))
        except BlockingIOError:
            raise
        except OSError as error:
            self.failure = self._alert() or error
            raise
        self.sent_bytes += sent
        return sent

    def _acknowledged(self, number: int) -> None:
        """Let go of a message of QoS 1, without the objects of MQTT 5 that paho makes for each."""
        if self._out_messages.pop(number, None) is not None:
            self._inflight_messages -= 1
            self.acknowledged.append(number)

    def _alert(self) -> OSError | None:
        """Return the alert that a broker sent before it closed: why it takes no more stands in what it said last."""
        try:
            super()._sock_recv(1)
        except BlockingIOError:
            return None
        except OSError as error:
            return error
        return None


class _Bounded(bytearray):
    """Takes what comes and keeps its beginning."""

    def __iadd__(self, data: Any) -> Self:  # type: ignore[misc]  # `+` is of no use here
        self.extend(data[: max(0, PACKET_BYTES - len(self))])
        return self
