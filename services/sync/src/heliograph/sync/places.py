"""Where servers stand, whatever their numbers: tells which of them a revision moves to another number. Pure."""

from collections.abc import Sequence

from heliograph.formats.config import FileServer, Server


def moved(before: Sequence[Server], after: Sequence[Server]) -> dict[int, int]:
    """Return the numbers that servers had and have now, of those that stand in the very same place.

    A changed address under the same number is no move.
    """
    old, new = ({server.number: _place(server) for server in servers} for servers in (before, after))
    return {
        was: now
        for was, place in old.items()
        for now, other in new.items()
        if was != now and place == other and new.get(was) != place and old.get(now) != place
    }


def warning(was: int, now: int) -> str:
    """Tell a person what a move does: what waits belongs to a number, and does not follow."""
    return (
        f"the server that was server {was} is server {now} in this revision: what waits belongs to the number and does "
        f"not follow it, so that records may be missing there and stand twice on the other; to avoid it, leave it as "
        f"server {was}, or change the numbers only while nothing is recorded and no server has a backlog"
    )


def _place(server: Server) -> tuple[object, ...]:
    """Return what makes it the very same place; the password and the way of writing files do not."""
    place = (server.type.value.removesuffix("s"), server.login, server.address, server.port)
    if isinstance(server, FileServer):
        return (*place, server.root, *sorted(server.directories.items()))
    return (*place[:1], *place[2:], server.client_id)
