"""What is asked of sync about its servers: tests of them, the connections that are planned, and the log."""

from typing import Final

from heliograph.api.errors import NotThere, Refused
from heliograph.api.logged import LogList, log_row
from heliograph.api.models import finding_rows
from heliograph.api.tested import PlannedList, ServerTestBegun
from heliograph.api.view import View
from heliograph.contract.channels import LOG_HISTORY, SCHEDULES, SERVER_TEST, STOP_SERVER_TEST, TEST_SERVER
from heliograph.contract.logbook import LogPage, LogRequest
from heliograph.contract.requests import Outcome
from heliograph.contract.servertests import (
    SchedulesAnswer,
    SchedulesRequest,
    ServerTestAnswer,
    ServerTestQuery,
    ServerTestRequest,
    ServerTestState,
    StopServerTest,
)

PLAN_SECONDS: Final = 15.0
"""Many lines take a while on a small machine."""


async def begin_test(view: View, request: ServerTestRequest) -> ServerTestBegun:
    """Try a server step by step; raises `Refused`, `Silent`."""
    answer: ServerTestAnswer = await view.ask(TEST_SERVER, request, PLAN_SECONDS)
    if answer.error or answer.test is None:
        raise Refused(answer.error or "The test did not begin; try again.")
    return ServerTestBegun(
        test=answer.test, detail=f"Server {request.server} is being tried; ask for the test to see how it goes."
    )


async def look_at_test(view: View, test: int | None) -> ServerTestState:
    """One test, or the newest; raises `NotThere`, `Silent`."""
    state: ServerTestState = await view.ask(SERVER_TEST, ServerTestQuery(test=test))
    if state.test is None:
        raise NotThere(state.error or "No server was tested since the service sync began.")
    return state


async def stop_test(view: View, test: int) -> ServerTestState:
    """End a test; what it put on the server it takes away. Raises `NotThere`, `Silent`."""
    outcome: Outcome = await view.ask(STOP_SERVER_TEST, StopServerTest(test=test))
    if outcome.error:
        raise NotThere(outcome.error)
    return await look_at_test(view, test)


async def planned(view: View, text: str | None = None, count: int = 10) -> PlannedList:
    """The next connections, by the schedules in force or by edited ones; raises `Refused`, `Silent`."""
    answer: SchedulesAnswer = await view.ask(SCHEDULES, SchedulesRequest(text=text, count=count), PLAN_SECONDS)
    if answer.error:
        raise Refused(answer.error)
    return PlannedList(
        time_zone=answer.time_zone, connections=answer.connections, findings=finding_rows(answer.findings)
    )


async def log(view: View, request: LogRequest) -> LogList:
    """A page of the log, newest first; raises `Refused`, `Silent`."""
    page: LogPage = await view.ask(LOG_HISTORY, request)
    if page.error:
        raise Refused(page.error)
    rows = tuple(log_row(line) for line in page.lines[: request.limit])
    return LogList(lines=rows, before=rows[-1].number if len(rows) == request.limit else None)
