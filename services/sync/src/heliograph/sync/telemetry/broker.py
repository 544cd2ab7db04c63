"""An MQTT server as the configuration has it: its topics with the uid in them, and how to reach it (spec 1.9, 3.5)."""

import ssl
from dataclasses import dataclass
from typing import Final

from heliograph.formats.config import MqttServer, ServerType
from heliograph.sync.clientcert import load_client
from heliograph.sync.remote import Access, CertificateRefused
from heliograph.sync.remote.dial import tls_context

TIMEOUT_SECONDS: Final = 30.0
"""Limit of each step on the way to a broker, and of its answers."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Where what goes; empty = off."""

    data: str
    alarm: str
    command: str
    result: str
    status: str


@dataclass(frozen=True, slots=True)
class Broker:
    """Whom to call; a `remote.dial.Peer`."""

    type: ServerType
    address: str
    port: int
    ca_file: str
    client_id: str
    timeout_seconds: float = TIMEOUT_SECONDS

    @property
    def name(self) -> str:
        """How it is called in a message."""
        return f"{self.type} server {self.address}:{self.port}"


def broker_of(server: MqttServer, uid: str, timeout_seconds: float = TIMEOUT_SECONDS) -> Broker:
    """Return whom a configured server stands for."""
    client = server.client_id or uid
    return Broker(server.type, server.address, server.port, server.ca_file, client, timeout_seconds)


def topics_of(server: MqttServer, uid: str) -> Topics:
    """Return the topics with `{uid}` replaced."""
    written = (server.topic_data, server.topic_alarm, server.topic_command, server.topic_result, server.topic_status)
    return Topics(*(topic.replace("{uid}", uid) for topic in written))


def is_permanent(server: MqttServer) -> bool:
    """Tell whether the connection stands all the time instead of being made at each schedule (spec 1.9)."""
    return bool(server.topic_alarm or server.topic_command or server.immediate)


def context_of(broker: Broker, server: MqttServer, access: Access) -> ssl.SSLContext | None:
    """Return what TLS needs, None for plain MQTT. Raises `CertificateRefused` for files that are none."""
    if server.type is not ServerType.MQTTS:
        return None
    context = tls_context(broker, access.authorities)
    if access.certificate is not None:
        _load_client(context, server, access.certificate, access.private_key or b"")
    return context


def _load_client(context: ssl.SSLContext, server: MqttServer, certificate: bytes, key: bytes) -> None:
    try:
        load_client(context, certificate, key)
    except (ssl.SSLError, OSError, ValueError) as error:
        hint = "a PEM certificate and its own private key without a passphrase are needed"
        raise CertificateRefused(f"CertFile {server.cert_file} and KeyFile cannot be used: {hint}") from error
