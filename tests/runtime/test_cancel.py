"""A task that waits for the bus ends when it is cancelled, at whatever moment that is."""

import asyncio
import random

from heliograph.contract import CommandsState, Service
from heliograph.contract.channels import STATE


async def test_no_cancellation_is_lost_when_it_meets_an_answer(connect):
    """`asyncio.wait_for` of Python 3.11 drops a cancellation that comes together with the result."""
    sync, bus = await connect(Service.SYNC), await connect(Service.COMMANDS)
    await sync.ensure_streams()

    async def store_for_ever() -> None:
        while True:
            await bus.store(STATE, CommandsState(time=0, started=0), service="commands")

    for _ in range(150):
        task = asyncio.create_task(store_for_ever())
        await asyncio.sleep(random.random() * 0.008)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=60)
        assert done
