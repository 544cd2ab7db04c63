"""What a communication trace hears of a link: every byte that goes over it, with what is wrong with it."""

import pytest

from heliograph.collector.links import LinkDown, LinkFailure
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, RtuSimulator, TcpSimulator
from heliograph.demo.simulator.crc import crc16
from support.modbus import holding, rtu_link, tcp_link
from support.ports import free_port

BAUD = 115200
LIMIT = 20
"""Of an exchange that is to be answered, on a busy machine."""


class Heard(list):
    """What a tap told, without its times."""

    def __call__(self, moment: float, flow: str, data: bytes, note: str) -> None:
        self.append((flow, data, note))


def bank():
    return Registers({HOLDING_REGISTER: {n: 1000 + n for n in range(20)}})


def framed(body: bytes) -> bytes:
    return body + crc16(body)


QUESTION = framed(bytes.fromhex("010300000001"))
GOOD = framed(bytes.fromhex("01030203e8"))


async def ask(link, seconds=LIMIT):
    try:
        await link.read(holding(1, 0, 1), seconds)
    except LinkFailure:
        return False
    return True


async def provoke(link, happened):
    """Ask with more and more patience until it happened: what is wrong may show at the end of the time limit alone."""
    for seconds in (0.2, 1, 5, LIMIT):
        await ask(link, seconds)
        if happened():
            return
    raise AssertionError("it was never told")


@pytest.mark.parametrize(
    ("attribute", "value", "expected", "note"),
    [
        ("exception", 2, framed(bytes.fromhex("018302")), "exception"),
        ("wrong_unit", 1, framed(bytes.fromhex("02030203e8")), "unit"),
        ("wrong_function", True, framed(bytes.fromhex("01040203e8")), "function"),
        ("bad_crc", True, GOOD[:-1] + bytes((GOOD[-1] ^ 1,)), "crc"),
        ("half_frame", True, GOOD[: len(GOOD) // 2], "short"),
    ],
    ids=["exception", "unit", "function", "crc", "short"],
)
async def test_a_serial_line_tells_what_is_wrong_with_a_frame(attribute, value, expected, note):
    async with RtuSimulator({1: bank()}, BAUD) as line, rtu_link(line.device, BAUD) as link:
        assert await ask(link)
        link.tap.on_bytes = heard = Heard()
        setattr(line.faults[1], attribute, value)
        await provoke(link, lambda: ("<=", expected, note) in heard)
    assert heard[0] == ("=>", QUESTION, "")


async def test_noise_before_an_answer_comes_first_and_by_itself():
    async with RtuSimulator({1: bank()}, BAUD) as line, rtu_link(line.device, BAUD) as link:
        link.tap.on_bytes = heard = Heard()
        line.faults[1].noise = b"\xaa\x55\x00"
        assert await ask(link)
    assert [entry for entry in heard if entry[0] != "--"] == [
        ("=>", QUESTION, ""), ("<=", b"\xaa\x55\x00", "noise"), ("<=", GOOD, ""),
    ]  # fmt: skip


async def test_a_port_that_is_opened_and_one_that_is_gone_are_told():
    async with RtuSimulator({1: bank()}, BAUD) as line, rtu_link(line.device, BAUD) as link:
        link.tap.on_bytes = heard = Heard()
        assert await ask(link)
        line.unplug()
        await ask(link, 0.2)
        await ask(link, 0.2)
    assert heard[0] == ("--", b"", f"opened {line.device}")
    assert heard[-1][0] == "--"


def tcp(transaction: int, body: str) -> bytes:
    data = bytes.fromhex(body)
    return transaction.to_bytes(2) + b"\0\0" + len(data).to_bytes(2) + data


@pytest.mark.parametrize(
    ("attribute", "value", "expected", "note"),
    [
        ("exception", 2, tcp(1, "018302"), "exception"),
        ("wrong_unit", 1, tcp(1, "02030203e8"), "unit"),
        ("wrong_function", True, tcp(1, "01040203e8"), "function"),
        ("bad_crc", True, tcp(0x8001, "01030203e8"), "late"),
        ("half_frame", True, tcp(1, "01030203e8")[:5], "short"),
    ],
    ids=["exception", "unit", "function", "transaction", "short"],
)
async def test_a_socket_tells_what_is_wrong_with_a_frame(attribute, value, expected, note):
    async with TcpSimulator({1: bank()}) as device, tcp_link(device.port) as link:
        link.tap.on_bytes = heard = Heard()
        setattr(device.faults[1], attribute, value)
        await provoke(
            link, lambda: ("<=", expected[2:], note) in [(flow, data[2:], said) for flow, data, said in heard]
        )
    assert heard[:2] == [("--", b"", "connected"), ("=>", tcp(1, "010300000001"), "")]


async def test_a_refused_and_a_cut_connection_are_told():
    async with tcp_link(free_port()) as link:
        link.tap.on_bytes = heard = Heard()
        with pytest.raises(LinkDown):
            await link.read(holding(1, 0, 1), LIMIT)
    assert heard == [("--", b"", "connection refused")]
    async with TcpSimulator({1: bank()}) as device, tcp_link(device.port) as link:
        link.tap.on_bytes = heard = Heard()
        assert await ask(link)
        device.respond = lambda _: [(0.0, None)]
        with pytest.raises(LinkDown):
            await link.read(holding(1, 0, 1), LIMIT)
    assert [note for flow, _, note in heard if flow == "--"][:2] == ["connected", "the connection was cut"]


async def test_nobody_who_listens_is_told_nothing():
    async with TcpSimulator({1: bank()}) as device, tcp_link(device.port) as link:
        assert await ask(link)
        link.tap.on_bytes = heard = Heard()
        assert await ask(link)
        link.tap.on_bytes = None
        assert await ask(link)
    assert heard == [("=>", tcp(2, "010300000001"), ""), ("<=", tcp(2, "01030203e8"), "")]
