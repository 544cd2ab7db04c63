"""What pages ask of other services: kept for those who look, asked anew beside the pictures, forgotten afterwards.

Pages are rendered without waiting. What they need from elsewhere they `get` here, as it was last answered; the first
look at a page waits a moment for answers, later ones come with the stream of events.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from heliograph.api.errors import Problem

FIRST_LOOK_SECONDS: Final = 1.0
FOLLOW_SECONDS: Final = 1.0
KEPT_TURNS: Final = 5
"""What no page used for so many turns is forgotten."""
MOST_KEPT: Final = 64


@dataclass(slots=True)
class Answer:
    """What was last answered, and why it could not be asked anew; both empty at first."""

    value: Any = None
    problem: str = ""


@dataclass(slots=True)
class _Question:
    ask: Callable[[], Awaitable[Any]]
    every: int
    news: Callable[[], int]
    answer: Answer
    heard: int = -1
    turns_left: int = KEPT_TURNS


class Asked:
    """Answers by a key, as long as somebody looks at them."""

    def __init__(self) -> None:
        self._questions: dict[Hashable, _Question] = {}
        self._used: set[Hashable] = set()
        self._turn = 0

    def get(
        self,
        key: Hashable,
        ask: Callable[[], Awaitable[Any]],
        *,
        every: int = 2,
        news: Callable[[], int] = lambda: 0,
    ) -> Answer:
        """Return what is known under a key; it is asked anew every so many seconds, and when `news` counted on."""
        question = self._questions.setdefault(key, _Question(ask, every, news, Answer()))
        question.turns_left = KEPT_TURNS
        self._used.add(key)
        while len(self._questions) > MOST_KEPT:
            del self._questions[next(iter(self._questions))]
        return question.answer

    async def rendered(self, render: Callable[[], dict[str, str]]) -> dict[str, str]:
        """Render with new answers where they come within a moment: for the first look at a page."""
        self._used.clear()
        sections = render()
        if not self._used:
            return sections
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_LOOK_SECONDS):
                await self._ask(self._used & self._questions.keys())
        return render()

    async def follow(self, wanted: asyncio.Event) -> None:
        """Keep what is looked at fresh while somebody looks, for ever."""
        while True:
            await wanted.wait()
            await self.refresh()
            await asyncio.sleep(FOLLOW_SECONDS)

    async def refresh(self) -> None:
        """Ask anew for what is due, and forget what nobody looks at."""
        self._turn += 1
        for key, question in list(self._questions.items()):
            question.turns_left -= 1
            if question.turns_left <= 0:
                del self._questions[key]
        await self._ask([key for key, question in self._questions.items() if self._is_due(question)])

    def _is_due(self, question: _Question) -> bool:
        return self._turn % question.every == 0 or question.news() != question.heard

    async def _ask(self, keys: Iterable[Hashable]) -> None:
        await asyncio.gather(*(_refresh(self._questions[key]) for key in keys))


async def _refresh(question: _Question) -> None:
    question.heard = question.news()
    try:
        question.answer.value = await question.ask()
    except Problem as problem:
        question.answer.problem = problem.detail
    else:
        question.answer.problem = ""
