"""Blocking work beside the event loop, in threads that never hold up the end of the process, and waiting for news."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

from heliograph.runtime import Clock

T = TypeVar("T")


async def in_thread(name: str, work: Callable[[], T]) -> T:
    """Run blocking work in a named thread of its own, and return what it returned.

    The thread is a daemon: one that hangs on the network must not hold up the end of the process. What it was doing is
    then cut off as by a kill, which it survives.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if ended.done():
            return
        if error is not None:
            ended.set_exception(error)
        else:
            ended.set_result(cast("T", result))

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  # whoever awaits it decides
            failure = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, result, failure)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await ended


async def wait_for_news(news: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Return when `news` is set, in whatever thread its cause was, or after so many seconds."""
    waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(clock.sleep(seconds)), asyncio.ensure_future(news.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
