"""What a device refuses is read in parts at once: every value that it gives, and the truth about the rest."""

from collections.abc import Collection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.collector.blocks import Hole, plan
from heliograph.collector.cost import wire_of
from heliograph.collector.decode import decode_value
from heliograph.collector.fetch import Fetch
from heliograph.collector.learnt import Learnt
from heliograph.collector.links import Busy, Illegal, LinkFailure, ReadCall, Silence, modbus_exception
from heliograph.formats.daq import Device
from heliograph.formats.definition import Kind, Table
from support.points import point, variables

HOLDING = Table.HOLDING_REGISTER
MOST_CYCLES = 40


class Stubborn:
    """A device of 200 registers, each holding its address, with conditions of its own."""

    def __init__(
        self,
        bad: Collection[int] = (),
        borders: Collection[int] = (),
        most: int = 125,
        code: int = 2,
        failures: Collection[LinkFailure] = (),
    ) -> None:
        self.bad = set(bad)
        """Registers that are refused."""
        self.borders = set(borders)
        """Addresses before which a read must end."""
        self.most = most
        self.code = code
        self.failures = list(failures)
        """Raised once each, before anything else."""
        self.asked: list[ReadCall] = []

    def __repr__(self) -> str:
        return f"Stubborn(bad={self.bad}, borders={self.borders}, most={self.most}, code={self.code})"

    async def read(self, call: ReadCall) -> bytes:
        self.asked.append(call)
        if self.failures:
            raise self.failures.pop(0)
        span = range(call.address, call.address + call.count)
        if call.count > self.most or not self.bad.isdisjoint(span) or not self.borders.isdisjoint(span[1:]):
            raise modbus_exception(self.code)
        return b"".join(address.to_bytes(2, "big") for address in span)

    def gives(self, where) -> bool:
        """Whether a variable is given by itself, in as many pieces as it takes where it is a text."""
        span = range(where.address, where.address + where.count)
        return (
            self.bad.isdisjoint(span)
            and self.borders.isdisjoint(span[1:])
            and (where.count <= self.most or where.kind is Kind.STRING)
        )


def fetch_of(points, gap: int = 0, learnt: Learnt | None = None) -> Fetch:
    device = Device(line=0, index="1", interface=None, name="x", address=1, gap=gap)
    return Fetch(variables(points), device, wire_of(None), learnt or Learnt())


def cycle(fetch: Fetch, device: Stubborn):
    """Read everything once, as a poll does, and learn; return what was read and the silences."""
    return done(polled(fetch, device))


def done(work):
    """What a coroutine returns that never waits: these devices answer at once."""
    with pytest.raises(StopIteration) as end:
        work.send(None)
    return end.value.value


async def polled(fetch: Fetch, device: Stubborn):
    values, silences, learnt = list(fetch.blanks), [], fetch.learnt
    for place in fetch.order:
        try:
            values[place] = await fetch.requests[place].read(device)
        except Illegal as refusal:
            rescued = await fetch.rescue(device, fetch.requests[place], refusal, learnt)
            values[place], learnt = rescued.values, rescued.learnt
            if rescued.ended is not None:
                silences.append(rescued.ended)
                break
    reading = fetch.arranged(values)
    fetch.learn(learnt)
    return reading, silences


def right(points, device: Stubborn):
    """The values that the device gives one by one."""
    data = {address: address.to_bytes(2, "big") for address in range(300)}
    return tuple(
        decode_value(where, b"".join(data[a] for a in range(where.address, where.address + where.count)))
        if device.gives(where)
        else None
        for where in points
    )


def test_one_bad_variable_among_many_costs_itself_alone():
    points = [point(address) for address in range(100)]
    device, fetch = Stubborn(bad=[37]), fetch_of(points)
    reading, _ = cycle(fetch, device)
    assert reading == tuple(None if address == 37 else address for address in range(100))
    assert fetch.learnt == Learnt(refused={"37": 2})
    assert len(device.asked) <= 16
    device.asked.clear()
    assert cycle(fetch, device)[0] == reading
    assert [(call.address, call.count) for call in device.asked] == [(0, 37), (38, 62)]


def test_a_hole_that_is_refused_is_closed_and_the_values_on_both_sides_are_kept():
    points = [point(0), point(4), point(6), point(9)]
    device, fetch = Stubborn(bad=[2]), fetch_of(points, gap=10)
    assert cycle(fetch, device)[0] == (0, 4, 6, 9)
    assert fetch.learnt == Learnt(closed=frozenset({Hole(HOLDING, 1, 3)}))
    device.asked.clear()
    assert cycle(fetch, device)[0] == (0, 4, 6, 9)
    assert [(call.address, call.count) for call in device.asked] == [(0, 1), (4, 6)]


@pytest.mark.parametrize("code", [2, 3])
def test_the_largest_count_that_a_device_gives_is_found(code):
    points = [point(address) for address in range(120)]
    device, fetch = Stubborn(most=50, code=code), fetch_of(points)
    assert cycle(fetch, device)[0] == tuple(range(120))
    assert fetch.learnt == Learnt(largest={HOLDING: 50})
    device.asked.clear()
    cycle(fetch, device)
    assert [call.count for call in device.asked] == [50, 50, 20]


def test_a_largest_count_that_cuts_no_value_is_found_where_values_are_long():
    points = [point(address, Kind.U64) for address in range(0, 120, 4)]
    device, fetch = Stubborn(most=50, code=3), fetch_of(points)
    cycle(fetch, device)
    assert fetch.learnt == Learnt(largest={HOLDING: 48})


def test_a_border_between_neighbours_is_learnt():
    """Some devices refuse a read across two blocks of their map, though both are there without a hole."""
    points = [point(address) for address in range(20)]
    device, fetch = Stubborn(borders=[10]), fetch_of(points)
    assert cycle(fetch, device)[0] == tuple(range(20))
    assert fetch.learnt == Learnt(closed=frozenset({Hole(HOLDING, 10, 0)}))


def test_a_text_longer_than_the_device_gives_at_once_is_read_in_pieces():
    points = [point(0, Kind.STRING, length=120)]
    device, fetch = Stubborn(most=20, code=3), fetch_of(points)
    assert cycle(fetch, device)[0] == right(points, device)
    assert fetch.learnt == Learnt(largest={HOLDING: 20})


def test_a_text_that_is_not_there_is_refused_without_a_word_about_counts():
    points = [point(0), point(10, Kind.STRING, length=120)]
    device, fetch = Stubborn(bad=range(40, 70)), fetch_of(points)
    assert cycle(fetch, device)[0] == (0, None)
    assert fetch.learnt == Learnt(refused={"1": 2})


def test_variables_of_one_register_are_asked_once_and_share_their_fate():
    points = [point(0)] + [point(1, Kind.BITS, bit=bit) for bit in range(16)]
    device, fetch = Stubborn(bad=[1]), fetch_of(points)
    cycle(fetch, device)
    assert set(fetch.learnt.refused) == {str(n) for n in range(1, 17)}
    assert len(device.asked) <= 3


def test_a_function_that_the_device_does_not_have_is_marked_for_its_variables_alone():
    points = [point(0), point(1, table=Table.INPUT_REGISTER), point(2)]

    class NoInputs(Stubborn):
        async def read(self, call: ReadCall) -> bytes:
            if call.table is Table.INPUT_REGISTER:
                raise modbus_exception(1)
            return await super().read(call)

    fetch = fetch_of(points)
    assert cycle(fetch, NoInputs())[0] == (0, None, 2)
    assert fetch.learnt == Learnt(refused={"1": 1})


def test_a_refusal_for_a_moment_teaches_nothing():
    points = [point(address) for address in range(10)]
    device, fetch = Stubborn(failures=[modbus_exception(2)]), fetch_of(points)
    assert cycle(fetch, device)[0] == tuple(range(10))
    assert fetch.learnt == Learnt()


def test_a_device_that_falls_silent_meanwhile_keeps_what_was_read_and_learnt():
    points = [point(address) for address in range(4)]

    class Dying(Stubborn):
        async def read(self, call: ReadCall) -> bytes:
            if len(self.asked) == 4:
                raise Silence("gone")
            return await super().read(call)

    device, fetch = Dying(bad=[0]), fetch_of(points)
    reading, silences = cycle(fetch, device)
    assert reading == (None, 1, None, None)
    assert fetch.learnt.refused == {"0": 2}
    assert isinstance(silences[0], Silence)


def test_a_part_for_which_the_device_has_no_time_is_missing_and_not_marked():
    points = [point(address) for address in range(4)]

    class BusyThere(Stubborn):
        async def read(self, call: ReadCall) -> bytes:
            if call.address == 2:
                raise modbus_exception(6)
            return await super().read(call)

    device, fetch = BusyThere(bad=[0]), fetch_of(points)
    assert cycle(fetch, device)[0] == (None, 1, None, None)
    assert fetch.learnt.refused == {"0": 2}
    assert isinstance(modbus_exception(6), Busy)


def test_bits_are_read_in_parts_as_registers_are():
    """Ninety coils of which one is refused, of a device that gives at most 32 at once."""

    class Coils(Stubborn):
        async def read(self, call: ReadCall) -> bytes:
            await super().read(call)
            ones = sum(1 << place for place in range(call.count) if (call.address + place) % 3 == 0)
            return ones.to_bytes((call.count + 7) // 8, "little")

    points = [point(address, table=Table.COIL) for address in range(90)]
    device, fetch = Coils(bad=[50], most=32), fetch_of(points)
    expected = tuple(None if address == 50 else int(address % 3 == 0) for address in range(90))
    assert cycle(fetch, device)[0] == expected
    while done(refusals(fetch, device)):
        assert cycle(fetch, device)[0] == expected
    assert fetch.learnt.refused == {"50": 2}
    assert fetch.learnt.largest == {Table.COIL: 32}


@st.composite
def cases(draw):
    kinds = st.sampled_from([Kind.U16, Kind.U16, Kind.U32, Kind.U64, Kind.STRING])
    points = []
    for _ in range(draw(st.integers(1, 14))):
        kind = draw(kinds)
        more = {"length": draw(st.integers(1, 40))} if kind is Kind.STRING else {}
        points.append(point(draw(st.integers(0, 60)), kind, **more))
    device = Stubborn(
        bad=draw(st.sets(st.integers(0, 80), max_size=6)),
        borders=draw(st.sets(st.integers(0, 80), max_size=2)),
        most=draw(st.sampled_from([125, 125, 30, 6])),
        code=draw(st.sampled_from([2, 3])),
    )
    return points, device, draw(st.integers(0, 20))


@settings(max_examples=75)
@given(cases())
def test_no_cycle_misses_a_value_that_the_device_gives_and_soon_nothing_is_refused(case):
    """Whatever is bad: already the first cycle has it all, and after some cycles the plan meets no refusal."""
    points, device, gap = case
    fetch = fetch_of(points, gap)
    expected = right(points, device)
    for _ in range(MOST_CYCLES):
        reading, _ = cycle(fetch, device)
        missed = [
            (where, got, due)
            for where, got, due in zip(points, reading, expected, strict=True)
            if due is not None and got is None
        ]
        assert not missed
        assert all(got in (None, due) for got, due in zip(reading, expected, strict=True) if due is not None)
        device.asked.clear()
        if not done(refusals(fetch, device)):
            break
    else:
        raise AssertionError(f"still refused after {MOST_CYCLES} cycles: {fetch.learnt}")


async def refusals(fetch: Fetch, device: Stubborn) -> int:
    """How many requests of the plan are refused."""
    count = 0
    for request in fetch.requests:
        try:
            await request.read(device)
        except LinkFailure:
            count += 1
    return count


def test_a_refused_variable_is_a_hole_that_is_never_crossed():
    points = [point(0), point(1), point(2)]
    fetch = fetch_of(points, gap=10, learnt=Learnt(refused={"1": 2}))
    assert [str(request) for request in fetch.requests] == ["holding registers 0 to 0", "holding registers 2 to 2"]
    assert plan(variables(points)) != ()
