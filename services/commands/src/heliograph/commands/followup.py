"""What a command does after its answer was handed over: a restart must not come before the answer that announces it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

FOLLOW_SECONDS: Final = 120.0

_log = logging.getLogger("heliograph.commands")

FollowUp = Callable[[], Awaitable[None]]
"""Runs once the results of its text are on the bus. After a kill before that it is not run: once-only rules."""


@dataclass(frozen=True, slots=True)
class Followed:
    """An action returns it in place of its result alone."""

    result: Any
    follow_up: FollowUp


async def followed(follow_up: FollowUp) -> None:
    """Do it within the time limit; its command was answered, so that what fails is told in the log alone."""
    try:
        async with asyncio.timeout(FOLLOW_SECONDS):
            await follow_up()
    except Exception:  # noqa: BLE001  # whatever it was, the text is let go
        _log.exception("what was to follow a command failed")
