"""What a service can do on the bus, by the channels of the table.

A `Bus` connects in the background and stays connected; while the broker is away its calls raise `BusUnavailable` at
once, so that every caller decides what its step holds on to.
"""

import asyncio
import json
import logging
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Self

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from pydantic import BaseModel, ValidationError

from heliograph.contract.channels import STREAMS, Channel, Service
from heliograph.contract.permissions import durable
from heliograph.contract.states import StreamState
from heliograph.runtime.bus.connection import CONFIRM_SECONDS, Connection
from heliograph.runtime.bus.errors import NATS_ERRORS, BusUnavailable, NoAnswer, TooLarge, translated
from heliograph.runtime.bus.messages import BATCH_MESSAGES, MAX_PAYLOAD, Outgoing, Unreadable, encode
from heliograph.runtime.bus.queue import WorkQueue
from heliograph.runtime.bus.streams import ensure_stream
from heliograph.runtime.settings import ServiceSettings

Handler = Callable[[Any], Awaitable[None]]

_log = logging.getLogger("heliograph.bus")


class Bus:
    """One service's place on the bus. Use as an async context manager."""

    def __init__(self, settings: ServiceSettings, service: Service) -> None:
        self._service = service
        self._connection = Connection(settings, service)

    async def __aenter__(self) -> Self:
        self._connection.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    @property
    def connected(self) -> bool:
        """Whether the broker can be reached now."""
        return self._connection.is_open

    @property
    def server_id(self) -> str:
        """The broker's identity, new at each of its starts; empty before the first connection."""
        return self._connection.server_id

    @property
    def server_version(self) -> str:
        """The broker's version; empty before the first connection."""
        return self._connection.server_version

    async def wait_connected(self) -> None:
        """Return when the broker can be reached."""
        await self._connection.wait()

    async def ensure_streams(self) -> None:
        """Make the streams of the table, or bring them up to date (sync alone may).

        Raises `BusUnavailable`.
        """
        for stream in STREAMS:
            with translated():
                await ensure_stream(self._connection.jetstream, stream)

    async def streams(self) -> tuple[StreamState, ...]:
        """Say what lies in each stream of the table (sync alone may ask). Raises `BusUnavailable`."""
        found = []
        for stream in STREAMS:
            with translated():
                info = await self._connection.jetstream.stream_info(stream.name)
            state = info.state
            found.append(
                StreamState(name=stream.name, messages=state.messages, bytes=state.bytes, limit=stream.max_bytes)
            )
        return tuple(found)

    async def purge(self) -> None:
        """Delete what lies in the broker's store: every stream but the states, which are renewed (sync alone may).

        Raises `BusUnavailable`.
        """
        for stream in STREAMS:
            if stream.storage == "file":
                with translated():
                    await self._connection.jetstream.purge_stream(stream.name)

    async def publish(self, channel: Channel, payload: BaseModel | bytes, **keys: str) -> None:
        """Send to whoever listens now. Not stored, not confirmed. Raises `BusUnavailable`."""
        with translated():
            await self._connection.client.publish(channel.address(**keys), encode(payload))

    async def store(self, channel: Channel, payload: BaseModel | bytes, identity: str = "", **keys: str) -> None:
        """Store one message and return when the broker has it on disk.

        Raises `StoreFull` or `BusUnavailable`.
        """
        headers = {"Nats-Msg-Id": identity} if identity else None
        with translated():
            await self._connection.jetstream.publish(channel.address(**keys), encode(payload), headers=headers)

    async def store_batch(self, messages: Sequence[Outgoing]) -> None:
        """Store messages of one stream, at most `BATCH_MESSAGES` of them, all or none, with one fsync.

        Raises `StoreFull` or `BusUnavailable`; then none is stored, or the answer was lost after all were.
        """
        if len(messages) == 1:
            return await self.store(messages[0].channel, messages[0].payload, messages[0].identity, **messages[0].keys)
        batch, client, last = uuid.uuid4().hex, self._connection.client, messages[-1]
        with translated():
            for number, message in enumerate(messages[:-1], 1):
                await client.publish(message.subject, message.payload, headers=_batch_headers(batch, number))
            headers = {**_batch_headers(batch, len(messages)), "Nats-Batch-Commit": "1"}
            answer = await client.request(last.subject, last.payload, timeout=CONFIRM_SECONDS, headers=headers)
            _raise_for(answer)
        return None

    async def request(self, channel: Channel, payload: BaseModel, *, timeout: float) -> Any:  # noqa: ASYNC109
        """Ask the one reader of a request channel and return its answer, validated. Raises `NoAnswer`, `TooLarge`."""
        data = encode(payload)
        if len(data) > MAX_PAYLOAD:
            raise TooLarge(f"{channel.name!r}: {_too_large(data)}")
        try:
            with translated():
                answer = await self._connection.client.request(channel.subject, data, timeout=timeout)
            return channel.reply_adapter.validate_json(answer.data)
        except BusUnavailable as error:
            raise NoAnswer(f"nobody answers {channel.name!r}: {error}") from error
        except ValidationError as error:
            raise NoAnswer(f"the answer to {channel.name!r} cannot be read: {error}") from error

    async def subscribe(self, channel: Channel, handler: Handler) -> None:
        """Hand every message of a channel that is not stored to `handler`, in order, from now on."""
        await self._connection.subscribe(channel.pattern, _receiver(channel, handler))

    async def serve(self, channel: Channel, handler: Callable[[Any], Awaitable[BaseModel]]) -> None:
        """Answer the requests of a channel, side by side, from now on. `handler` raises nothing."""

        async def answer(message: Msg) -> None:
            reply = encode(await _reply(channel, handler, message))
            if len(reply) > MAX_PAYLOAD:
                reply = encode(channel.reply(error=f"the answer to {channel.name!r}: {_too_large(reply)}"))
            with suppress(nats.errors.Error, ConnectionError):
                await message.respond(reply)  # by the client that brought it: others may not be ready yet, or any more

        async def receive(message: Msg) -> None:
            self._connection.own(answer(message), f"bus: answer {channel.name}")

        await self._connection.subscribe(channel.subject, receive)

    async def watch(self, channel: Channel, handler: Handler) -> None:
        """Hand the last stored value of each subject of a `last` stream to `handler`, then every newer one.

        After a reconnection the last values come again: a handler takes the same value twice without harm.
        """
        receive = _receiver(channel, handler)
        heard: Counter[str] = Counter()
        in_order = asyncio.Lock()

        async def hear(message: Msg) -> None:
            heard[message.subject] += 1
            async with in_order:
                await receive(message)

        async def catch_up() -> None:
            for subject in _last_subjects(channel):
                before = heard[subject]
                with suppress(*NATS_ERRORS):
                    raw = await self._connection.jetstream.get_last_msg(str(channel.stream), subject)
                    async with in_order:
                        if heard[subject] == before:  # else what came in the meantime is newer
                            await receive(Msg(_client=self._connection.client, subject=subject, data=raw.data or b""))

        await self._connection.subscribe(channel.pattern, hear)
        await self._connection.at_each_connection(catch_up)

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
        name, subject = durable(self._service, channel, key), channel.pattern.replace("*", key)
        await WorkQueue(self._connection, channel, name, subject, handler, unreadable).read(batch)


def _receiver(channel: Channel, handler: Handler) -> Callable[[Msg], Awaitable[None]]:
    """Return what validates a message and hands it over; one bad message never ends a subscription."""

    async def receive(message: Msg) -> None:
        try:
            payload = channel.adapter.validate_json(message.data)
        except ValidationError as error:
            _log.warning("message on %s does not fit its channel: %s", message.subject, error)
            return
        try:
            await handler(payload)
        except Exception:  # noqa: BLE001  # the subscription outlives whatever its handler meets
            _log.exception("a message on %s could not be handled", message.subject)

    return receive


async def _reply(channel: Channel, handler: Callable[[Any], Awaitable[BaseModel]], message: Msg) -> BaseModel:
    try:
        return await handler(channel.adapter.validate_json(message.data))
    except ValidationError as error:
        text = f"the request does not fit its channel: {error}"
    except Exception as error:  # noqa: BLE001  # the asker deserves an answer, whatever went wrong
        _log.exception("request on %s failed", message.subject)
        text = f"{type(error).__name__}: {error}"
    refusal: BaseModel = channel.reply(error=text)
    return refusal


def _too_large(data: bytes) -> str:
    return f"{len(data):,} bytes in one message, and the bus carries {MAX_PAYLOAD:,}"


def _batch_headers(batch: str, number: int) -> dict[str, str]:
    return {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}


def _raise_for(answer: Msg) -> None:
    """Raise what the broker says of a batch."""
    reply = json.loads(answer.data)
    if "error" in reply:
        raise nats.js.errors.APIError.from_error(reply["error"])


def _last_subjects(channel: Channel) -> list[str]:
    """Name every subject of a `last` channel; its key, where it has one, is the sending service."""
    if channel.subject == channel.pattern:
        return [channel.subject]
    return [channel.pattern.replace("*", sender) for sender in channel.senders]
