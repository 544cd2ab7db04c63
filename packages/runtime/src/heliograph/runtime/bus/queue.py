"""Reading a work queue: what was handed over is let go only after the handler returned."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import nats.errors
import nats.js.errors
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig
from pydantic import ValidationError

from heliograph.contract.channels import Channel
from heliograph.runtime.bus.connection import Connection
from heliograph.runtime.bus.errors import BusError, cancellable, translated
from heliograph.runtime.bus.messages import BATCH_MESSAGES, Unreadable
from heliograph.runtime.retry import Backoff

FETCH_SECONDS: Final = 5.0
ACK_WAIT_SECONDS: Final = 60.0

_log = logging.getLogger("heliograph.bus")


class HandlerFailed(Exception):
    """The step after the bus failed; its cause is chained."""


class WorkQueue:
    """One durable consumer of a channel's stream."""

    def __init__(
        self,
        connection: Connection,
        channel: Channel,
        name: str,
        subject: str,
        handler: Callable[[list[Any]], Awaitable[None]],
        unreadable: Callable[[Unreadable], Awaitable[None]],
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._stream = str(channel.stream)
        self._name = name
        self._subject = subject
        self._handler = handler
        self._unreadable = unreadable
        self._backoff = Backoff(0.5, 30)

    async def read(self, batch: int) -> None:
        """Read for ever, at most `batch` messages at a time."""
        while True:
            await self._connection.wait()
            try:
                await self._read_until_it_fails(batch)
            except BusError as error:
                _log.info("%s: %s", self._channel.name, error)
            except HandlerFailed as error:
                _log.error("%s: the messages stay on the bus", self._channel.name, exc_info=error.__cause__)
            await asyncio.sleep(self._backoff.wait())

    async def _read_until_it_fails(self, batch: int) -> None:
        with translated():
            with cancellable():
                puller = await self._puller()
            try:
                while True:
                    with cancellable():
                        await self._read_once(puller, batch)
                    self._backoff.reset()
            finally:
                with suppress(nats.errors.Error, ConnectionError):
                    await puller.unsubscribe()

    async def _read_once(self, puller: JetStreamContext.PullSubscription, batch: int) -> None:
        try:
            messages = await puller.fetch(batch, timeout=FETCH_SECONDS)
        except (nats.errors.TimeoutError, TimeoutError):
            await puller.consumer_info()  # raises when the consumer or its stream is gone
            return
        try:
            await self._hand_over([(message.subject, message.data) for message in messages])
        except Exception as error:  # whatever it was, nothing is acknowledged
            raise HandlerFailed from error
        for message in messages:
            await message.ack()

    async def _hand_over(self, messages: list[tuple[str, bytes]]) -> None:
        payloads = []
        for subject, data in messages:
            try:
                payloads.append(self._channel.adapter.validate_json(data))
            except ValidationError as error:
                await self._unreadable(Unreadable(subject, data, str(error)))
        if payloads:
            await self._handler(payloads)

    async def _puller(self) -> JetStreamContext.PullSubscription:
        """Make the consumer anew.

        A fresh consumer of a work queue begins at the first message that nobody let go, in order and at once; an old
        one would hand over newer messages first, and the unacknowledged ones after `ACK_WAIT_SECONDS`.
        """
        jetstream = self._connection.jetstream
        with suppress(nats.js.errors.NotFoundError):
            await jetstream.delete_consumer(self._stream, self._name)
        config = ConsumerConfig(
            durable_name=self._name,
            filter_subject=self._subject,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_SECONDS,
            max_ack_pending=4 * BATCH_MESSAGES,
        )
        await jetstream.add_consumer(self._stream, config)
        return await jetstream.pull_subscribe_bind(durable=self._name, stream=self._stream)
