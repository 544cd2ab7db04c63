"""Why a broker cannot be reached, or was lost, in an operator's words; no message holds a password (spec 3.5)."""

import ssl
from typing import Final

from heliograph.sync.remote import CertificateRefused, LinkLost, LoginRefused, RemoteError, Unreachable
from heliograph.sync.remote.dial import why_unreachable
from heliograph.sync.remote.names import printable
from heliograph.sync.telemetry.broker import Broker

_CLIENT_CERTIFICATE: Final = (
    "CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE", "ALERT_UNKNOWN_CA", "ALERT_CERTIFICATE_", "ALERT_ACCESS_DENIED",
    "ALERT_UNSUPPORTED_CERTIFICATE", "ALERT_HANDSHAKE_FAILURE", "ALERT_DECRYPT_ERROR",
)  # fmt: skip
"""Alerts by which a broker says that it does not take our certificate, or wants one."""


class Refusal(Exception):
    """The broker's answer to CONNECT, by the name that paho gives it."""


def why_not_connected(broker: Broker, error: BaseException, context: ssl.SSLContext | None) -> RemoteError:
    """Say why there is no session."""
    if isinstance(error, RemoteError) and not isinstance(error, LinkLost):
        return error
    if isinstance(error, Refusal):
        return _refused(broker, str(error))
    if isinstance(error, ssl.SSLError) and _is_about_client(error):
        return CertificateRefused(f"{broker.name} does not take the gateway's certificate ({_said(error)}); {_MEND}")
    if isinstance(error, _CLOSED) and not isinstance(error, ConnectionRefusedError):
        return Unreachable(f"{broker.name} closed the connection at once; {_CLOSED_TLS if context else _CLOSED_PLAIN}")
    return why_unreachable(broker, error)


def why_lost(broker: Broker, error: BaseException | None, *, is_silent: bool) -> LinkLost:
    """Say why a session ended."""
    if is_silent:
        return LinkLost(f"{broker.name} did not answer within the keep-alive time; the line or the broker hangs")
    if error is None or isinstance(error, _CLOSED):
        hint = f"check its log, and that no other client uses the ClientId {printable(broker.client_id)}"
        return LinkLost(f"{broker.name} closed the connection; {hint}")
    if isinstance(error, TimeoutError):
        return LinkLost(f"{broker.name} took no data for {broker.timeout_seconds:g} s; the line or the broker hangs")
    return LinkLost(f"the connection to {broker.name} broke: {_said(error)}")


_CLOSED: Final = (ConnectionError, LinkLost, ssl.SSLEOFError, ssl.SSLZeroReturnError)
_MEND = "set CertFile and KeyFile to a certificate that it trusts and that is valid now"
_CLOSED_PLAIN = "check Port (mqtts speaks TLS, mqtt does not) and its list of allowed addresses"
_CLOSED_TLS = "check Port, and CertFile and KeyFile where it asks for a client certificate"


def _refused(broker: Broker, answer: str) -> RemoteError:
    """Say what each answer of MQTT 3.1.1 means."""
    if answer in {"Bad user name or password", "Not authorized"}:
        return LoginRefused(f"{broker.name} refuses the login ({answer.lower()}); check Login, Password and ClientId")
    if answer == "Client identifier not valid":
        return LoginRefused(f"{broker.name} refuses the ClientId {printable(broker.client_id)}; choose another one")
    if answer == "Server unavailable":
        return Unreachable(f"{broker.name} says that it is not available now; it is tried again")
    if answer == "Unsupported protocol version":
        return Unreachable(f"{broker.name} does not speak MQTT 3.1.1; allow that version there")
    return Unreachable(f"{broker.name} refuses the connection: {printable(answer)}")


def _is_about_client(error: ssl.SSLError) -> bool:
    said = str(error.reason or "").upper()
    return not isinstance(error, ssl.SSLCertVerificationError) and any(part in said for part in _CLIENT_CERTIFICATE)


def _said(error: BaseException) -> str:
    return printable(str(getattr(error, "reason", None) or error)) or type(error).__name__
