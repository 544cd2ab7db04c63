"""Serial lines and Modbus TCP behind one `Link` protocol: the only place that knows pymodbus and pyserial."""

from heliograph.collector.links.calls import Call, ReadCall, WriteCall
from heliograph.collector.links.errors import (
    BadFrame,
    DropKind,
    LinkDown,
    LinkFailure,
    ModbusException,
    NoAnswer,
    Silence,
)
from heliograph.collector.links.link import Counters, Link, OnDrop
from heliograph.collector.links.port import SerialPort, meter_port
from heliograph.collector.links.rtu import RtuLink
from heliograph.collector.links.tcp import TcpLink

__all__ = [
    "BadFrame",
    "Call",
    "Counters",
    "DropKind",
    "Link",
    "LinkDown",
    "LinkFailure",
    "ModbusException",
    "NoAnswer",
    "OnDrop",
    "ReadCall",
    "RtuLink",
    "SerialPort",
    "Silence",
    "TcpLink",
    "WriteCall",
    "meter_port",
]
