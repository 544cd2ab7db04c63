"""What a command does after its answer was handed over: a restart must not come before the answer that announces it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

FollowUp = Callable[[], Awaitable[None]]
"""Runs once the results of its text are on the bus. After a kill before that it is not run: once-only rules."""


@dataclass(frozen=True, slots=True)
class Followed:
    """An action returns it in place of its result alone."""

    result: Any
    follow_up: FollowUp
