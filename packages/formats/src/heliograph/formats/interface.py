"""The `interface` of a device: a serial line, or host and port of Modbus TCP (spec 2.1)."""

import re

from heliograph.formats import fields
from heliograph.formats.daq import SerialInterface, TcpInterface
from heliograph.formats.daq_serial import LINES
from heliograph.formats.report import WrongValue, quote

Interface = SerialInterface | TcpInterface

LOOKS_SERIAL = re.compile(r"SERIAL[ _-]?[0-9]*", re.IGNORECASE)
IPV6 = re.compile(r"\[([^\]]*)\](?::(.*))?")
DEFAULT_PORT = 502


def read_interface(text: str) -> Interface:
    """Read an interface; raises `WrongValue`. `SERIAL4` is an error and no host name."""
    if text in LINES:
        return SerialInterface(LINES[text])
    if LOOKS_SERIAL.fullmatch(text):
        raise WrongValue(f"{quote(text)} is none of {', '.join(LINES)}")
    match = IPV6.fullmatch(text)
    if match:
        if ":" not in match[1] or not fields.is_ip(match[1]):
            raise WrongValue(f"{quote(match[1])} is no IPv6 address")
        return TcpInterface(match[1], _port(match[2]))
    if text.count(":") > 1:
        raise WrongValue(f"{quote(text)}: an IPv6 address stands in brackets, as in [fd00::7]:502")
    host, colon, port = text.partition(":")
    return TcpInterface(fields.host(host), _port(port if colon else None))


def _port(text: str | None) -> int:
    return DEFAULT_PORT if text is None else fields.whole(text, 1, 65_535, "a port")
