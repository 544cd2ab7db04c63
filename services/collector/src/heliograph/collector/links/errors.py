"""What can go wrong with an exchange on a line; the class is the polling policy, `kind` the name of its counter.

LinkFailure                  any of the below
├── NoAnswer                 the device is at fault: its turn is over, it counts as a failure of this device
│   ├── Silence              kind `timeout`: not one byte within the time limit
│   └── BadFrame             kind `crc`, `noise`, `short`, `unit`, `function`, `late` or `echo`: bytes came,
│                            were dropped, and the right answer did not follow within the time limit
├── ModbusException          kind `exception`: the device answered and says no; the line is fine. By its code:
│   ├── Illegal              1, 2, 3: what was asked is at fault: bisected, planned anew, or marked as refused
│   ├── Busy                 5, 6: waited for and asked again, a few times; nobody's fault
│   ├── DeviceTrouble        4, and any other code: counts as a failure of this device, which answers nevertheless
│   └── NobodyBehind         10, 11: a gateway speaks for a device that is silent: as `NoAnswer`
└── LinkDown                 kind `link`: port gone, connection refused or cut; every device behind it is affected
"""

from typing import Literal

DropKind = Literal["crc", "noise", "short", "unit", "function", "late", "echo"]

DROP_TEXTS: dict[DropKind, str] = {
    "crc": "a frame with a wrong check sum",
    "noise": "bytes that are no frame",
    "short": "half a frame",
    "unit": "an answer of another unit",
    "function": "an answer to another function",
    "late": "a late answer to an earlier request",
    "echo": "only the echo of the request",
}


class LinkFailure(Exception):
    """An exchange failed; the text is for people."""

    kind: str = "link"


class NoAnswer(LinkFailure):
    """No right answer within the time limit."""


class Silence(NoAnswer):
    """Nothing came within the time limit."""

    kind = "timeout"


class BadFrame(NoAnswer):
    """Only something else came within the time limit; it was dropped."""

    def __init__(self, kind: DropKind, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class ModbusException(LinkFailure):
    """The device refused with an exception code; `modbus_exception` gives the class that the code belongs to."""

    kind = "exception"

    def __init__(self, code: int) -> None:
        _, text = EXCEPTIONS.get(code, (DeviceTrouble, "unknown"))
        super().__init__(f"the device answers with exception {code} ({text})")
        self.code = code


class Illegal(ModbusException):
    """The device does not know the function, the address or the count."""


class Busy(ModbusException):
    """The device has no time now."""


class DeviceTrouble(ModbusException):
    """The device says that it is out of order."""


class NobodyBehind(ModbusException):
    """The gateway in front of the device says that it does not answer."""


EXCEPTIONS: dict[int, tuple[type[ModbusException], str]] = {
    1: (Illegal, "illegal function"),
    2: (Illegal, "illegal data address"),
    3: (Illegal, "illegal data value"),
    4: (DeviceTrouble, "device failure"),
    5: (Busy, "acknowledged, still working"),
    6: (Busy, "device busy"),
    7: (DeviceTrouble, "negative acknowledge"),
    8: (DeviceTrouble, "memory parity error"),
    10: (NobodyBehind, "gateway path unavailable"),
    11: (NobodyBehind, "the device behind the gateway does not answer"),
}
"""Every code that Modbus defines: what follows from it, and its name."""


def modbus_exception(code: int) -> ModbusException:
    """Return what a code means to the polling; an unknown one is the device's own trouble."""
    kind, _ = EXCEPTIONS.get(code, (DeviceTrouble, ""))
    return kind(code)


class LinkDown(LinkFailure):
    """The port or the connection is not there; until `retry_in` seconds have passed every call fails at once."""

    kind = "link"

    def __init__(self, cause: str, retry_in: float = 0.0) -> None:
        super().__init__(cause)
        self.cause = cause
        self.retry_in = retry_in
