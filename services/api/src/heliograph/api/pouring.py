"""An answer that is sent piece by piece: it ends when all is sent, when the client goes, or when it does not read."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

from starlette.types import Receive, Send

SEND_SECONDS: Final = 15.0
"""A client that takes longer to take one piece is cut off."""

_log = logging.getLogger("heliograph.api")


async def pour(work: Coroutine[Any, Any, None], receive: Receive, name: str) -> None:
    """Let `work` send its pieces as long as the client is there; a fault of it is told in the log."""
    pouring = asyncio.create_task(work, name=f"api: {name}")
    gone = asyncio.create_task(_until_gone(receive), name=f"api: client of {name}")
    try:
        await asyncio.wait({pouring, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (pouring, gone):
            task.cancel()
        await asyncio.gather(pouring, gone, return_exceptions=True)
    fault = None if pouring.cancelled() else pouring.exception()
    if fault is not None and not isinstance(fault, TimeoutError | OSError):
        _log.error("%s ended early", name, exc_info=fault)


async def pour_events(work: Coroutine[Any, Any, None], receive: Receive, send: Send, name: str) -> None:
    """As `pour`, for server-sent events, with their head and their end."""
    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await pour(work, receive, name)
    with suppress(TimeoutError, OSError):
        await send_piece(send, b"", more=False)


async def send_piece(send: Send, body: bytes, *, more: bool = True, seconds: float = SEND_SECONDS) -> None:
    """Send one piece; raises `TimeoutError` where the client does not read."""
    async with asyncio.timeout(seconds):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
