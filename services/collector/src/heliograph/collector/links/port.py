"""A serial port by pyserial: a device file, or `socket://` and `rfc2217://` for serial servers."""

import re
import termios
from types import TracebackType
from typing import Self

import serial

from heliograph.collector.links.direction import SEPARATE_PAIRS, let_driver_switch
from heliograph.collector.links.errors import LinkDown
from heliograph.formats.daq import SerialLine

SLICE_SECONDS = 0.02
"""A read returns after this long at most. Set once: to change it, `rfc2217://` negotiates the whole port again."""
WRITE_SECONDS = 2.0
"""Not for `rfc2217://`, which refuses a limit of ours and has one of its own."""
MOST_PENDING_BYTES = 4096


RFC2217 = "rfc2217:"


_REFUSED = re.compile("RFC2217|RFC 2217|rejected value|BINARY|NOTIFY_MODEMSTATE|for option")


def is_network(device: str) -> bool:
    """Tell whether a serial server is behind this, not a port of this machine."""
    return "://" in device


_CONNECTION = "_socket"
"""Where pyserial keeps the connection of a port of the network."""


class SerialPort:
    """An open port, locked against other programs where it is a device file. Any failure is a `LinkDown`."""

    def __init__(self, line: SerialLine, device: str, name: str = "") -> None:
        self.where = f"{name or line.name} ({device})"
        self._device = device
        with self._failures():
            self._port = serial.serial_for_url(
                device,
                baudrate=line.baudrate,
                bytesize=line.data_bits,
                parity=line.parity,
                stopbits=line.stop_bits,
                timeout=SLICE_SECONDS,
                write_timeout=None if device.startswith(RFC2217) else WRITE_SECONDS,
                exclusive=True,
            )
        if line.wires != SEPARATE_PAIRS and not is_network(device):
            let_driver_switch(self._port.fileno())

    def read(self, count: int) -> bytes:
        """Return as soon as `count` bytes are there, or what came within `SLICE_SECONDS`."""
        with self._failures():
            return bytes(self._port.read(count))

    def pending(self) -> bytes:
        """Return what has come already."""
        data = b""
        with self._failures():
            # A socket only tells that there is something, not how much.
            while len(data) < MOST_PENDING_BYTES and (waiting := self._port.in_waiting):
                data += self._port.read(waiting)
        return data

    def write(self, frame: bytes) -> None:
        """Hand a frame to the port."""
        with self._failures():
            self._port.write(frame)

    def check_parity(self) -> None:
        """Let the driver give 0 for a character of wrong parity; pyserial switches that off, whatever the parity."""
        with self._failures():
            settings = termios.tcgetattr(self._port.fileno())
            settings[0] = settings[0] & ~(termios.IGNPAR | termios.PARMRK) | termios.INPCK
            termios.tcsetattr(self._port.fileno(), termios.TCSANOW, settings)

    def close(self) -> None:
        """Let go of the port, whatever state it is in."""
        connection = getattr(self._port, _CONNECTION, None)
        with _Ignored():
            self._port.close()
        if connection is not None:  # pyserial leaves it open where the peer is gone already
            connection.close()

    def _failures(self) -> "_Failures":
        return _Failures(self.where, self._device)


def meter_port(device: str, bit_rate: int) -> SerialPort:
    """Open a meter's customer output: 7 bits, even parity, 1 stop bit (Enedis-NOI-CPT_54E). Raises `LinkDown`."""
    port = SerialPort(SerialLine(1, bit_rate, data_bits=7, parity="E", stop_bits=1, wires=4), device, "TIC1")
    if "://" not in device:
        port.check_parity()
    return port


class _Failures:
    """Turns what pyserial raises into `LinkDown` for people."""

    def __init__(self, where: str, device: str) -> None:
        self.where = where
        self.device = device

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # pyserial leaks TypeError and struct errors of ports that vanish under it, so every Exception counts.
        if isinstance(error, Exception):
            raise LinkDown(f"{self.where}: {_cause(error, self.device)}") from error


class _Ignored:
    """A port that is gone may refuse to be closed as well."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return isinstance(error, Exception)


def _cause(error: Exception, device: str) -> str:
    number = getattr(error, "errno", None)
    known = {
        2: "there is no such port; is the adapter plugged in, is the path right?",
        13: "no right to open the port; is the user in its group (dialout)?",
        11: "another program holds the port",
        16: "another program holds the port",
    }
    if number in known:
        return known[number]
    if isinstance(error, serial.SerialTimeoutException):
        return "the port takes no more bytes"
    if device.startswith(RFC2217) and _REFUSED.search(str(error)):
        return (
            f"the serial server refuses what RFC 2217 asks of it ({error}); where it hands bytes through, use socket://"
        )
    return f"the port failed ({error})"
