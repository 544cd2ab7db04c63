"""What is to be searched: hosts, ranges and networks of hosts, serial lines; ranges of units (spec 2.4, 4.2)."""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from heliograph.formats import fields
from heliograph.formats.daq import SerialInterface, TcpInterface
from heliograph.formats.daq_device import SERIAL_UNITS, TCP_UNITS
from heliograph.formats.interface import DEFAULT_PORT, read_interface
from heliograph.formats.report import WrongValue, quote

HOSTS_LIMIT = 1024
"""Addresses in one search (spec 4.2)."""
RANGE = re.compile(r"((?:[0-9]{1,3}\.){3}[0-9]{1,3}) ?- ?((?:[0-9]{1,3}\.){0,3}[0-9]{1,3})")
SEPARATORS = re.compile(r"[,\s]+")

Interface = SerialInterface | TcpInterface


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to be searched, and what it stands for."""

    text: str
    """As people name it: `SERIAL1`, `192.168.1.10-40:502`."""
    interfaces: tuple[Interface, ...]

    @property
    def is_serial(self) -> bool:
        """Whether it is a serial line."""
        return any(isinstance(interface, SerialInterface) for interface in self.interfaces)


def read_targets(texts: Iterable[str], port: int = DEFAULT_PORT) -> tuple[Target, ...]:
    """Read what people name: lists are split at commas and blanks, what stands twice is searched once.

    Hosts (`192.168.1.10`, a name), ranges (`192.168.1.10-40`) and networks (`10.0.0.0/24`), each with `:port` or not,
    and serial lines (`SERIAL1`). Raises `ValueError` with a text for people.
    """
    targets: list[Target] = []
    seen: set[str] = set()
    room = HOSTS_LIMIT
    for text in (part for whole in texts for part in SEPARATORS.split(whole) if part):
        fresh: list[Interface] = []
        for interface in _interfaces(text, port):
            if str(interface).casefold() not in seen:
                seen.add(str(interface).casefold())
                fresh.append(interface)
            if len(fresh) > room:
                raise WrongValue(f"{quote(text)}: at most {HOSTS_LIMIT} addresses in one search")
        room -= len(fresh)
        if fresh:
            targets.append(Target(_named(text, fresh), tuple(fresh)))
    if not targets:
        raise WrongValue("nothing to search: name a host, a range such as 192.168.1.10-40, or a serial line")
    return tuple(targets)


def read_units(text: str, *, serial: bool) -> tuple[int, ...]:
    """Read unit addresses such as `1-5,7`, in ascending order; empty: those that are tried when nobody says which.

    Raises `ValueError` with a text for people.
    """
    allowed = SERIAL_UNITS if serial else TCP_UNITS
    units: set[int] = set()
    for part in SEPARATORS.split(text.strip()):
        if not part:
            continue
        first, dash, last = part.partition("-")
        low = fields.whole(first.strip(), 0, 255, "a Modbus unit")
        high = fields.whole(last.strip(), 0, 255, "a Modbus unit") if dash else low
        if high < low:
            raise WrongValue(f"{quote(part)}: the range ends before it begins")
        wrong = next((unit for unit in range(low, high + 1) if unit not in allowed), None)
        if wrong is not None:
            where = "a serial line: 1 to 240" if serial else "Modbus TCP: 0 to 247, and 255"
            raise WrongValue(f"{quote(part)}: {wrong} is no unit of {where}")
        units.update(range(low, high + 1))
    if not units:
        return tuple(range(1, 33)) if serial else (1,)
    return tuple(sorted(units))


def _named(text: str, interfaces: list[Interface]) -> str:
    """Return a target as it is named to people, always with the port that is meant."""
    first = interfaces[0]
    if isinstance(first, SerialInterface) or len(interfaces) == 1:
        return str(first)
    head, _ = _split_port(text)
    return f"{head}:{first.port}"


def _interfaces(text: str, port: int) -> Iterator[Interface]:
    head, own_port = _split_port(text)
    used = port if own_port is None else own_port
    match = RANGE.fullmatch(head)
    if "/" in head:
        yield from (TcpInterface(host, used) for host in _network(head.strip("[]")))
    elif match:
        yield from (TcpInterface(host, used) for host in _range(text, match[1], match[2]))
    else:
        yield _one(text, used)


def _one(text: str, port: int) -> Interface:
    try:
        alone = ipaddress.IPv6Address(text)
    except ValueError:
        interface = read_interface(text.upper() if text.upper().startswith("SERIAL") else text)
        if isinstance(interface, TcpInterface) and _split_port(text)[1] is None:
            return TcpInterface(interface.host, port)
        return interface
    return TcpInterface(str(alone), port)


def _split_port(text: str) -> tuple[str, int | None]:
    """Split `:port` off; a bare IPv6 address has none."""
    bracketed = text.rpartition("]")[2]
    head, colon, tail = text.rpartition(":")
    if not colon or (text.startswith("[") and ":" not in bracketed) or (not text.startswith("[") and ":" in head):
        return text, None
    return head, fields.whole(tail, 1, 65_535, "a port")


def _network(text: str) -> Iterator[str]:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise WrongValue(f"{quote(text)} is no network such as 192.168.1.0/24") from None
    if network.num_addresses > HOSTS_LIMIT + 2:
        raise WrongValue(f"{quote(text)}: at most {HOSTS_LIMIT} addresses in one search")
    return map(str, network.hosts())


def _range(text: str, first: str, last: str) -> Iterator[str]:
    try:
        low = ipaddress.IPv4Address(first)
        start = first.split(".")
        tail = last.split(".")
        high = ipaddress.IPv4Address(".".join([*start[: 4 - len(tail)], *tail]))
    except ValueError:
        raise WrongValue(f"{quote(text)} is no range such as 192.168.1.10-40") from None
    if high < low:
        raise WrongValue(f"{quote(text)}: the range ends before it begins")
    if int(high) - int(low) >= HOSTS_LIMIT:
        raise WrongValue(f"{quote(text)}: at most {HOSTS_LIMIT} addresses in one search")
    return (str(ipaddress.IPv4Address(number)) for number in range(int(low), int(high) + 1))
