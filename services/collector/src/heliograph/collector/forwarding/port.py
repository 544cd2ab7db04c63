"""The Modbus TCP server in front of one serial line: other masters' requests wait here for the line (spec 2.1).

Each is answered within a stated time: by the device, or with exception 11 where the device or the line did not in time,
10 where the line itself is away, 6 where too much waits already. What changes something in a device is told in the log.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from heliograph.collector.forwarding.client import Client
from heliograph.collector.forwarding.fair import FairQueue
from heliograph.collector.forwarding.listening import listen
from heliograph.collector.forwarding.units import Units
from heliograph.collector.links import Call, Link, LinkDown, ModbusException, NoAnswer, ReadCall, WriteCall
from heliograph.collector.links.messages import answer_message, call_of, changes, refusal_message, target_text
from heliograph.collector.repeated import Repeated
from heliograph.contract import Forwarding, Level
from heliograph.runtime import Clock, EventLog

ILLEGAL_FUNCTION: Final = 1
ILLEGAL_VALUE: Final = 3
BUSY: Final = 6
LINE_AWAY: Final = 10
NO_ANSWER: Final = 11
BROADCAST_UNIT: Final = 0
DONE: Final = frozenset({"confirmed", "sent to all"})
"""What is said of a write that went well."""
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


class Oversight(Protocol):
    """Who keeps to the limits of the plant and writes down what other masters change."""

    async def refusal(self, line: str, call: Call, link: Link, seconds: float) -> str:
        """Return why a write must not be passed on, empty where it may; a question to the device takes no longer."""
        ...

    def told(self, line: str, peer: str, call: Call, error: str) -> None:
        """Learn what came of a write: `error` is empty where it was confirmed."""
        ...

    async def written_down(self) -> None:
        """Return when what was told is kept, or soon."""
        ...


class Unattended:
    """Nobody looks: everything is passed on."""

    async def refusal(self, line: str, call: Call, link: Link, seconds: float) -> str:  # noqa: ARG002 - see `Oversight`
        """See `Oversight.refusal`."""
        return ""

    def told(self, line: str, peer: str, call: Call, error: str) -> None:
        """See `Oversight.told`."""

    async def written_down(self) -> None:
        """See `Oversight.written_down`."""


@dataclass(slots=True, eq=False)
class _Request:
    client: Client
    transaction: int
    call: Call
    deadline: float
    timer: asyncio.TimerHandle = field(init=False)
    is_over: bool = False


class ForwardedPort:
    """One port; `run` serves it. The line takes what waits by `pass_one` and is woken by `wake`."""

    def __init__(
        self,
        name: str,
        port: int,
        settings: ForwardSettings,
        clock: Clock,
        events: EventLog,
        repeated: Repeated,
        oversight: Oversight | None = None,
    ) -> None:
        self.name = name
        self._oversight = oversight or Unattended()
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
        server = await listen(lambda: Client(self), self._settings.host, self.port, self._clock, self._listening)
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
        left = request.deadline - _now()
        if left <= 0:  # its timer is about to say so
            self._expire(request)
            return
        self._requests += 1
        try:
            outcome, message = await self._judged(
                request.call, link, min(left, self._units.wait(request.call.unit, shared=shared))
            )
        except LinkDown as down:
            await self._tell(request, f"not confirmed: {down}")
            self._answer(request, refusal_message(request.call.function, LINE_AWAY))
            raise
        except asyncio.CancelledError:
            self._say_written(request, "broken off")
            raise
        await self._tell(request, outcome)
        self._answer(request, message)

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

    async def _judged(self, call: Call, link: Link, seconds: float) -> tuple[str, bytes]:
        """Put a call to the line, unless it is a write that the limits of the plant forbid."""
        if changes(call) and (refusal := await self._oversight.refusal(self.name, call, link, seconds)):
            return f"refused: {refusal}", refusal_message(call.function, ILLEGAL_VALUE)
        return await self._put(call, link, seconds)

    async def _put(self, call: Call, link: Link, seconds: float) -> tuple[str, bytes]:
        """Return what came of a call, for people, and the message that answers it; empty where nobody answers."""
        began = _now()
        try:
            data = await _asked(link, call, seconds)
        except NoAnswer as silence:
            self._units.failed(call.unit)
            return f"not confirmed: {silence}", refusal_message(call.function, NO_ANSWER)
        except ModbusException as refusal:
            outcome, message = f"refused with exception {refusal.code}", refusal_message(call.function, refusal.code)
        else:
            if call.unit == BROADCAST_UNIT:
                return "sent to all", b""
            outcome, message = "confirmed", answer_message(call, data)
        self._units.answered(call.unit, _now() - began)
        return outcome, message

    def _listening(self, cause: str) -> None:
        """Learn that the port is served, or why it is not."""
        self._cause = cause
        if cause:
            self._say("listen", f"its forwarded port is not served, tried again: {cause}")
        else:
            self._events.info(f"{self.name}: Modbus TCP is served on {self._settings.host}, port {self.port}")

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
        """End a request, once; without a message nobody is told."""
        if request.is_over:
            return
        request.is_over = True
        request.timer.cancel()
        if message:
            request.client.answer(request.transaction, request.call.unit, message)
        request.client.done()
        for client in list(self._clients):
            client.make_room()

    async def _tell(self, request: _Request, outcome: str) -> None:
        """Say what a client changed, before the client is told: what it knows of is written down."""
        if changes(request.call):
            self._say_written(request, outcome)
            await self._oversight.written_down()

    def _say_written(self, request: _Request, outcome: str) -> None:
        if not changes(request.call):
            return
        what, peer = target_text(request.call), request.client.peer
        self._events.info(f"{self.name}: {peer} wrote through port {self.port}: {what}: {outcome}")
        self._oversight.told(self.name, peer, request.call, "" if outcome in DONE else outcome)

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
