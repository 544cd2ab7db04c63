"""What can go wrong with an exchange on a line; the class is the polling policy, `kind` the name of its counter.

LinkFailure                  any of the below
├── NoAnswer                 the device is at fault: its turn is over, it counts as a failure of this device
│   ├── Silence              kind `timeout`: not one byte within the time limit
│   └── BadFrame             kind `crc`, `noise`, `short`, `unit`, `function`, `late` or `echo`: bytes came,
│                            were dropped, and the right answer did not follow within the time limit
├── ModbusException          kind `exception`: the device answered and says no; the line is fine
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

EXCEPTION_TEXTS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, still working",
    6: "device busy",
    7: "negative acknowledge",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "the device behind the gateway does not answer",
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
    """The device refused with an exception code."""

    kind = "exception"

    def __init__(self, code: int) -> None:
        super().__init__(f"the device answers with exception {code} ({EXCEPTION_TEXTS.get(code, 'unknown')})")
        self.code = code


class LinkDown(LinkFailure):
    """The port or the connection is not there; until `retry_in` seconds have passed every call fails at once."""

    kind = "link"

    def __init__(self, cause: str, retry_in: float = 0.0) -> None:
        super().__init__(cause)
        self.cause = cause
        self.retry_in = retry_in
