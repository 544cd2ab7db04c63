"""One service's connection to the broker: made in the background, kept, and made anew after any end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from heliograph.contract import Service
from heliograph.contract.permissions import inbox
from heliograph.runtime.bus.errors import NATS_ERRORS, BusUnavailable, cancellable
from heliograph.runtime.retry import Backoff
from heliograph.runtime.settings import ServiceSettings

CONNECT_SECONDS: Final = 5
CONFIRM_SECONDS: Final = 5.0
CANCELLATIONS: Final = 10

Step = Callable[[], Awaitable[None]]

_log = logging.getLogger("heliograph.bus")


class Connection:
    """Keeps a client of nats-py; owns every task of the bus."""

    def __init__(self, settings: ServiceSettings, service: Service) -> None:
        self._settings = settings
        self._service = service
        self._client = Client()
        self._jetstream = JetStreamContext(self._client, timeout=CONFIRM_SECONDS)
        self._connected = asyncio.Event()
        self._closing = False
        self._subscriptions: list[Step] = []
        self._on_connect: list[Step] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Begin to connect."""
        self.own(self._stay_connected(), "bus: connect")

    async def close(self) -> None:
        """End every task and leave the broker."""
        self._closing = True
        await self._end_tasks()
        if self._client.is_connected or self._client.is_reconnecting:
            with suppress(*NATS_ERRORS):
                async with asyncio.timeout(2):
                    await self._client.close()
        _let_go(self._client)

    @property
    def is_open(self) -> bool:
        """Whether the broker can be reached now."""
        return self._connected.is_set()

    @property
    def server_id(self) -> str:
        """The broker's identity; empty before the first connection."""
        return str(self._client._server_info.get("server_id", ""))  # noqa: SLF001  # nats-py offers no public way

    @property
    def server_version(self) -> str:
        """The broker's version; empty before the first connection."""
        return str(self._client._server_info.get("version", ""))  # noqa: SLF001  # as above

    @property
    def client(self) -> Client:
        """The client of now. Raises `BusUnavailable` when the broker is away."""
        if not self.is_open:
            raise BusUnavailable("the bus is away")
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        """JetStream of the client of now. Raises `BusUnavailable` when the broker is away."""
        if not self.is_open:
            raise BusUnavailable("the bus is away")
        return self._jetstream

    async def wait(self) -> None:
        """Return when the broker can be reached."""
        await self._connected.wait()

    async def subscribe(self, subject: str, receive: Callable[[Msg], Awaitable[None]]) -> None:
        """Subscribe with this client and with every later one; nats-py renews it after reconnections."""

        async def step() -> None:
            await self._client.subscribe(subject, cb=receive)
            # nats-py writes a PING ahead of commands that wait: only the answer to the second one says that the broker
            # knows the subscription.
            await self._client.flush(timeout=int(CONFIRM_SECONDS))
            await self._client.flush(timeout=int(CONFIRM_SECONDS))

        self._subscriptions.append(step)
        if self.is_open:
            await step()

    async def at_each_connection(self, step: Step) -> None:
        """Take a step now, where the broker is there, and after each connection to come."""
        self._on_connect.append(step)
        if self.is_open:
            await step()

    def own(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run a task that ends with the connection at the latest."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end_tasks(self) -> None:
        """Cancel again and again until all have ended: `wait_for` of Python 3.11 may lose a cancellation."""
        for _ in range(CANCELLATIONS):
            pending = {task for task in self._tasks if not task.done()}
            if not pending:
                return
            for task in pending:
                task.cancel()
            done, _pending = await asyncio.wait(pending, timeout=1)
            await asyncio.gather(*done, return_exceptions=True)

    async def _stay_connected(self) -> None:
        """Connect for as long as it takes, and anew with a fresh client when the broker sent the old one away."""
        backoff = Backoff(0.25, 5)
        while not self._closing:
            closed = asyncio.Event()
            try:
                with cancellable():
                    await self._connect(closed)
            except (nats.errors.Error, OSError, TimeoutError, AttributeError, ValueError) as error:
                _log.warning("cannot reach the bus at %s: %s", self._settings.bus_url, error or type(error).__name__)
                await asyncio.sleep(backoff.wait())
                continue
            backoff.reset()
            for subscription in self._subscriptions:
                with cancellable():
                    await _tried(subscription)
            await self._found()
            await closed.wait()

    async def _connect(self, closed: asyncio.Event) -> None:
        """Connect a fresh client once; nats-py keeps the connection until it sets `closed`.

        The number of tries is bounded: a cancellation that comes with a refused connection is lost in
        `asyncio.wait_for` (Python 3.11), and an endless loop would then outlive the service.
        """

        async def ended() -> None:
            await self._lost()
            closed.set()

        async def told(error: Exception) -> None:
            _log.info("bus: %s", error or type(error).__name__)
            if client.is_reconnecting:
                _let_go(client)

        client = Client()
        try:
            await client.connect(
                servers=[self._settings.bus_url],
                user=self._service.value,
                password=self._settings.password(),
                name=f"heliograph-{self._service}",
                inbox_prefix=inbox(self._service).encode(),
                connect_timeout=CONNECT_SECONDS,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=1,
                ping_interval=10,
                max_outstanding_pings=2,
                disconnected_cb=self._lost,
                reconnected_cb=self._found,
                closed_cb=ended,
                error_cb=told,
            )
        except asyncio.CancelledError:
            with suppress(*NATS_ERRORS):
                await client.close()
            raise
        except Exception:
            _let_go(client)
            raise
        client.options.update(allow_reconnect=True, max_reconnect_attempts=-1)
        self._client = client
        self._jetstream = JetStreamContext(client, timeout=CONFIRM_SECONDS)

    async def _found(self) -> None:
        self._connected.set()
        _log.info("connected to the bus")
        for step in self._on_connect:
            self.own(_tried(step), "bus: catch up")

    async def _lost(self) -> None:
        if self._connected.is_set() and not self._closing:
            _log.warning("the bus is away")
        self._connected.clear()


async def _tried(step: Step) -> None:
    try:
        await step()
    except (BusUnavailable, *NATS_ERRORS) as error:
        _log.warning("bus: %s", error or type(error).__name__)


def _let_go(client: Client) -> None:
    """Close the socket of a client: nats-py leaves that of a try that failed to the collector of garbage."""
    transport: Any = client._transport  # noqa: SLF001  # nats-py offers no public way
    if transport is not None:
        transport.close()
