"""The peers of these tests."""

from support.modbus import libmodbus_device

__all__ = ["libmodbus_device"]
