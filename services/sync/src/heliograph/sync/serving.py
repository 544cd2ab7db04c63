"""Whom what waits belongs to, from one revision to the next (spec 1.7, decision 0011). Blocks: belongs to a thread.

Beginning to serve drops nothing: a revision may be taken back. What waits for servers that are gone is dropped by a
step of its own, once no service can reject the revision any more.
"""

import shutil
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from heliograph.formats.config import Server
from heliograph.sync.applied import Applied, told
from heliograph.sync.destinations import Change, Destinations
from heliograph.sync.diary import Diary
from heliograph.sync.ledger import Ledger, streams_of


class Serving:
    """Destinations, cursors and files of the servers of the revision in force."""

    def __init__(self, destinations: Destinations, ledger: Ledger, outgoing: Path, diary: Diary) -> None:
        self._destinations = destinations
        self._ledger = ledger
        self._outgoing = outgoing
        self._diary = diary

    def begin(self, applied: Applied) -> Applied:
        """Return a revision that knows its destinations. A confirmed one is served from now on; may come again."""
        servers = applied.set.config.servers
        if not applied.provisional:
            self._tell(applied, self._destinations.serve(servers))
        placed = replace(applied, destinations=self._destinations.of(servers))
        if not applied.provisional:
            self._ledger.serve(_takes(placed))
        return placed

    def surplus(self, placed: Applied) -> Collection[int]:
        """Return the destinations that a revision does not have."""
        return {destination.id for destination in self._destinations.beside(_takes(placed))}

    def drop(self, placed: Applied) -> None:
        """Drop what waits for servers that this confirmed revision does not have, or not in this way any more."""
        takes = _takes(placed)
        dropped = self._ledger.drop(takes)
        for destination in self._destinations.beside(takes):
            shutil.rmtree(self._outgoing / str(destination.id), ignore_errors=True)
            self._destinations.forget(destination.id)
            if destination.id in dropped:
                self._diary.warning(f"what waited for the former server {destination.number} is dropped")

    def _tell(self, applied: Applied, change: Change) -> None:
        number = applied.number
        servers: dict[int, Server] = {server.number: server for server in applied.set.config.servers}
        for was, now in change.moved.items():
            self._diary.info(
                f"server {was} ({told(servers[now])}) is server {now} from revision {number} on: "
                "what waits for it goes with it"
            )
        for gone in change.gone:
            self._diary.warning(
                f"the server that was server {gone} is no longer configured: "
                f"what waits for it is dropped once every service works with revision {number}"
            )


def _takes(placed: Applied) -> Mapping[int, frozenset[str]]:
    """Return the streams that each destination takes."""

    def destination(server: Server) -> int:
        return placed.destination(server.number)

    return {destination(server): streams_of(server) for server in placed.set.config.servers}
