"""The forwarded ports of all serial lines, changed only where a revision changes them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from heliograph.collector.forwarding.port import ForwardedPort, ForwardSettings, Oversight
from heliograph.collector.repeated import Repeated
from heliograph.collector.revision import ForwardedLine
from heliograph.contract import Forwarding, LineState
from heliograph.runtime import Clock, EventLog

NO_LIMITS: Final[Mapping[int, float]] = {}


class ForwardedPorts:
    """The ports by the name of their line; each is a task of the group."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        settings: ForwardSettings,
        clock: Clock,
        events: EventLog,
        repeated: Repeated,
        oversight: Oversight,
    ) -> None:
        self._oversight = oversight
        self._group = group
        self._settings = settings
        self._clock = clock
        self._events = events
        self._repeated = repeated
        self._ports: dict[str, tuple[ForwardedPort, asyncio.Task[None]]] = {}
        self._unserved: tuple[ForwardedLine, ...] = ()
        self._stopped = False

    async def apply(self, lines: Sequence[ForwardedLine], limits: Mapping[str, Mapping[int, float]]) -> None:
        """Open, move and close ports; clients of a port that stays notice nothing.

        `limits` are the time limits of the configured devices in seconds, by the name of their line and their unit.
        """
        served = {line.serial.name: line for line in lines if line.device}
        gone = [name for name, (port, _) in self._ports.items() if name not in served or served[name].port != port.port]
        await self._close(gone)
        if self._stopped:
            return
        for name, line in served.items():
            if name not in self._ports:
                self._open(name, line.port)
            self._ports[name][0].limit_units(limits.get(name, NO_LIMITS))
        self._tell_unserved(tuple(line for line in lines if not line.device))

    async def stop(self) -> None:
        """Close every port, and open none any more."""
        self._stopped = True
        await self._close(list(self._ports))

    def of(self, name: str) -> ForwardedPort | None:
        """Return the port of a line."""
        return self._ports[name][0] if name in self._ports else None

    def unserved(self) -> tuple[LineState, ...]:
        """Tell of the ports that cannot be served since nothing is behind their line."""
        return tuple(_state(line) for line in self._unserved)

    async def _close(self, names: list[str]) -> None:
        tasks = [self._ports.pop(name)[1] for name in names]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _open(self, name: str, number: int) -> None:
        port = ForwardedPort(name, number, self._settings, self._clock, self._events, self._repeated, self._oversight)
        self._ports[name] = (port, self._group.create_task(port.run(), name=f"forwarded port of {name}"))

    def _tell_unserved(self, lines: tuple[ForwardedLine, ...]) -> None:
        for line in lines:
            if line not in self._unserved:
                self._events.warning(f"{line.serial.name}: its forwarded port {line.port} is not served: {line.cause}")
        self._unserved = lines


def _state(line: ForwardedLine) -> LineState:
    forwarding = Forwarding(port=line.port, cause=line.cause)
    return LineState(name=line.serial.name, open=False, cause=line.cause, forwarding=forwarding)
