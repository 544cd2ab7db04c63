"""Sync's side of tests of servers, planned connections and the log, played: answers, and what was asked."""

import time

from heliograph.contract import Event, Level, LogPage, LogRequest, Outcome
from heliograph.contract.channels import (
    LOG_HISTORY,
    LOG_LINE,
    SCHEDULES,
    SERVER_TEST,
    SERVER_TEST_PROGRESS,
    STOP_SERVER_TEST,
    TEST_SERVER,
)
from heliograph.contract.logbook import NumberedEvent
from heliograph.contract.servertests import (
    PlannedConnection,
    SchedulesAnswer,
    SchedulesRequest,
    ServerTestAnswer,
    ServerTestQuery,
    ServerTestRequest,
    ServerTestState,
    StepState,
    StopServerTest,
    TestStep,
)
from heliograph.runtime import Bus


def now() -> int:
    return int(time.time() * 1000)


def log_lines(count: int = 30) -> list[NumberedEvent]:
    """Newest first; each third is a warning of the collector."""
    return [
        NumberedEvent(
            number=number,
            event=Event(
                time=now() - (count - number) * 60_000,
                level=Level.INFO if number % 3 else Level.WARNING,
                service="sync" if number % 3 else "collector",
                text=f"line {number} of <the log>",
            ),
        )
        for number in range(count, 0, -1)
    ]


def running_test(**changes: object) -> ServerTestState:
    steps = (
        TestStep(name="Look up data.example.org", state=StepState.DONE, text="found 203.0.113.7", seconds=0.02),
        TestStep(name="Reach port 22", state=StepState.RUNNING),
        TestStep(name="Log in as plant"),
    )
    state = ServerTestState(test=4, server=1, address="sftp data.example.org:22", begun=now(), steps=steps)
    return state.model_copy(update=changes)


class ServerAnswers:
    """Answers what is asked, and remembers it."""

    def __init__(self) -> None:
        self.lines = log_lines()
        self.test = ServerTestState()
        self.tests: list[ServerTestRequest] = []
        self.stopped: list[int] = []
        self.schedules: list[SchedulesRequest] = []
        self.findings: tuple[str, ...] = ()
        self.trouble = ""

    async def serve(self, sync: Bus) -> None:
        self._bus = sync
        await sync.serve(LOG_HISTORY, self._log)
        await sync.serve(SCHEDULES, self._schedules)
        await sync.serve(TEST_SERVER, self._begin)
        await sync.serve(SERVER_TEST, self._look)
        await sync.serve(STOP_SERVER_TEST, self._stop)

    async def say(self, text: str, level: Level = Level.INFO) -> None:
        """Tell a line of the log."""
        line = Event(time=now(), level=level, service="sync", text=text)
        self.lines.insert(0, NumberedEvent(number=self.lines[0].number + 1, event=line))
        await self._bus.publish(LOG_LINE, self.lines[0])

    async def progress(self, **changes: object) -> None:
        """Tell how the test is doing."""
        self.test = running_test(**changes)
        await self._bus.publish(SERVER_TEST_PROGRESS, self.test)

    async def _log(self, request: LogRequest) -> LogPage:
        levels = list(Level)
        found = [
            line
            for line in self.lines
            if (request.before is None or line.number < request.before)
            and levels.index(line.event.level) >= levels.index(request.least)
            and request.service in (None, line.event.service)
            and request.text.casefold() in line.event.text.casefold()
            and (request.server is None or line.event.text.startswith(f"server {request.server}: "))
            and (request.since or 0) <= line.event.time < (request.until or line.event.time + 1)
        ]
        return LogPage(lines=tuple(found[: request.limit]))

    async def _schedules(self, request: SchedulesRequest) -> SchedulesAnswer:
        self.schedules.append(request)
        rows = [
            PlannedConnection(server=1 + n % 2, time=now() + n * 3_600_000, line=f"SCHEDULE_Params: {n}|everyday")
            for n in range(1, request.count + 1)
        ]
        return SchedulesAnswer(
            error=self.trouble, time_zone="Europe/Paris", connections=tuple(rows), findings=self.findings
        )

    async def _begin(self, request: ServerTestRequest) -> ServerTestAnswer:
        self.tests.append(request)
        if self.trouble:
            return ServerTestAnswer(error=self.trouble)
        await self.progress(server=request.server)
        return ServerTestAnswer(test=4)

    async def _look(self, query: ServerTestQuery) -> ServerTestState:
        if query.test in (None, self.test.test):
            return self.test
        return ServerTestState(error=f"there is no test {query.test}")

    async def _stop(self, request: StopServerTest) -> Outcome:
        self.stopped.append(request.test)
        if request.test != self.test.test:
            return Outcome(error=f"there is no test {request.test}")
        self.test = self.test.model_copy(update={"ended": now(), "stopped": True})
        await self._bus.publish(SERVER_TEST_PROGRESS, self.test)
        return Outcome()
