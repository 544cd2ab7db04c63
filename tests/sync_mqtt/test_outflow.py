"""The window before the cursor: in order, without gaps, and never more than it says (spec 3.5)."""

from hypothesis import given
from hypothesis import strategies as st

from heliograph.sync.ledger import RECORDS
from heliograph.sync.telemetry.outflow import SETTLED_TOGETHER, WINDOW_BYTES, WINDOW_MESSAGES, Outflow
from heliograph.sync.telemetry.payloads import Message


class Cursor:
    """What an outflow asks of a ledger."""

    def __init__(self, end: int, position: int | None = 0) -> None:
        self.at, self.last = position, end

    def position(self, _server: int, _stream: str) -> int | None:
        return self.at

    def end(self, _stream: str) -> int:
        return self.last

    def advance(self, _server: int, _stream: str, position: int, last: int) -> bool:
        if self.at != position:
            return False
        assert last > position
        self.at = last
        return True


class Line:
    """What was published and not acknowledged yet."""

    def __init__(self) -> None:
        self.flying: list[tuple[int, bytes]] = []
        self.sent = 0

    def publish(self, payload: bytes) -> int:
        self.sent += 1
        self.flying.append((self.sent, payload))
        return self.sent


def outflow(cursor: Cursor, size: int = 10) -> Outflow:
    def make(after: int, until: int):
        for row in range(after + 1, until + 1):
            yield Message(b"" if row % 7 == 0 else b"%d" % row + b" " * size, row, 1)

    return Outflow(cursor, 1, RECORDS, make)


@given(st.lists(st.integers(0, WINDOW_MESSAGES), max_size=300))
def test_the_cursor_never_passes_what_is_not_acknowledged_in_whatever_order_it_comes(order):
    cursor, line = Cursor(200), Line()
    flow = outflow(cursor)
    flow.ask()
    acknowledged: set[int] = set()
    for choice in [*order, *[0] * 300]:
        while flow.feed(line.publish):
            pass
        assert len(line.flying) <= WINDOW_MESSAGES
        if line.flying:
            number, payload = line.flying.pop(choice % len(line.flying))
            assert flow.acknowledge(number)
            acknowledged.add(int(payload))
        flow.settle()
        assert all(row % 7 == 0 or row in acknowledged for row in range(1, cursor.at + 1))
    assert flow.is_done
    assert cursor.at == 200


def test_a_kill_repeats_no_more_than_the_window():
    cursor, line = Cursor(1000), Line()
    flow = outflow(cursor)
    flow.ask()
    for _ in range(500):
        while flow.feed(line.publish):
            pass
        number, _payload = line.flying.pop(0)
        flow.acknowledge(number)
        flow.settle()
        last = int(line.flying[-1][1])
        assert last - cursor.at <= WINDOW_MESSAGES + WINDOW_MESSAGES // 6 + 1
    assert cursor.at >= 500 - SETTLED_TOGETHER


def test_large_messages_fill_the_window_by_their_bytes():
    cursor, line = Cursor(100), Line()
    flow = outflow(cursor, WINDOW_BYTES // 3)
    flow.ask()
    while flow.feed(line.publish):
        pass
    assert len(line.flying) == 3


def test_a_server_that_is_taken_out_meanwhile_moves_nothing():
    cursor, line = Cursor(10), Line()
    flow = outflow(cursor)
    flow.ask()
    while flow.feed(line.publish):
        pass
    cursor.at = None
    for number, _ in line.flying:
        flow.acknowledge(number)
    flow.settle()
    assert not flow.is_ours
    assert flow.is_done


def test_a_server_on_trial_sends_nothing():
    line = Line()
    flow = outflow(Cursor(10, position=None))
    flow.ask()
    assert not flow.feed(line.publish)
    assert flow.is_done
