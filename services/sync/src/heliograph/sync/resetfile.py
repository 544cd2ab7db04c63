"""The factory reset as it stands on sync's disk: how far it is, and what has to outlive it (spec 1.7).

The file lies beside the database and is the one thing that the reset leaves there, so that a kill at any moment finds
out where to go on.
"""

import logging
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from heliograph.contract import Service
from heliograph.runtime import write_atomically

NAME: Final = "reset-order.json"
OTHERS: Final = (Service.COLLECTOR, Service.COMMANDS, Service.API)

_log = logging.getLogger("heliograph.sync")


class Step(StrEnum):
    """How far a reset is."""

    ASKED = "asked"
    """It is certain; whoever sent commands gets his results first."""
    DELETING = "deleting"
    """Sync does nothing else until everything is deleted."""
    DELETED = "deleted"
    """Sync begins anew; a service that was away has yet to delete what it keeps."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class TakenFile(_Part):
    """A command file that was taken in and could not be deleted on its server."""

    identity: str
    name: str
    size: int
    modified: float | None
    digest: str
    taken: int


class TakenMessage(_Part):
    """A command message that its broker may still deliver again."""

    server: int
    packet: int
    digest: str


class GivenName(_Part):
    """The last time that named a file in a directory of a server."""

    server: int
    directory: str
    seconds: int


class Lasting(_Part):
    """What outlives a reset, so that nothing runs twice and no file on a server is written over."""

    files: tuple[TakenFile, ...] = ()
    messages: tuple[TakenMessage, ...] = ()
    names: tuple[GivenName, ...] = ()


class Order(_Part):
    """One reset."""

    time: int
    """Names it: milliseconds since 1970."""
    step: Step
    silent: tuple[Service, ...] = OTHERS
    """The services that have not told yet that they deleted what they keep."""
    lasting: Lasting = Lasting()


class ResetFile:
    """The order in a state directory."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / NAME

    def read(self) -> Order | None:
        """Return the order; None where there is none."""
        try:
            return Order.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            _log.error("%s cannot be read and counts for nothing: %s", self._path, error)
            return None

    def write(self, order: Order) -> None:
        """Keep the order; on return it is on the disk. Raises `OSError`."""
        write_atomically(self._path, order.model_dump_json().encode())

    def remove(self) -> None:
        """Forget the order: everything is done. Raises `OSError`."""
        self._path.unlink(missing_ok=True)
