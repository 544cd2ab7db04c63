"""What the service answers when a script asks through `wd`: each question has its limits, and one answer."""

import asyncio
import sqlite3
import uuid
from typing import Any, Final

from heliograph.commands.errors import CommandFailed
from heliograph.commands.gateway import Gateway
from heliograph.commands.scripts.allowance import Allowance
from heliograph.commands.scripts.keeping import Keeping, TooMuch
from heliograph.commands.scripts.logbook import Logbook
from heliograph.commands.scripts.messages import Get, Log, Question, Raise, Set, Store, Tags
from heliograph.commands.scripts.points import Points
from heliograph.commands.scripts.setting import Setter
from heliograph.commands.scripts.watches import Watches
from heliograph.contract import Alarm, AlarmSource
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds

QUESTIONS_AT_ONCE: Final = 2000
QUESTIONS_A_SECOND: Final = 300.0
"""A script that asks more waits for its answers."""
ALARMS_AT_ONCE: Final = 10
ALARMS_A_SECOND: Final = 1 / 60
MAX_ALARM: Final = 120
MAX_TAGGED: Final = 1000


class Answering:
    """The service behind `wd`, for one run of one script; the allowances are the script's, whatever run it is."""

    def __init__(
        self,
        script: str,
        gateway: Gateway,
        points: Points,
        setter: Setter,
        keeping: Keeping,
        logbook: Logbook,
        clock: Clock,
    ) -> None:
        self._script = script
        self._gateway = gateway
        self._points = points
        self._setter = setter
        self._keeping = keeping
        self._logbook = logbook
        self._clock = clock
        self._values: dict[str, Any] | None = None
        self._questions = Allowance(clock, burst=QUESTIONS_AT_ONCE, per_second=QUESTIONS_A_SECOND)
        self._alarms = Allowance(clock, burst=ALARMS_AT_ONCE, per_second=ALARMS_A_SECOND)

    async def answer(self, question: Question, watches: Watches) -> dict[str, Any]:
        """Return the answer: `values`, or a `problem` that is an error in the script."""
        await self._questions.wait()
        try:
            return {"kind": "answer", "values": await self._values_of(question, watches)}
        except (TooMuch, CommandFailed, sqlite3.Error) as error:
            return {"kind": "answer", "problem": f"wd.{_NAMES.get(question.kind, question.kind)}: {error}"}

    async def _values_of(self, question: Question, watches: Watches) -> list[Any]:
        match question:
            case Get():
                return self._get(question)
            case Set():
                return await self._set(question)
            case Tags():
                return [self._tagged(str(question.tag))]
            case Raise():
                return await self._alarm(question.text)
            case Store():
                return [await self._store(question)]
            case Log():
                self._logbook.take(question.text)
            case _:
                watches.add(question)
        return []

    def _get(self, asked: Get) -> list[Any]:
        try:
            last = self._points.last(self._points.find(asked.device, asked.variable))
        except CommandFailed as error:
            self._logbook.warn_once(f"wd.get: {error}")
            return [None, str(error)]
        return [None] if last is None else [*last]

    async def _set(self, asked: Set) -> list[Any]:
        try:
            await self._setter.set(asked)
        except CommandFailed as error:
            self._logbook.warn_once(f"wd.set: {error}")
            return [None, str(error)]
        return [True]

    def _tagged(self, tag: str) -> list[dict[str, Any]]:
        found = self._points.tagged(tag)
        if len(found) > MAX_TAGGED:
            raise CommandFailed(f"{len(found)} variables carry {tag!r:.60}, at most {MAX_TAGGED} are listed")
        return [{"device": device, "variable": variable} for device, variable in found]

    async def _alarm(self, text: str) -> list[Any]:
        if not self._alarms.take():
            problem = f"more than {ALARMS_AT_ONCE} alarms at once, or one a minute"
            self._logbook.warn_once(f"wd.alarm: {problem}")
            return [None, problem]
        info = f"SCRIPT {self._script}: {' '.join(text.split())[:MAX_ALARM]}"
        now = milliseconds(self._clock)
        try:
            await self._gateway.alarm(Alarm(identity=uuid.uuid4().hex, source=AlarmSource.GATEWAY, time=now, info=info))
        except CommandFailed as error:
            return [None, str(error)]
        self._logbook.tell(f"alarm: {text[:MAX_ALARM]}")
        return [True]

    async def _store(self, asked: Store) -> Any:
        if self._values is None:
            self._values = await asyncio.to_thread(self._keeping.values, self._script)
        if asked.is_given and asked.value != self._values.get(asked.key):
            await asyncio.to_thread(self._keeping.keep, self._script, asked.key, asked.value)
            self._values[asked.key] = asked.value
        return self._values.get(asked.key)


_NAMES: Final = {"watch": "onChange"}
