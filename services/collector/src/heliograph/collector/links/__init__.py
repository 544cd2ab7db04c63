"""Serial lines and Modbus TCP behind one `Link` protocol: the only place that knows pymodbus and pyserial."""

from heliograph.collector.links.calls import Call, RawCall, ReadCall, WriteCall
from heliograph.collector.links.errors import (
    EXCEPTIONS,
    BadFrame,
    Busy,
    DeviceTrouble,
    DropKind,
    Illegal,
    LinkDown,
    LinkFailure,
    ModbusException,
    NoAnswer,
    NobodyBehind,
    Silence,
    modbus_exception,
)
from heliograph.collector.links.link import Counters, Link, OnDrop
from heliograph.collector.links.port import SerialPort, meter_port
from heliograph.collector.links.rtu import RtuLink
from heliograph.collector.links.tap import OnBytes, Tap
from heliograph.collector.links.tcp import TcpLink

__all__ = [
    "EXCEPTIONS",
    "BadFrame",
    "Busy",
    "Call",
    "Counters",
    "DeviceTrouble",
    "DropKind",
    "Illegal",
    "Link",
    "LinkDown",
    "LinkFailure",
    "ModbusException",
    "NoAnswer",
    "NobodyBehind",
    "OnBytes",
    "OnDrop",
    "RawCall",
    "ReadCall",
    "RtuLink",
    "SerialPort",
    "Silence",
    "Tap",
    "TcpLink",
    "WriteCall",
    "meter_port",
    "modbus_exception",
]
