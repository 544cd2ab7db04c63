"""What the disk holds of a set point, and when: before the value goes to its device, and through all that ends it."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.collector.drafts import ChangeDraft, Verdict
from heliograph.collector.errors import OutboxUnavailable, Refusal, Unconfirmed
from heliograph.collector.holding import Holding
from heliograph.collector.links import Illegal, LinkDown, ModbusException
from heliograph.collector.outbox import Outbox
from heliograph.collector.outbox_file import CHANGE_LIMIT_BYTES, OutboxFile
from heliograph.collector.setpoint import SetPoint, read_set_point
from heliograph.collector.setpoints import MOST_SET_POINTS, SetPoints
from heliograph.contract import VariableValue, WriteRequest
from support.forwarding import Said
from support.points import point, variable
from support.syncing import HandClock


def on_disk(directory: Path) -> list[bytes]:
    file = OutboxFile(directory / "outbox.sqlite3", 10**9)
    try:
        return file.set_points()
    finally:
        file.close()


class Device:
    """An access to one variable that looks at the disk when it is written to."""

    def __init__(self, directory: Path, clock: HandClock) -> None:
        self.directory, self.clock = directory, clock
        self.seen: list[list[tuple[object, object]]] = []
        self.failure: Exception | None = None

    def station(self, *_: object) -> None: ...

    async def check(self, *_: object, **__: object) -> None: ...

    def named(self, *_: object):
        return None, variable(point(0))

    def answers(self, *_: object) -> bool:
        return True

    def polled(self, *_: object) -> None:
        return None

    async def write(self, _device: str, _variable: str, raw, *, verify: bool = True) -> VariableValue:
        kept = [read_set_point(body, self.clock) for body in on_disk(self.directory)]
        self.seen.append([(each.raw, each.fallback) for each in kept])
        if self.failure is not None:
            raise self.failure
        return VariableValue(raw=raw, verified=verify)


class Parts:
    def __init__(self, directory: Path) -> None:
        self.clock = HandClock()
        self.said = Said(self.clock)
        self.outbox = Outbox(directory, 10**9)
        self.points = SetPoints(self.outbox, self.clock, self.said)
        self.device = Device(directory, self.clock)
        self.holding = Holding(self.device, self.points, self.clock)

    async def put(self, raw, **more) -> VariableValue:
        return await self.holding.write(WriteRequest(device="1", variable="1", raw=raw, **more))

    def kept(self) -> list[tuple[object, object]]:
        kept = [read_set_point(body, self.clock) for body in on_disk(self.device.directory)]
        return [(each.raw, each.fallback) for each in kept]


@pytest.fixture
async def parts(tmp_path):
    made = Parts(tmp_path)
    yield made
    await made.outbox.close()


async def test_a_value_is_on_the_disk_before_it_is_written_and_leaves_it_after_a_newer_one_was(parts):
    await parts.put(40, lifetime_seconds=60, fallback=10)
    await parts.put(30, lifetime_seconds=60, fallback=5)
    await parts.put(80)
    assert parts.device.seen == [[(40, 10)], [(30, 5)], [(30, 5)]]
    assert parts.kept() == []


async def test_an_unchanged_value_reaches_the_disk_now_and_then_alone(parts):
    await parts.put(40, lifetime_seconds=100, fallback=10)
    first = on_disk(parts.device.directory)
    parts.clock.move(9)
    await parts.put(40, lifetime_seconds=100, fallback=10)
    assert on_disk(parts.device.directory) == first
    assert len(parts.device.seen) == 1
    await parts.put(40, lifetime_seconds=1000, fallback=10)
    assert on_disk(parts.device.directory) != first
    assert len(parts.device.seen) == 1


@pytest.mark.parametrize("failure", [Illegal(2), ModbusException(4), Refusal("outside")])
async def test_what_the_device_refused_for_sure_leaves_what_was_kept_before(parts, failure):
    parts.device.failure = failure
    with pytest.raises((Refusal, ModbusException)):
        await parts.put(40, lifetime_seconds=60, fallback=10)
    await parts.points.flush()
    assert parts.kept() == []
    parts.device.failure = None
    await parts.put(40, lifetime_seconds=60, fallback=10)
    parts.device.failure = failure
    with pytest.raises((Refusal, ModbusException)):
        await parts.put(50, lifetime_seconds=60, fallback=20)
    await parts.points.flush()
    assert parts.kept() == [(40, 10)]


@pytest.mark.parametrize("failure", [Unconfirmed("no answer"), LinkDown("cut"), ModbusException(11)])
async def test_what_may_have_been_written_is_kept_with_its_fallback(parts, failure):
    parts.device.failure = failure
    with pytest.raises((Refusal, ModbusException), match=r"kept|exception"):
        await parts.put(40, lifetime_seconds=60, fallback=10)
    assert parts.kept() == [(40, 10)] or isinstance(failure, ModbusException)


async def test_a_disk_that_refuses_lets_no_value_with_a_lifetime_out(parts):
    async def refuse(_drafts) -> list[Verdict]:
        raise OutboxUnavailable("disk full")

    working, parts.outbox.append = parts.outbox.append, refuse
    with pytest.raises(Refusal, match="cannot be kept on the disk: disk full"):
        await parts.put(40, lifetime_seconds=60, fallback=10)
    assert parts.device.seen == []
    await parts.put(80)
    parts.points.owe([ChangeDraft("a", b"{}")])
    assert not await parts.points.flush()
    parts.outbox.append = working
    assert await parts.points.flush()
    assert [entry.identity for entry in await parts.outbox.take("changes", 5, 10**6)] == ["a"]


async def test_no_more_are_kept_than_there_may_be(parts):
    for number in range(MOST_SET_POINTS):
        parts.points._points["1", str(number + 2)] = SetPoint("1", str(number + 2), "", 1, 0, 5.0, "", 1e9)
    with pytest.raises(Refusal, match="the most there may be"):
        await parts.put(40, lifetime_seconds=60, fallback=10)


async def test_writes_to_one_device_wait_for_each_other(parts):
    order: list[str] = []

    async def write(name: str) -> None:
        async with parts.points.turn("1"):
            order.append(name)
            await asyncio.sleep(0)
            order.append(name)

    await asyncio.gather(*(write(name) for name in "abc"))
    assert order == list("aabbcc")


raws = st.integers(-(2**63), 2**64) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)


@given(raw=raws, fallback=raws, lifetime=st.floats(0.001, 86_400), passed=st.floats(-1e6, 1e6))
def test_a_set_point_comes_back_from_the_disk_with_no_more_than_its_lifetime(raw, fallback, lifetime, passed):
    clock = HandClock()
    made = SetPoint("1", "2", "p", raw, fallback, lifetime, "script", clock.monotonic() + lifetime)
    body = made.draft(clock).body
    clock.set(clock.time() + passed)
    again = read_set_point(body, clock)
    assert (again.raw, again.fallback, type(again.raw)) == (raw, fallback, type(raw))
    left = again.due - clock.monotonic()
    assert 0 <= left <= lifetime + 0.001
    assert left == pytest.approx(min(lifetime, max(0.0, lifetime - passed)), abs=0.01)


def test_changes_have_room_of_their_own_beside_records_and_alarms(tmp_path):
    file = OutboxFile(tmp_path / "outbox.sqlite3", 10**9)
    body = b"x" * 1_000_000
    drafts = [ChangeDraft(f"{n}", body) for n in range(CHANGE_LIMIT_BYTES // len(body) + 1)]
    assert file.append(drafts) == [Verdict.STORED] * (len(drafts) - 1) + [Verdict.REFUSED]
    assert not file.is_full()
    entries = file.take("changes", 100, 10**9)
    assert [entry.identity for entry in entries] == [draft.identity for draft in drafts[:-1]]
    file.remove("changes", entries)
    assert file.append(drafts[-1:]) == [Verdict.STORED]
    file.close()
