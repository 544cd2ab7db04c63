"""What can go wrong on the bus, and the one table that maps nats-py's errors to ours.

BusError
├── BusUnavailable   the broker or the stream is away; try again later
├── StoreFull        the stream refuses new messages until its reader frees room
└── NoAnswer         a request was not answered in time, or nobody is there to answer
    └── TooLarge     the request is larger than a message may be: it was not sent
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import nats.errors
import nats.js.errors

_STORE_FULL = {10077, 10047, 10023, 10028, 10111, 10054}
"""JetStream error codes: maximum bytes or messages exceeded, insufficient storage or resources."""

NATS_ERRORS = (nats.errors.Error, nats.js.errors.Error, ConnectionError, TimeoutError)
"""Everything that nats-py raises when the broker is away or refuses."""


class BusError(Exception):
    """The bus did not do it."""


class BusUnavailable(BusError):
    """The broker or the stream is away."""


class StoreFull(BusError):
    """The stream refuses new messages until its reader frees room."""


class NoAnswer(BusError):
    """A request was not answered in time, or nobody is there to answer."""


class TooLarge(NoAnswer):
    """The request is larger than a message may be: it was not sent."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn nats-py's errors into ours."""
    try:
        with cancellable():
            yield
    except nats.js.errors.NoStreamResponseError as error:
        raise BusUnavailable("the stream is not there yet") from error
    except nats.js.errors.APIError as error:
        if error.err_code in _STORE_FULL:
            raise StoreFull(str(error.description)) from error
        raise BusUnavailable(f"JetStream: {error.description}") from error
    except nats.errors.NoRespondersError as error:
        raise BusUnavailable("nobody is there to answer") from error
    except NATS_ERRORS as error:
        raise BusUnavailable(str(error) or type(error).__name__) from error


@contextmanager
def cancellable() -> Iterator[None]:
    """Let no cancellation be lost: `wait_for` of Python 3.11, which nats-py uses, drops one that meets a result."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError
