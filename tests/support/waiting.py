"""Waiting for a condition of a real peer, with a deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

LIMIT_SECONDS = 60

T = TypeVar("T")


async def until(condition: Callable[[], Awaitable[T]]) -> T:
    """Wait until an awaitable condition gives something true, and return that."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not (found := await condition()):
            await asyncio.sleep(0.05)
        return found
