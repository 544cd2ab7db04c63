"""The way `local`: texts that the api asks for, executed at once, one at a time among themselves.

Nothing keeps such a text but whoever asked: it may ask again with the same identity, also after a restart, and gets
what runs, or what the journal knows.
"""

import asyncio
import logging
from typing import Final

from heliograph.commands.errors import JournalUnavailable
from heliograph.commands.executor import Executor
from heliograph.commands.followup import FollowUp, followed
from heliograph.contract import CommandResults, CommandText, ExecuteAnswer, ExecuteRequest, Way
from heliograph.runtime import Clock

MOST_WAITING: Final = 32
MOST_WAITING_BYTES: Final = 4 * 1024 * 1024
REPLY_SECONDS: Final = 1.0
"""How long the answer may take to leave before what follows it is done."""
STOPPED: Final = "the service is stopping: what of this text had not begun is not run; ask again with the same identity"

_log = logging.getLogger("heliograph.commands")


class LocalWay:
    """Answers `EXECUTE`."""

    def __init__(self, executor: Executor, clock: Clock) -> None:
        self._executor = executor
        self._clock = clock
        self._turn = asyncio.Lock()
        self._tasks: dict[str, asyncio.Task[CommandResults]] = {}
        self._texts: dict[str, CommandText] = {}
        self._followed: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def answer(self, request: ExecuteRequest) -> ExecuteAnswer:
        """Execute a text, or look for the one that runs, and wait for it as long as is asked."""
        text = request.text.model_copy(update={"way": Way.LOCAL})
        if refusal := self._refusal(text):
            return ExecuteAnswer(error=refusal)
        task = self._tasks.get(text.identity) or self._started(text)
        try:
            async with asyncio.timeout(request.wait_seconds):
                results = await asyncio.shield(task)
        except TimeoutError:
            return ExecuteAnswer()
        except JournalUnavailable as error:
            return ExecuteAnswer(error=f"not run: {error}")
        except asyncio.CancelledError:
            if not self._stopped:
                raise
            return ExecuteAnswer(error=STOPPED)
        return ExecuteAnswer(finished=True, text=results.text)

    async def stop(self) -> None:
        """Answer whoever waits, and let go of what has not begun."""
        self._stopped = True
        tasks = [*self._tasks.values(), *self._followed]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _refusal(self, text: CommandText) -> str:
        if self._stopped:
            return STOPPED
        if (known := self._texts.get(text.identity)) is not None:
            return "" if known.text == text.text else "refused: this identity belongs to another text, which is running"
        size = sum(len(waiting.text) for waiting in self._texts.values())
        if len(self._texts) >= MOST_WAITING or size + len(text.text) > MOST_WAITING_BYTES:
            return f"not run: {len(self._texts)} local texts are waiting already; send it again later"
        return ""

    def _started(self, text: CommandText) -> asyncio.Task[CommandResults]:
        task = asyncio.create_task(self._execute(text), name=f"commands: local {text.identity}")
        self._tasks[text.identity], self._texts[text.identity] = task, text
        task.add_done_callback(lambda done: self._ended(text, done))
        return task

    async def _execute(self, text: CommandText) -> CommandResults:
        async with self._turn:
            executed = await self._executor.execute(text)
        if executed.follow_up is not None:
            following = asyncio.create_task(self._follow(executed.follow_up), name="commands: after a local text")
            self._followed.add(following)
            following.add_done_callback(self._followed.discard)
        return executed.results

    async def _follow(self, follow_up: FollowUp) -> None:
        await self._clock.sleep(REPLY_SECONDS)
        await followed(follow_up)

    def _ended(self, text: CommandText, task: asyncio.Task[CommandResults]) -> None:
        del self._tasks[text.identity], self._texts[text.identity]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("local text %s failed", text.identity, exc_info=error)
