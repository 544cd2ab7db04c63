"""Who switches an RS-485 transmitter: `wires` of the line, and what the driver of the port can do."""

import errno
import fcntl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.collector.links import WriteCall, direction
from heliograph.collector.links.direction import (
    ENABLED,
    RECEIVE_DURING_SEND,
    RTS_AFTER_SEND,
    RTS_ON_SEND,
    TIOCGRS485,
    TIOCSRS485,
    let_driver_switch,
    switching,
)
from heliograph.collector.links.port import SerialPort
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, RtuSimulator
from heliograph.formats.daq import SerialLine
from support.modbus import cable, holding, registers, rtu_link


class Driver:
    """A UART driver with RS-485 mode: what it was set to."""

    def __init__(self, flags=0) -> None:
        self.settings = [flags, 3, 4, 0, 0, 0, 0, 0]
        self.asked = []

    def ioctl(self, descriptor, request, settings):
        self.asked.append(request)
        if request == TIOCGRS485:
            settings[:] = type(settings)("I", self.settings)
        elif request == TIOCSRS485:
            self.settings = list(settings)
        else:
            raise OSError(errno.ENOTTY, "no such request")


def test_a_driver_that_can_is_asked_to_switch_by_rts_and_its_delays_stay(monkeypatch):
    driver = Driver(RTS_AFTER_SEND)
    monkeypatch.setattr(direction.fcntl, "ioctl", driver.ioctl)
    assert let_driver_switch(0)
    assert driver.settings == [ENABLED | RTS_ON_SEND, 3, 4, 0, 0, 0, 0, 0]


def test_a_driver_that_the_board_has_set_up_is_left_alone(monkeypatch):
    driver = Driver(ENABLED | RTS_AFTER_SEND)
    monkeypatch.setattr(direction.fcntl, "ioctl", driver.ioctl)
    assert let_driver_switch(0)
    assert driver.asked == [TIOCGRS485]


@given(st.integers(0, 0xFFFF))
def test_switching_changes_nothing_but_its_own_flags(flags):
    own = ENABLED | RTS_ON_SEND | RTS_AFTER_SEND | RECEIVE_DURING_SEND
    assert switching(flags) & own == ENABLED | RTS_ON_SEND
    assert switching(flags) & ~own == flags & ~own


async def test_a_port_whose_driver_cannot_works_all_the_same():
    """A pseudo terminal refuses, as USB adapters do, which switch by themselves."""
    async with cable() as (ours, _):
        port = SerialPort(SerialLine(1), ours)
        assert not let_driver_switch(port._port.fileno())
        port.close()


@pytest.mark.parametrize(("wires", "asked"), [(2, True), (4, False)])
async def test_only_the_driver_of_a_pair_for_both_directions_is_asked(monkeypatch, wires, asked):
    requests = []
    ioctl = fcntl.ioctl

    def noted(descriptor, request, settings=0):
        requests.append(request)
        return ioctl(descriptor, request, settings)

    monkeypatch.setattr(direction.fcntl, "ioctl", noted)
    async with cable() as (ours, _):
        SerialPort(SerialLine(1, wires=wires), ours).close()
    assert (TIOCGRS485 in requests) is asked


@pytest.mark.parametrize(("wires", "requests"), [(2, 2), (4, 1)])
async def test_before_its_first_write_a_line_of_two_wires_looks_for_an_echo_and_one_of_four_need_not(wires, requests):
    bank = Registers({HOLDING_REGISTER: {0: 5}})
    async with (
        RtuSimulator({1: bank}, 115200, paced=False) as line,
        rtu_link(line.device, 115200, wires=wires) as link,
    ):
        await link.write(WriteCall(1, 6, 0, (7,)), 30)
        assert line.units.requests[1] == requests
        assert registers(await link.read(holding(1, 0, 1), 30)) == [7]
