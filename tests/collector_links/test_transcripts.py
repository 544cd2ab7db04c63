"""Transcripts of lines, mutated: what is taken for an answer is a frame that a reference with its own check sum takes.

`transcripts/*.txt` hold requests and answers by turns, with check sums, as kinds of devices of the field exchange them.
"""

import asyncio
import itertools
import struct
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.collector.links import ModbusException, NoAnswer, RawCall, ReadCall, Silence
from heliograph.collector.links.doubts import Doubts
from heliograph.collector.links.exchange import SerialExchange
from heliograph.collector.links.hunt import hunt
from heliograph.collector.links.messages import answer_message, call_of, changes, refusal_message, target_text
from heliograph.collector.links.modbus import Mismatch, answer_data, rtu_frame
from heliograph.collector.links.tcp_socket import ModbusSocket
from heliograph.demo.simulator.crc import crc16
from heliograph.formats.daq import SerialLine

FILES = sorted(Path(__file__).with_name("transcripts").glob("*.txt"))


class Exchange(NamedTuple):
    """A request and its answer as they passed on the line."""

    request: bytes
    answer: bytes

    @property
    def call(self):
        return call_of(self.request[0], self.request[1:-2])


def recorded(path: Path) -> list[Exchange]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line[:2] in (">>", "<<")]
    assert [line[:2] for line in lines] == [">>", "<<"] * (len(lines) // 2)
    frames = [bytes.fromhex(line[2:]) for line in lines]
    return [Exchange(*pair) for pair in zip(frames[::2], frames[1::2], strict=True)]


def given_back(call, ask):
    """The message that another master would get for what a call gives."""
    try:
        return answer_message(call, ask())
    except ModbusException as refusal:
        return refusal_message(call.function, refusal.code)


EXCHANGES = [exchange for path in FILES for exchange in recorded(path)]


@st.composite
def mutated(draw, data: bytes) -> bytes:
    """Bytes flipped, lost, doubled, moved and put in, up to four times."""
    wire = bytearray(data)
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, max(0, len(wire) - 1)))
        kind = draw(st.sampled_from(["flip", "lose", "double", "put", "cut", "repeat"]))
        if kind == "flip" and wire:
            wire[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "lose":
            del wire[place : place + draw(st.integers(1, 3))]
        elif kind == "double":
            wire[place:place] = wire[place : place + draw(st.integers(1, 4))]
        elif kind == "put":
            wire[place:place] = draw(st.binary(max_size=6))
        elif kind == "cut":
            del wire[place:]
        elif kind == "repeat":
            wire += data
    return bytes(wire)


@st.composite
def disturbed(draw) -> tuple[Exchange, bytes]:
    exchange = draw(st.sampled_from(EXCHANGES))
    other = draw(st.sampled_from(EXCHANGES)).answer
    wire = draw(mutated(exchange.answer))
    order = draw(st.sampled_from(["alone", "behind", "before", "echo"]))
    whole = {"alone": wire, "behind": other + wire, "before": wire + other, "echo": exchange.request + wire}
    return exchange, whole[order]


def reference(exchange: Exchange, wire: bytes) -> set[bytes]:
    """Every message that may be the answer: unit, function, size and check sum are right, at any place."""
    call, found = exchange.call, set()
    unit, function = exchange.request[:2]
    for start, end in itertools.combinations(range(len(wire) + 1), 2):
        frame = wire[start:end]
        if len(frame) < 4 or frame[0] != unit or crc16(frame[:-2]) != frame[-2:]:
            continue
        is_refusal = frame[1] == function | 0x80 and len(frame) == 5
        if isinstance(call, RawCall):
            is_answer = frame[1] & 0x7F == function and end == len(wire)
        elif isinstance(call, ReadCall):
            is_answer = frame[1] == function and len(frame) == 5 + frame[2] and frame[2] == call.byte_count
        else:
            is_answer = frame[:6] == exchange.request[:6] and len(frame) == 8
        if is_refusal or is_answer:
            found.add(frame[1:-2])
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_was_recorded_is_asked_and_read_byte_for_byte(path):
    for exchange in recorded(path):
        call = exchange.call
        assert rtu_frame(call) == exchange.request
        found = hunt(call).find(exchange.answer)
        told = given_back(call, lambda call=call, found=found: answer_data(call, found.message))
        assert told == exchange.answer[1:-2]


@given(disturbed())
def test_the_hunt_takes_what_the_reference_takes_and_nothing_else(both):
    exchange, wire = both
    possible = reference(exchange, wire)
    found = hunt(exchange.call).find(wire)
    assert (found is not None) == bool(possible)
    if found is not None:
        assert found.message in possible
        frame = wire[found.start : found.end]
        assert frame[-2:] == crc16(frame[:-2])


class Line:
    """A serial port on which bytes come in these portions once a request was sent."""

    def __init__(self, portions) -> None:
        self.portions = list(portions)
        self.waiting = b""
        self.is_asked = False

    def write(self, frame):
        self.is_asked = True

    def read(self, count):
        if self.is_asked and not self.waiting and self.portions:
            self.waiting = self.portions.pop(0)
        data, self.waiting = self.waiting[:count], self.waiting[count:]
        return data

    def pending(self):
        return self.read(4096)

    def close(self): ...


@given(disturbed(), st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_whatever_comes_on_a_line_a_call_gives_what_the_reference_takes_or_fails(both, sizes):
    """The whole exchange, with its search for echoes and its doubts; the bytes come in portions of these sizes."""
    exchange, wire = both
    places = itertools.accumulate(itertools.chain([0], itertools.cycle(sizes)))
    edges = [*itertools.takewhile(lambda place: place < len(wire), places), len(wire)]
    port = Line(wire[start:end] for start, end in itertools.pairwise(edges))
    line = SerialExchange(SerialLine(1, 115200, wires=4), port, Doubts(), lambda: False)
    try:
        message = given_back(exchange.call, lambda: line.ask(exchange.call, 0.002))
    except NoAnswer as failure:
        told = isinstance(failure, Silence) or line.tally.drops
        assert told
        return
    possible = set().union(*(reference(exchange, wire[: len(wire) - cut]) for cut in range(len(wire))))
    assert message in possible


@given(disturbed(), st.sampled_from([7, 7, 8, 0xFFFF]))
def test_whatever_comes_over_a_socket_only_the_answer_of_this_transaction_and_unit_is_taken(both, transaction):
    exchange, wire = both
    message = wire[1:-2][:253]
    if not message:
        return
    frame = struct.pack(">HHHB", transaction, 0, len(message) + 1, wire[0]) + message
    told = asyncio.run(taken(exchange.call, frame))
    if told is not None:
        assert (transaction, wire[0], message[: len(told)]) == (7, exchange.call.unit, told)


async def taken(call, frame):
    """What a socket takes as the answer to the call, transaction 7."""
    loop = asyncio.get_running_loop()
    wire = ModbusSocket(loop, lambda *_: None)
    wire._call, wire._transaction, wire._unit = call, 7, call.unit
    wire._waiter = loop.create_future()
    view = wire.get_buffer(-1)
    view[: len(frame)] = frame
    wire.buffer_updated(len(frame))
    return given_back(call, wire._waiter.result) if wire._waiter.done() else None


@given(st.binary(max_size=260), st.integers(0, 255))
def test_any_message_of_another_master_is_a_call_with_the_same_bytes_or_none(message, unit):
    try:
        call = call_of(unit, message)
    except ValueError:
        assert not 1 <= len(message) <= 253 or not 0 < message[0] < 0x80
        return
    assert rtu_frame(call)[:-2] == bytes((unit,)) + message
    assert target_text(call).startswith(f"unit {unit}, function {message[0]}")
    assert changes(call) or message[0] not in (5, 6, 15, 16, 21, 22, 23)


@given(st.sampled_from(EXCHANGES), st.data())
def test_any_mutation_of_a_request_is_passed_on_as_it_is(exchange, data):
    message = data.draw(mutated(exchange.request[1:-2]))
    if 1 <= len(message) <= 253 and 0 < message[0] < 0x80:
        assert rtu_frame(call_of(9, message))[1:-2] == message


@given(st.sampled_from(EXCHANGES), st.binary(min_size=1, max_size=253))
def test_any_message_is_the_right_answer_or_a_named_mismatch(exchange, message):
    call = exchange.call
    try:
        data = answer_data(call, message)
    except (Mismatch, ModbusException):
        return
    assert message[0] == call.function
    assert answer_message(call, data)[: len(message)] == message[: len(answer_message(call, data))]
