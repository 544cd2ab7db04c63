"""The names and addresses by which clients may call this machine, as far as it knows them itself."""

import ipaddress
import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

MOST: Final = 32
_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.(?!-)[a-z0-9-]{1,63}){0,10}")
_ELSEWHERE: Final = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Addresses of no one: asked which way goes there, without sending anything."""


def own_names(given: Iterable[str]) -> list[str]:
    """Names and addresses for a certificate: those given first, then the machine's own."""
    host = socket.gethostname().lower()
    found = [*sorted(given), host, "localhost", "127.0.0.1", "::1", *_addresses(host)]
    return list(dict.fromkeys(plain for name in found if (plain := plain_name(name))))[:MOST]


def plain_name(text: str) -> str:
    """A name or address as a certificate has it; empty where it cannot be for it."""
    with suppress(ValueError):
        return str(ipaddress.ip_address(text))
    return text if _NAME.fullmatch(text) else ""


def _addresses(host: str) -> list[str]:
    found: list[str] = []
    with suppress(OSError):
        found += [str(row[4][0]).partition("%")[0] for row in socket.getaddrinfo(host, None)]
    for address, family in _ELSEWHERE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            found.append(str(probe.getsockname()[0]))
    return sorted(found)
