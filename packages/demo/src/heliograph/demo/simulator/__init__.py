"""Simulated Modbus devices: a server of our own, independent of every library that the gateway uses."""

from heliograph.demo.simulator.banks import (
    COIL,
    DEVICE_FAILURE,
    DISCRETE_INPUT,
    HOLDING_REGISTER,
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    INPUT_REGISTER,
    Bank,
    ModbusFault,
    Registers,
)
from heliograph.demo.simulator.faults import Faults, Respond
from heliograph.demo.simulator.rtu import RtuSimulator, Silences
from heliograph.demo.simulator.tcp import TcpSimulator
from heliograph.demo.simulator.timing import LineTiming

__all__ = [
    "COIL",
    "DEVICE_FAILURE",
    "DISCRETE_INPUT",
    "HOLDING_REGISTER",
    "ILLEGAL_ADDRESS",
    "ILLEGAL_FUNCTION",
    "ILLEGAL_VALUE",
    "INPUT_REGISTER",
    "Bank",
    "Faults",
    "LineTiming",
    "ModbusFault",
    "Registers",
    "Respond",
    "RtuSimulator",
    "Silences",
    "TcpSimulator",
]
