"""The bridge of a container: the address from which clients of the container's own machine seem to come."""

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Final

ROUTES: Final = Path("/proc/net/route")
_GATEWAY_FLAG: Final = 0x2


def bridge_networks(routes: Path = ROUTES) -> tuple[IPv4Network, ...]:
    """Return each default gateway of this machine as a network of one address; none where there is none."""
    try:
        lines = routes.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return ()
    rows = [line.split() for line in lines]
    return tuple(
        IPv4Network(IPv4Address(bytes.fromhex(row[2])[::-1]))
        for row in rows
        if len(row) > 3 and row[1] == "00000000" and int(row[3], 16) & _GATEWAY_FLAG
    )
