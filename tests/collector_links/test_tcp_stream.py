"""What a peer may send over a socket: any bytes, cut anywhere. Never wrong data, never a crash, never a full buffer."""

import asyncio
import contextlib
import itertools
import socket
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.collector.links import ModbusException
from heliograph.collector.links.modbus import tcp_frame
from heliograph.collector.links.tcp_socket import ModbusSocket
from support.modbus import holding

CALL = holding(7, 100, 3)
TRANSACTION = 0x1234
RIGHT = struct.pack(">HHHBBB3H", TRANSACTION, 0, 9, 7, 3, 6, 1, 2, 3)

frames = st.builds(
    lambda transaction, unit, message: struct.pack(">HHHB", transaction, 0, len(message) + 1, unit) + message,
    st.integers(0, 0xFFFF).filter(lambda t: t != TRANSACTION),
    st.integers(0, 255),
    st.binary(min_size=1, max_size=253),
)


async def spoken(pieces, limit=60):
    """What one exchange gives when the peer sends these pieces, and what was dropped meanwhile."""
    ours, theirs = socket.socketpair()
    dropped = []
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(lambda: ModbusSocket(loop, lambda *drop: dropped.append(drop)), sock=ours)
    try:
        asking = asyncio.create_task(wire.ask(CALL, TRANSACTION, tcp_frame(CALL, TRANSACTION), limit))
        for piece in pieces:
            theirs.sendall(piece)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert wire.filled < 300
        with contextlib.suppress(TimeoutError, ModbusException):
            return await asking, dropped
        return None, dropped
    finally:
        wire.abort()
        theirs.close()
        await asyncio.sleep(0)


def cut(data, places):
    edges = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@settings(max_examples=60, deadline=None)
@given(st.lists(frames, max_size=4), st.lists(st.integers(0, 2000), max_size=6))
def test_other_frames_before_the_answer(before, places):
    """Frames of other transactions are dropped as late, however the bytes are cut."""
    data, dropped = asyncio.run(spoken(cut(b"".join([*before, RIGHT]), places)))
    assert data == struct.pack(">3H", 1, 2, 3)
    assert dropped == [(frame[6], "late") for frame in before]


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=40).map(lambda noise: b"\xff\xff\xff" + noise))
def test_noise_before_the_answer(noise):
    data, _ = asyncio.run(spoken([noise + RIGHT]))
    assert data == struct.pack(">3H", 1, 2, 3)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=2000), max_size=4))
def test_any_bytes(pieces):
    """Garbage is no answer, and only its drops are left of it."""
    data, dropped = asyncio.run(spoken(pieces, limit=0.05))
    assert data is None
    assert all(unit == 7 for unit, _ in dropped)
