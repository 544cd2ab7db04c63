"""How a service lives and ends, seen from outside: a process with a real broker or none."""

import asyncio
import signal

import pytest

from heliograph.contract import Event, Service
from heliograph.contract.channels import EVENTS
from heliograph.runtime import EventLog, SystemClock
from heliograph.runtime.logs import WAITING_LINES
from support.living import ended, start, until_it_lives


def test_a_stop_signal_ends_it_orderly_even_without_a_bus(tmp_path):
    process = start(tmp_path, "await context.stopping.wait()")
    until_it_lives(process)
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0


def test_an_error_ends_it_with_status_1_and_is_told(tmp_path):
    with start(tmp_path, "raise RuntimeError('the disk of the outbox is gone')") as process:
        _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "the disk of the outbox is gone" in told


def test_a_state_directory_that_cannot_be_made_is_said_plainly(tmp_path):
    (tmp_path / "state").write_text("a file")
    with start(tmp_path, "pass") as process:
        _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "cannot use the state directory" in told
    assert "Traceback" not in told


async def delivered(connect, events: EventLog, count: int) -> list[Event]:
    """What sync gets of a log, at least so many lines."""
    sync = await connect(Service.SYNC)
    await sync.ensure_streams()
    sender = await connect(Service.COMMANDS)
    got: list[Event] = []

    async def take(some: list[Event]) -> None:
        got.extend(some)

    async def keep(_: object) -> None:
        raise AssertionError("unreadable")

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(events.deliver(sender)), group.create_task(sync.consume(EVENTS, take, keep))]
        async with asyncio.timeout(120):
            while len(got) < count:
                await asyncio.sleep(0.02)
        for task in tasks:
            task.cancel()
    return got


async def test_lines_for_people_reach_the_bus_in_order(connect):
    events = EventLog(Service.COMMANDS, SystemClock())
    for number in range(450):
        events.info(f"line {number}\nsecond part")
    got = await delivered(connect, events, 450)
    assert [event.text for event in got] == [f"line {number} second part" for number in range(450)]
    assert {event.service for event in got} == {"commands"}


async def test_lines_lost_while_the_bus_was_away_are_counted(connect):
    events = EventLog(Service.COMMANDS, SystemClock())
    for number in range(WAITING_LINES + 7):
        events.debug(f"line {number}")
    got = await delivered(connect, events, WAITING_LINES + 1)
    assert got[0].text == "7 lines of this log were lost while the bus was away"
    assert got[1].text == "line 7"
    assert got[-1].text == f"line {WAITING_LINES + 6}"


@pytest.mark.parametrize("name", ["debug", "info", "warning", "error"])
def test_every_level_has_its_word(name):
    events = EventLog(Service.API, SystemClock())
    getattr(events, name)("word")
    assert events._waiting[-1].level == name
