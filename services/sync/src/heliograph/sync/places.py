"""Where servers stand, whatever their numbers: what waits for a server belongs to a destination, not to a number. Pure.

A revision may put the very same server under the other number, give a number another address, or take a server out and
back in again; `assign` tells which destination each of its servers is (decision 0011).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.formats.config import FileServer, Server


@dataclass(frozen=True, slots=True)
class Destination:
    """One server as the disk knows it: its files, cursors, stamps and answers go by `id`, for ever."""

    id: int
    number: int
    """Under which it stands in the configuration, or stood last."""
    place: str
    """See `place_of`; empty where it is not known yet."""
    configured: bool
    """The last confirmed revision has it. Else it was taken out, or is on trial only."""


def place_of(server: Server) -> str:
    """Return what makes it the very same server; the password and the way of writing files do not."""
    place = (server.type.value.removesuffix("s"), server.login, server.address, server.port)
    if isinstance(server, FileServer):
        return json.dumps((*place, server.root, *sorted(server.directories.items())))
    return json.dumps((*place[:1], *place[2:], server.client_id))


def assign(known: Sequence[Destination], servers: Sequence[Server]) -> Mapping[int, Destination]:
    """Return the destination of each server by its number; a server that is missing from it is new.

    The place decides. A server in no known place takes over what waits for its number: its address was changed.
    """
    found: dict[int, Destination] = {}
    for fits in _RULES:
        for server in servers:
            taken = {destination.id for destination in found.values()}
            free = (d for d in known if d.id not in taken and fits(d, server.number, place_of(server)))
            if server.number not in found and (destination := next(free, None)):
                found[server.number] = destination
    return found


_RULES: Final[tuple[Callable[[Destination, int, str], bool], ...]] = (
    lambda known, number, place: known.configured and (known.number, known.place) == (number, place),
    lambda known, _, place: known.configured and known.place == place,
    lambda known, number, _: known.configured and known.number == number,
    lambda known, _, place: known.place == place,
)
"""It stands where it stood; it moved to another number; its address was changed; it comes back, or was on trial."""
