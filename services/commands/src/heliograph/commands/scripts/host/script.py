"""The process of one script: it loads the script, keeps its timers, and carries its `wd` calls to the service.

    service → start · answer · changed · call · look
    script  → ready · failed · get · set · … · store · ran · returned · well

One question is open at a time, and what arrives while it is open waits; only `look` is answered at once.
"""

import math
import os
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from heliograph.commands.scripts.host.confine import confine
from heliograph.commands.scripts.host.frames import Line, LineBroken
from heliograph.commands.scripts.host.limits import Limits
from heliograph.commands.scripts.host.sandbox import LimitReached, Sandbox, Trouble
from heliograph.commands.scripts.host.timers import Timers
from heliograph.commands.scripts.host.values import NoJson, text_of, to_json

MAX_SECONDS: Final = 31 * 86_400.0
MAX_FUNCTIONS: Final = 100
MAX_INDEX: Final = 10**9

Message = dict[str, Any]


def run(end: socket.socket, limits: Limits) -> None:
    """Live as a script until told otherwise. Never returns."""
    line = Line(confine(end, limits))
    try:
        Script(line, limits).run(line.receive())
    except Trouble as trouble:
        _tell(line, str(trouble))
    except LineBroken:
        pass
    except Exception as error:  # noqa: BLE001  # whatever it is, the service is told and this process ends
        _tell(line, f"a fault of the gateway ({error!r:.300})")
    os._exit(0)


def _tell(line: Line, text: str) -> None:
    """Say why it ends, and stay until the service closes the line: what it is writing then must not break the words."""
    try:
        line.send({"kind": "failed", "text": text})
        while True:
            line.receive()
    except (LineBroken, ValueError):
        return


class Script:
    """One script from its start to its end."""

    def __init__(self, line: Line, limits: Limits) -> None:
        self._line = line
        self._limits = limits
        self._timers = Timers(time.monotonic)
        self._waiting: deque[Message] = deque()
        self._registered = 0
        self._watches = 0
        self._calls = 0
        self._waited = 0.0
        asks: dict[str, Callable[..., Any]] = {
            name: getattr(self, f"_{name}")
            for name in ("get", "set", "tags", "alarm", "log", "store", "every", "after")
        }
        self._sandbox = Sandbox(limits, {**asks, "onChange": self._on_change, "now": _now})

    def run(self, start: Message) -> None:
        """Load, begin, and serve until the line breaks. Raises `Trouble` and `LineBroken`."""
        self._sandbox.load(start["file"], start["source"])
        header = self._sandbox.header()
        self._begin_call()
        self._sandbox.init()
        self._line.send({"kind": "ready", **header, "functions": self._sandbox.functions()[:MAX_FUNCTIONS]})
        while True:
            if self._waiting or self._line.has_news(self._timers.wait_seconds()):
                self._take(self._waiting.popleft() if self._waiting else self._line.receive())
            while (timer := self._timers.take_due()) is not None:
                self._begin_call()
                self._sandbox.fire(timer.number, once=timer.period is None)
                if self._waiting or self._line.has_news(0):
                    break

    def _take(self, message: Message) -> None:
        kind = message["kind"]
        if kind == "call":
            self._call(message)
        elif kind == "changed":
            self._begin_call()
            self._sandbox.fire(message["number"], self._sandbox.value(message["value"]), message["age"])
            self._line.send({"kind": "ran", "number": message["number"]})
        elif kind == "look":
            self._look()

    def _call(self, message: Message) -> None:
        """Call a function for a command. An error is the command's, and the script goes on; a limit ends the script."""
        self._begin_call()
        answer = {"kind": "returned", "number": message["number"]}
        try:
            result = self._sandbox.call(message["function"], message["parameters"])
            self._line.send({**answer, "result": to_json(result)})
        except (NoJson, ValueError) as error:
            self._line.send({**answer, "error": f"its result cannot be given: {error}"})
        except Trouble as trouble:
            self._line.send({**answer, "error": str(trouble)})
            if isinstance(trouble, LimitReached):
                raise

    def _look(self) -> None:
        self._line.send({
            "kind": "well",
            "calls": self._calls,
            "cpu_seconds": time.process_time(),
            "memory_bytes": self._sandbox.memory_bytes,
            "functions": self._sandbox.functions()[:MAX_FUNCTIONS],
        })  # fmt: skip

    def _begin_call(self) -> None:
        self._calls += 1
        self._waited = 0.0

    def _get(self, device: Any = None, variable: Any = None, *_: Any) -> tuple[Any, ...]:
        return self._ask("get", device=_reference(device), variable=_reference(variable))

    def _set(self, device: Any = None, variable: Any = None, value: Any = None, *more: Any) -> tuple[Any, ...]:
        lifetime, fallback = (*more, None, None)[:2]
        for number in (value, lifetime, fallback):
            if isinstance(number, float) and not math.isfinite(number):
                return None, None, f"{number} is no value to write".encode()
        return self._ask(
            "set", device=_reference(device), variable=_reference(variable), value=_plain(value),
            lifetime=_plain(lifetime), fallback=_plain(fallback),
        )  # fmt: skip

    def _tags(self, tag: Any = None, *_: Any) -> tuple[Any, ...]:
        return self._ask("tags", tag=_reference(tag))

    def _alarm(self, text: Any = None, *_: Any) -> tuple[Any, ...]:
        return self._ask("alarm", text=str(_reference(text)))

    def _log(self, text: bytes) -> tuple[Any, ...]:
        return self._ask("log", text=text_of(text[:4000]))

    def _store(self, key: Any, is_given: bool, value: Any) -> tuple[Any, ...]:
        try:
            return self._ask("store", key=str(_reference(key)), is_given=is_given, value=to_json(value))
        except NoJson as error:
            return (f"wd.store: {error}".encode(),)

    def _every(self, seconds: Any, *_: Any) -> tuple[Any, ...]:
        least = self._limits.least_period_seconds
        return self._schedule("wd.every", seconds, least, repeat=True)

    def _after(self, seconds: Any, *_: Any) -> tuple[Any, ...]:
        return self._schedule("wd.after", seconds, 0.0, repeat=False)

    def _schedule(self, name: str, seconds: Any, least: float, *, repeat: bool) -> tuple[Any, ...]:
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not least <= seconds <= MAX_SECONDS:
            return (f"{name}: the first argument is to be {least:g} to {MAX_SECONDS:.0f} seconds".encode(),)
        if len(self._timers) >= self._limits.timers:
            return (f"{name}: at most {self._limits.timers} timers at a time".encode(),)
        self._registered += 1
        self._timers.add(self._registered, seconds, repeat=repeat)
        return None, self._registered

    def _on_change(self, device: Any, variable: Any, *_: Any) -> tuple[Any, ...]:
        if self._watches >= self._limits.watches:
            return (f"wd.onChange: at most {self._limits.watches} variables are watched".encode(),)
        self._watches += 1
        self._registered += 1
        number = self._registered
        problem, *_rest = self._ask("watch", number=number, device=_reference(device), variable=_reference(variable))
        return problem, number

    def _ask(self, kind: str, **message: Any) -> tuple[Any, ...]:
        """Ask the service and wait for its answer: an error to raise, or None and the results."""
        if self._waited > self._limits.wait_seconds:
            return (f"more than {self._limits.wait_seconds:g} s of waiting for the gateway in one call".encode(),)
        before = time.monotonic()
        try:
            self._line.send({"kind": kind, **message})
            answer = self._answer()
        except LineBroken:
            os._exit(0)
        self._waited += time.monotonic() - before
        problem = answer.get("problem")
        if problem is not None:
            return (problem.encode(),)
        return None, *(self._sandbox.value(value) for value in answer.get("values", ()))

    def _answer(self) -> Message:
        while True:
            message = self._line.receive()
            if message["kind"] == "answer":
                return message
            if message["kind"] == "look":
                self._look()
            else:
                self._waiting.append(message)


def _now() -> tuple[None, float]:
    return None, time.time()


def _reference(value: Any) -> int | str:
    """Return what names a device or a variable; what can name none is shown, so that the answer can name it."""
    if isinstance(value, bytes):
        return text_of(value[:200])
    if isinstance(value, float) and value.is_integer():
        return int(value)
    is_index = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_INDEX
    return value if is_index else str(value)[:60]


def _plain(value: Any) -> Any:
    return text_of(value[:4000]) if isinstance(value, bytes) else value if isinstance(value, (int, float)) else None
