"""What is on its way to the outbox, encoded once: records, alarms, changes of the plant, what is kept of set points."""

from dataclasses import dataclass
from enum import Enum, auto

from pydantic_core import to_json

from heliograph.contract.records import Value


@dataclass(frozen=True, slots=True)
class RecordDraft:
    """A record without its source and sequence."""

    device: str
    body: bytes
    """The JSON object of the record from its `device` on, with the closing brace."""
    date: int | None = None
    """Acquisition records: the date, to be recorded once. None: parameters, recorded whenever they are asked for."""
    previous: int = 0
    """The due instant before `date`."""


@dataclass(frozen=True, slots=True)
class Known:
    """The last known raw value of a variable that raises alarms, as it survives a restart."""

    device_name: str
    variable: str
    """Index of the variable; empty for the device's own condition."""
    value: str
    """The raw value as JSON."""


@dataclass(frozen=True, slots=True)
class AlarmDraft:
    """An alarm and the value that it makes known, one commit; or the value alone, when `identity` is empty."""

    identity: str = ""
    body: bytes = b""
    """The JSON of the alarm."""
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class ChangeDraft:
    """A write that no command asked for, on its way to the journal."""

    identity: str
    body: bytes
    """The JSON of the change."""


@dataclass(frozen=True, slots=True)
class SetPointDraft:
    """What is kept of a set point from now on: nothing any more where the body is empty."""

    device: str
    variable: str
    body: bytes = b""


Draft = RecordDraft | AlarmDraft | ChangeDraft | SetPointDraft


class Verdict(Enum):
    """What became of a draft."""

    STORED = auto()
    REPEATED = auto()
    """A record of this device and date is there already (a clock that was set back)."""
    REFUSED = auto()
    """The storage is full; the oldest are kept (spec 3.6)."""


def as_known(value: Value) -> str:
    """Write a raw value for comparison with a later one: equal values give equal texts."""
    return to_json(value).decode()
