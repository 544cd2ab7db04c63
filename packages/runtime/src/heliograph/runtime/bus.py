"""The message bus: the only module that knows NATS.

A `Bus` connects in the background and stays connected; while the broker is away its calls raise `BusUnavailable` at
once, so that every caller decides what its step holds on to. Errors:

    BusError
    ├── BusUnavailable   the broker or the stream is away; try again later
    ├── StoreFull        the stream refuses new messages until its reader frees room
    └── NoAnswer         a request was not answered in time, or nobody is there to answer
"""

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Self

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from pydantic import BaseModel, ValidationError

from heliograph.contract.channels import STREAMS, Channel, Service, Stream
from heliograph.contract.permissions import BATCH_ALLOWED, durable, inbox
from heliograph.runtime.retry import Backoff
from heliograph.runtime.settings import ServiceSettings

_log = logging.getLogger("heliograph.bus")

CONNECT_SECONDS: Final = 5.0
CONFIRM_SECONDS: Final = 5.0
FETCH_SECONDS: Final = 5.0
ACK_WAIT_SECONDS: Final = 60.0
DUPLICATE_WINDOW_SECONDS: Final = 120.0
BATCH_MESSAGES: Final = 500
BATCH_BYTES: Final = 2 * 1024 * 1024
MAX_PAYLOAD: Final = 8 * 1024 * 1024

_STORE_FULL = {10077, 10047, 10023, 10028, 10111, 10054}
"""JetStream error codes: maximum bytes or messages exceeded, insufficient storage or resources."""


class BusError(Exception):
    """The bus did not do it."""


class BusUnavailable(BusError):
    """The broker or the stream is away."""


class StoreFull(BusError):
    """The stream refuses new messages until its reader frees room."""


class NoAnswer(BusError):
    """A request was not answered in time, or nobody is there to answer."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to be stored: its channel, the keys of its subject, its JSON, and its id for de-duplication."""

    channel: Channel
    keys: Mapping[str, str]
    payload: bytes
    identity: str = ""

    @property
    def subject(self) -> str:
        """The subject it goes to."""
        return self.channel.address(**self.keys)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that does not fit its channel's payload: its bytes and why. It is not delivered again."""

    subject: str
    data: bytes
    reason: str


class Bus:
    """One service's connection to the bus. Use as an async context manager."""

    def __init__(self, settings: ServiceSettings, service: Service) -> None:
        self._settings = settings
        self._service = service
        self._use(Client())
        self._connected = asyncio.Event()
        self._closing = False
        self._bindings: list[Callable[[], Awaitable[None]]] = []
        self._on_connect: list[Callable[[], Awaitable[None]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._own(self._stay_connected(), "bus: connect")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(Exception):
            async with asyncio.timeout(2):
                await self._client.close()

    @property
    def connected(self) -> bool:
        """Whether the broker can be reached now."""
        return self._connected.is_set()

    @property
    def server_id(self) -> str:
        """The broker's identity, new at each of its starts; empty before the first connection."""
        return str(self._client._server_info.get("server_id", ""))  # noqa: SLF001  # nats-py offers no public way

    async def wait_connected(self) -> None:
        """Return when the broker can be reached."""
        await self._connected.wait()

    async def ensure_streams(self) -> None:
        """Make the streams of the table, or bring them up to date (sync alone may).

        Raises `BusUnavailable`.
        """
        for stream in STREAMS:
            async with self._translated():
                await self._ensure_stream(stream)

    async def publish(self, channel: Channel, payload: BaseModel | bytes, **keys: str) -> None:
        """Send to whoever listens now. Not stored, not confirmed. Raises `BusUnavailable`."""
        async with self._translated():
            await self._client.publish(channel.address(**keys), _encode(payload))

    async def store(self, channel: Channel, payload: BaseModel | bytes, identity: str = "", **keys: str) -> None:
        """Store one message and return when the broker has it on disk.

        Raises `StoreFull` or `BusUnavailable`.
        """
        headers = {"Nats-Msg-Id": identity} if identity else None
        async with self._translated():
            await self._js.publish(channel.address(**keys), _encode(payload), headers=headers)

    async def store_batch(self, messages: Sequence[Outgoing]) -> None:
        """Store messages of one stream, at most `BATCH_MESSAGES` of them, all or none, with one fsync.

        Raises `StoreFull` or `BusUnavailable`; then none is stored, or the answer was lost after all were.
        """
        if len(messages) == 1:
            return await self.store(messages[0].channel, messages[0].payload, messages[0].identity, **messages[0].keys)
        batch = uuid.uuid4().hex
        async with self._translated():
            for number, message in enumerate(messages[:-1], 1):
                await self._client.publish(message.subject, message.payload, headers=_batch_headers(batch, number))
            last = messages[-1]
            headers = {**_batch_headers(batch, len(messages)), "Nats-Batch-Commit": "1"}
            answer = await self._client.request(last.subject, last.payload, timeout=CONFIRM_SECONDS, headers=headers)
            _raise_for(answer)
        return None

    async def request(self, channel: Channel, payload: BaseModel, *, timeout: float) -> Any:  # noqa: ASYNC109
        """Ask the one reader of a request channel and return its answer, validated. Raises `NoAnswer`."""
        try:
            async with self._translated():
                answer = await self._client.request(channel.subject, _encode(payload), timeout=timeout)
            return channel.reply_adapter.validate_json(answer.data)
        except BusUnavailable as error:
            raise NoAnswer(f"nobody answers {channel.name!r}: {error}") from error
        except ValidationError as error:
            raise NoAnswer(f"the answer to {channel.name!r} cannot be read: {error}") from error

    async def subscribe(self, channel: Channel, handler: Callable[[Any], Awaitable[None]]) -> None:
        """Hand every message of a channel that is not stored to `handler`, in order, from now on."""

        async def receive(message: Msg) -> None:
            try:
                payload = channel.adapter.validate_json(message.data)
            except ValidationError as error:
                _log.warning("message on %s does not fit its channel: %s", message.subject, error)
                return
            await _guarded(handler, payload, message.subject)

        await self._bind(lambda: self._subscribe(channel.pattern, receive))

    async def serve(self, channel: Channel, handler: Callable[[Any], Awaitable[BaseModel]]) -> None:
        """Answer the requests of a channel, side by side, from now on. `handler` raises nothing."""

        async def answer(message: Msg) -> None:
            try:
                reply = await handler(channel.adapter.validate_json(message.data))
            except ValidationError as error:
                reply = channel.reply(error=f"the request does not fit its channel: {error}")
            except Exception as error:  # noqa: BLE001  # the asker deserves an answer, whatever went wrong
                _log.exception("request on %s failed", message.subject)
                reply = channel.reply(error=f"{type(error).__name__}: {error}")
            with suppress(nats.errors.Error, ConnectionError):
                await self._client.publish(message.reply, _encode(reply))

        async def receive(message: Msg) -> None:
            self._own(answer(message), f"bus: answer {channel.name}")

        await self._bind(lambda: self._subscribe(channel.subject, receive))

    async def watch(self, channel: Channel, handler: Callable[[Any], Awaitable[None]]) -> None:
        """Hand the last stored value of each subject of a `last` stream to `handler`, then every newer one.

        After a reconnection the last values come again: a handler takes the same value twice without harm.
        """

        async def receive(message: Msg) -> None:
            try:
                payload = channel.adapter.validate_json(message.data)
            except ValidationError as error:
                _log.warning("message on %s does not fit its channel: %s", message.subject, error)
                return
            await _guarded(handler, payload, message.subject)

        async def begin() -> None:
            await self._subscribe(channel.pattern, receive)

        async def catch_up() -> None:
            for subject in _last_subjects(channel):
                with suppress(nats.errors.Error, nats.js.errors.Error, ConnectionError):
                    raw = await self._js.get_last_msg(str(channel.stream), subject)
                    await receive(Msg(_client=self._client, subject=subject, data=raw.data or b""))

        self._on_connect.append(catch_up)
        await self._bind(begin)
        if self.connected:
            await catch_up()

    async def consume(
        self,
        channel: Channel,
        handler: Callable[[list[Any]], Awaitable[None]],
        unreadable: Callable[[Unreadable], Awaitable[None]],
        *,
        key: str = "*",
        batch: int = BATCH_MESSAGES,
    ) -> None:
        """Read a work queue for ever: fetch, hand over, and let go only after `handler` returned.

        When `handler` raises, nothing is acknowledged and the same messages come again, in order, after a growing wait.
        `key`, one of the channel's queues, narrows it to one subject.
        """
        backoff = Backoff(0.5, 30)
        while True:
            await self._connected.wait()
            try:
                async with self._translated():
                    puller = await self._puller(channel, key)
                    while True:
                        await self._consume_once(puller, channel, handler, unreadable, batch)
                        backoff.reset()
            except BusError as error:
                _log.info("%s: %s", channel.name, error)
            except Exception:  # noqa: BLE001  # the loop outlives whatever its step meets
                _log.exception("%s: the step after the bus failed; the messages stay there", channel.name)
            await asyncio.sleep(backoff.wait())

    async def _consume_once(
        self,
        puller: JetStreamContext.PullSubscription,
        channel: Channel,
        handler: Callable[[list[Any]], Awaitable[None]],
        unreadable: Callable[[Unreadable], Awaitable[None]],
        batch: int,
    ) -> None:
        try:
            messages = await puller.fetch(batch, timeout=FETCH_SECONDS)
        except (nats.errors.TimeoutError, TimeoutError):
            await puller.consumer_info()  # raises when the consumer or its stream is gone
            return
        payloads = []
        for message in messages:
            try:
                payloads.append(channel.adapter.validate_json(message.data))
            except ValidationError as error:
                await unreadable(Unreadable(message.subject, message.data, str(error)))
        if payloads:
            await handler(payloads)
        for message in messages:
            await message.ack()

    async def _puller(self, channel: Channel, key: str) -> JetStreamContext.PullSubscription:
        name, stream = durable(self._service, channel, key), str(channel.stream)
        config = ConsumerConfig(
            durable_name=name,
            filter_subject=channel.pattern.replace("*", key),
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_SECONDS,
            max_ack_pending=4 * BATCH_MESSAGES,
        )
        # A fresh consumer of a work queue begins at the first message that nobody let go, in order and at once; an old
        # one would hand over newer messages first and the unacknowledged ones after `ack_wait`.
        with suppress(nats.js.errors.NotFoundError):
            await self._js.delete_consumer(stream, name)
        await self._js.add_consumer(stream, config)
        return await self._js.pull_subscribe_bind(durable=name, stream=stream)

    async def _ensure_stream(self, stream: Stream) -> None:
        config = _stream_config(stream)
        try:
            info = await self._js.stream_info(stream.name)
        except nats.js.errors.NotFoundError:
            await self._js.add_stream(config)
            _log.info("stream %s made", stream.name)
            return
        if _differs(info.config, config):
            await self._js.update_stream(config)

    async def _stay_connected(self) -> None:
        """Connect for as long as it takes, and anew with a fresh client when the broker sent the old one away."""
        backoff = Backoff(0.25, 5)
        while not self._closing:
            closed = asyncio.Event()
            try:
                await self._connect(closed)
            except (nats.errors.Error, OSError, TimeoutError, AttributeError, ValueError) as error:
                _log.warning("cannot reach the bus at %s: %s", self._settings.bus_url, error or type(error).__name__)
                await asyncio.sleep(backoff.wait())
                continue
            backoff.reset()
            for binding in self._bindings:
                await _shielded(binding)
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

        client = Client()
        await client.connect(
            servers=[self._settings.bus_url],
            user=self._service.value,
            password=self._settings.password(),
            name=f"heliograph-{self._service}",
            inbox_prefix=inbox(self._service).encode(),
            connect_timeout=int(CONNECT_SECONDS),
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=1,
            ping_interval=10,
            max_outstanding_pings=2,
            disconnected_cb=self._lost,
            reconnected_cb=self._found,
            closed_cb=ended,
            error_cb=_told,
        )
        client.options.update(allow_reconnect=True, max_reconnect_attempts=-1)
        self._use(client)

    def _use(self, client: Client) -> None:
        self._client = client
        self._js = JetStreamContext(client, timeout=CONFIRM_SECONDS)

    async def _found(self) -> None:
        self._connected.set()
        _log.info("connected to the bus")
        for step in self._on_connect:
            self._own(_shielded(step), "bus: catch up")

    async def _lost(self) -> None:
        if self._connected.is_set():
            _log.warning("the bus is away")
        self._connected.clear()

    async def _subscribe(self, subject: str, receive: Callable[[Msg], Awaitable[None]]) -> None:
        await self._client.subscribe(subject, cb=receive)
        await self._client.flush(timeout=int(CONFIRM_SECONDS))

    async def _bind(self, step: Callable[[], Awaitable[None]]) -> None:
        """Subscribe with every client to come, and with this one; nats-py renews it after reconnections."""
        self._bindings.append(step)
        if self.connected:
            await step()

    def _own(self, work: Any, name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        """Turn nats-py's errors into ours."""
        if not self.connected:
            raise BusUnavailable("the bus is away")
        try:
            yield
        except nats.js.errors.NoStreamResponseError as error:
            raise BusUnavailable("the stream is not there yet") from error
        except nats.js.errors.APIError as error:
            if error.err_code in _STORE_FULL:
                raise StoreFull(str(error.description)) from error
            raise BusUnavailable(f"JetStream: {error.description}") from error
        except (nats.errors.NoRespondersError, nats.js.errors.ServiceUnavailableError) as error:
            raise BusUnavailable("nobody is there to answer") from error
        except (nats.errors.Error, nats.js.errors.Error, ConnectionError, TimeoutError) as error:
            raise BusUnavailable(str(error) or type(error).__name__) from error


def _encode(payload: BaseModel | bytes) -> bytes:
    return payload if isinstance(payload, bytes) else payload.model_dump_json().encode()


def _batch_headers(batch: str, number: int) -> dict[str, str]:
    return {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}


def _raise_for(answer: Msg) -> None:
    """Raise what the broker says of a batch."""
    reply = json.loads(answer.data)
    if "error" in reply:
        raise nats.js.errors.APIError.from_error(reply["error"])


def _stream_config(stream: Stream) -> StreamConfig:
    last = stream.retention == "last"
    return StreamConfig(
        name=stream.name,
        subjects=list(stream.subjects),
        description=stream.purpose,
        retention=RetentionPolicy.LIMITS if last else RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.OLD if last else DiscardPolicy.NEW,
        max_msgs_per_subject=1 if last else -1,
        max_bytes=stream.max_bytes,
        max_msg_size=MAX_PAYLOAD,
        storage=StorageType.MEMORY if stream.storage == "memory" else StorageType.FILE,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        allow_atomic=stream.name in BATCH_ALLOWED or None,
    )


def _differs(have: StreamConfig, want: StreamConfig) -> bool:
    fields = ("subjects", "max_bytes", "max_msg_size", "discard", "max_msgs_per_subject", "description")
    return any(getattr(have, field) != getattr(want, field) for field in fields) or bool(have.allow_atomic) != bool(
        want.allow_atomic
    )


def _last_subjects(channel: Channel) -> list[str]:
    """Name every subject of a `last` channel; its key, where it has one, is the sending service."""
    if channel.subject == channel.pattern:
        return [channel.subject]
    return [channel.pattern.replace("*", sender) for sender in channel.senders]


async def _guarded(handler: Callable[[Any], Awaitable[None]], payload: Any, subject: str) -> None:
    try:
        await handler(payload)
    except Exception:  # noqa: BLE001  # one bad message must not end the subscription
        _log.exception("a message on %s could not be handled", subject)


async def _shielded(step: Callable[[], Awaitable[None]]) -> None:
    try:
        await step()
    except (nats.errors.Error, nats.js.errors.Error, ConnectionError, TimeoutError) as error:
        _log.warning("bus: %s", error)


async def _told(error: Exception) -> None:
    _log.info("bus: %s", error or type(error).__name__)
