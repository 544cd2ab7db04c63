"""The Modbus TCP server in front of one serial line: other masters' requests wait here for the line (spec 2.1).

Each is answered within a stated time: by the device, or with exception 11 where the device or the line did not in time,
10 where the line itself is away, 6 where too much waits already. What changes something in a device is told in the log.
"""

import asyncio
import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from heliograph.collector.forwarding.client import Client
from heliograph.collector.forwarding.fair import FairQueue
from heliograph.collector.forwarding.units import Units
from heliograph.collector.links import Call, Link, LinkDown, ModbusException, NoAnswer, ReadCall, WriteCall
from heliograph.collector.links.messages import answer_message, call_of, changes, refusal_message, target_text
from heliograph.collector.repeated import Repeated
from heliograph.contract import Forwarding, Level
from heliograph.runtime import Clock, EventLog
from heliograph.runtime.retry import Backoff

ILLEGAL_FUNCTION: Final = 1
DEVICE_FAILURE: Final = 4
BUSY: Final = 6
LINE_AWAY: Final = 10
NO_ANSWER: Final = 11
BROADCAST_UNIT: Final = 0
EVICTABLE_SECONDS: Final = 60.0
"""A client that was silent for so long makes room for a new one."""


@dataclass(frozen=True, slots=True)
class ForwardSettings:
    """What all forwarded ports have in common."""

    host: str = "127.0.0.1"
    """Where they listen."""
    answer_seconds: float = 3.0
    """Within so many seconds every request is answered."""
    most_clients: int = 16
    """Connections at a time, for each port."""
    most_waiting_of_one: int = 8
    most_waiting: int = 64
    """Requests that wait for a line, of one client and of all."""


@dataclass(slots=True, eq=False)
class _Request:
    client: Client
    transaction: int
    call: Call
    deadline: float
    timer: asyncio.TimerHandle = field(init=False)
    is_answered: bool = False


class ForwardedPort:
    """One port; `run` serves it. The line takes what waits by `pass_one` and is woken by `wake`."""

    def __init__(
        self, name: str, port: int, settings: ForwardSettings, clock: Clock, events: EventLog, repeated: Repeated
    ) -> None:
        self.name = name
        self.port = port
        self.wake: Callable[[], None] = _nobody
        self._settings = settings
        self._clock = clock
        self._events = events
        self._repeated = repeated
        self._cause = ""
        self._clients: set[Client] = set()
        self._queue: FairQueue[Client, _Request] = FairQueue(settings.most_waiting_of_one, settings.most_waiting)
        self._requests = 0
        self._units = Units()

    @property
    def waits(self) -> bool:
        """Whether a request waits for the line."""
        return len(self._queue) > 0

    def limit_units(self, seconds: Mapping[int, float]) -> None:
        """Learn the time limits of the devices that are configured on the line, by unit."""
        self._units.limit(seconds)

    def count_drop(self, unit: int, kind: str) -> None:
        """Learn that bytes were dropped on the line: a late answer tells that a unit is slow, not away."""
        if kind == "late":
            self._units.answered_late(unit)

    def state(self) -> Forwarding:
        """Tell how the port is doing."""
        return Forwarding(port=self.port, clients=len(self._clients), requests=self._requests, cause=self._cause)

    async def run(self) -> None:
        """Listen until cancelled; where the port is taken, try again."""
        server = await self._listen()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            for client in list(self._clients):
                client.abort()

    async def pass_one(self, link: Link, *, shared: bool) -> None:
        """Put the next request to the line and answer it; `shared` when others wait meanwhile. Raises `LinkDown`."""
        request = self._queue.take()
        if request is None:
            return
        self._requests += 1
        call = request.call
        seconds = self._units.wait(call.unit, shared=shared)
        seconds = min(seconds, max(0.0, request.deadline - _now()))
        outcome = "broken off"
        began = _now()
        try:
            data = await _asked(link, call, seconds)
        except ModbusException as refusal:
            outcome = f"refused with exception {refusal.code}"
            self._units.answered(call.unit, _now() - began)
            self._answer(request, refusal_message(call.function, refusal.code))
        except NoAnswer as silence:
            outcome = f"not confirmed: {silence}"
            self._units.failed(call.unit)
            self._answer(request, refusal_message(call.function, NO_ANSWER))
        except LinkDown as down:
            outcome = f"not confirmed: {down}"
            self._answer(request, refusal_message(call.function, LINE_AWAY))
            raise
        else:
            outcome = "confirmed"
            if call.unit == BROADCAST_UNIT:
                outcome = "sent to all"
                self._finish(request)
            else:
                self._units.answered(call.unit, _now() - began)
                self._answer(request, answer_message(call, data))
        finally:
            self._tell(request, outcome)

    def enter(self, client: Client) -> bool:
        """See `client.Server`; one that was silent for long makes room."""
        if len(self._clients) >= self._settings.most_clients and not self._evict():
            self._say(
                "full", f"{client.peer} is refused: {len(self._clients)} clients are connected, the most there may be"
            )
            return False
        self._clients.add(client)
        return True

    def take(self, client: Client, transaction: int, unit: int, message: bytes) -> bool:
        """See `client.Server`."""
        try:
            call = call_of(unit, message)
        except ValueError:
            client.answer(transaction, unit, refusal_message(message[0], ILLEGAL_FUNCTION))
            return True
        if unit == BROADCAST_UNIT and not changes(call):
            client.answer(transaction, unit, refusal_message(call.function, NO_ANSWER))
            return True
        seconds = self._settings.answer_seconds
        request = _Request(client, transaction, call, _now() + seconds)
        if not self._queue.put(client, request):
            client.answer(transaction, unit, refusal_message(call.function, BUSY))
            return False
        client.pending += 1
        request.timer = asyncio.get_running_loop().call_later(seconds, self._expire, request)
        self.wake()
        return True

    def leave(self, client: Client) -> None:
        """See `client.Server`."""
        self._clients.discard(client)
        for request in self._queue.forget(client):
            request.timer.cancel()

    def rude(self, client: Client, what: str) -> None:
        """See `client.Server`."""
        self._say("rude", f"{client.peer} is cut off: {what}")

    async def _listen(self) -> asyncio.Server:
        backoff = Backoff(0.5, 30)
        loop = asyncio.get_running_loop()
        while True:
            try:
                server = await loop.create_server(lambda: Client(self), self._settings.host, self.port)
            except (OSError, UnicodeError) as error:
                self._cause = _cause(error, self._settings.host, self.port)
                self._say("listen", f"its forwarded port is not served, tried again: {self._cause}")
                await self._clock.sleep(backoff.wait())
            else:
                self._cause = ""
                self._events.info(f"{self.name}: Modbus TCP is served on {self._settings.host}, port {self.port}")
                return server

    def _evict(self) -> bool:
        oldest = min((c for c in self._clients if not c.pending), key=lambda c: c.heard, default=None)
        if oldest is None or oldest.heard > _now() - EVICTABLE_SECONDS:
            return False
        self._clients.discard(oldest)
        oldest.abort()
        return True

    def _expire(self, request: _Request) -> None:
        """Answer a request whose time is over, whether the line has it already or not."""
        self._queue.remove(request.client, request)
        self._answer(request, refusal_message(request.call.function, NO_ANSWER))

    def _answer(self, request: _Request, message: bytes) -> None:
        if not request.is_answered:
            request.client.answer(request.transaction, request.call.unit, message)
            self._finish(request)

    def _finish(self, request: _Request) -> None:
        if request.is_answered:
            return
        request.is_answered = True
        request.timer.cancel()
        request.client.done()
        for client in list(self._clients):
            client.make_room()

    def _tell(self, request: _Request, outcome: str) -> None:
        """Say what a client changed, as every change of the plant is said."""
        if changes(request.call):
            what = target_text(request.call)
            self._events.info(f"{self.name}: {request.client.peer} wrote through port {self.port}: {what}: {outcome}")

    def _say(self, key: str, text: str) -> None:
        self._repeated.say(Level.WARNING, (self.name, "forwarded", key), f"{self.name}, port {self.port}: {text}")


async def _asked(link: Link, call: Call, seconds: float) -> bytes:
    if isinstance(call, ReadCall):
        return await link.read(call, seconds)
    if isinstance(call, WriteCall):
        await link.write(call, seconds)
        return b""
    return await link.forward(call, seconds)


def _now() -> float:
    """The loop's time: it is its timers that end a wait."""
    return asyncio.get_running_loop().time()


def _nobody() -> None:
    """No line is there yet."""


def _cause(error: Exception, host: str, port: int) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"port {port} is taken by another program or another line"
    if number == errno.EACCES:
        return f"no right to listen on port {port}; choose one above 1023"
    if number == errno.EADDRNOTAVAIL or isinstance(error, (UnicodeError,)) or type(error).__name__ == "gaierror":
        return f"this machine has no address {host!r} (FORWARDED_HOST)"
    return str(error)
