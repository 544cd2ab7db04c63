"""A restart of all services, and the factory reset of what a service keeps on its disk (spec 1.7, 4.2).

Both come as one notice over the bus. For a reset the order is written into the state directory before the service
ends, and carried out at its next start before anything there is opened, so that a kill at any moment leaves either all
as it was or the order to go on. The file stays, as the mark by which the same order is not carried out twice.
"""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from heliograph.contract import RestartNotice, Service
from heliograph.runtime.files import flush_directory, write_atomically
from heliograph.runtime.logs import EventLog

RESET_FILE: Final = "factory-reset.json"

_log = logging.getLogger("heliograph.service")


@dataclass(frozen=True, slots=True)
class Reset:
    """What became of the last order in a state directory."""

    time: int | None = None
    """Names the last one that is carried out: milliseconds since 1970; None when there never was one."""
    is_new: bool = False
    """Whether it was carried out just now."""
    left: tuple[str, ...] = ()
    """What could not be deleted, and why."""


class Restarts:
    """Hears the notice for one service: sets `stopping`, and for a reset leaves the order before."""

    def __init__(
        self, service: Service, state_dir: Path, done: int | None, stopping: asyncio.Event, events: EventLog
    ) -> None:
        self._service = service
        self._state_dir = state_dir
        self._done = done
        self._stopping = stopping
        self._events = events

    async def hear(self, notice: RestartNotice) -> None:
        """Take a notice. Raises `OSError` when the order cannot be written; sync gives it again."""
        if notice.factory:
            if self._service is Service.SYNC or notice.time == self._done:
                return  # sync gives the order, and carries it out itself as the last one
            await asyncio.to_thread(order_reset, self._state_dir, notice.time)
        if not self._stopping.is_set():
            self._events.info(f"service {self._service} ends and starts again: {notice.reason}")
            self._stopping.set()


def order_reset(state_dir: Path, time: int) -> None:
    """Have the next start delete what lies in a state directory. Raises `OSError`."""
    _write(state_dir, _Order(time=time, done=False))


def is_reset_ordered(state_dir: Path) -> bool:
    """Whether the next start deletes what lies in a state directory."""
    order = _read(state_dir)
    return order is not None and not order.done


def carry_out_reset(state_dir: Path, spared: Collection[str]) -> Reset:
    """Do what is ordered, if anything is. Call before anything in the directory is opened; raises `OSError`."""
    order = _read(state_dir)
    if order is None or order.done:
        return Reset(order.time if order else None)
    left = delete_kept(state_dir, {*spared, RESET_FILE})
    _write(state_dir, _Order(time=order.time, done=True))
    return Reset(order.time, is_new=True, left=left)


def delete_kept(state_dir: Path, spared: Collection[str]) -> tuple[str, ...]:
    """Delete all in a directory but the spared names; return what could not be deleted, and why.

    What is not ours to delete, such as `lost+found` of a disk of its own, keeps no gateway from beginning anew.
    """
    left: list[str] = []
    for entry in sorted(state_dir.iterdir()):
        if entry.name not in spared:
            _delete(entry, left)
    flush_directory(state_dir)
    return tuple(left)


class _Order(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    time: int
    done: bool


def _delete(path: Path, left: list[str]) -> None:
    """Delete a file, or a directory with all that is in it."""
    try:
        if path.is_dir() and not path.is_symlink():
            for entry in sorted(path.iterdir()):
                _delete(entry, left)
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        left.append(f"{path}: {error.strerror}")


def _read(state_dir: Path) -> _Order | None:
    try:
        return _Order.model_validate_json((state_dir / RESET_FILE).read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        _log.error("%s cannot be read and counts for nothing: %s", state_dir / RESET_FILE, error)
        return None


def _write(state_dir: Path, order: _Order) -> None:
    write_atomically(state_dir / RESET_FILE, order.model_dump_json().encode())
