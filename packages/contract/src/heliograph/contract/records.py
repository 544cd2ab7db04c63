"""What the plant says: records, alarms, live readings, and the lines of the gateway's log."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from heliograph.contract.identifiers import DeviceKey, Milliseconds, Payload, RecordKind

Value = int | float | str | None
"""One raw value: an integer, a float (a single is given as the double of its shortest form), a text, or missing."""

Interface = Literal["MODBUS", "IO", "TIC"]


class Column(Payload):
    """One variable of a record: its Index as the definition writes it, and how many fields it takes."""

    index: str
    fields: Literal[1, 3, 4] = 1
    """1 instant; 3 minimum, maximum, mean (action 2); 4 statistics, then the instant value (actions 6, 7)."""


class Layout(Payload):
    """How the values of a record are to be read: all that a data file says of them (spec 3.1)."""

    protocol: str
    """First field of the definition's first line, as written there."""
    definition: str
    """File name of the definition."""
    digest: str
    """SHA-256 of the definition's content, in hexadecimal: under which definition the record was taken."""
    serial_number: str = ""
    """For `TIC1`: printed in the data file."""
    columns: tuple[Column, ...]


class Record(Payload):
    """What is kept of the readings of one device over one acquisition period (spec 2.3). Self-contained.

    `values` is flat: for each column of the layout, in order, its one, three or four fields.
    """

    version: Literal[1] = 1
    source: str
    """Name of the collector's outbox, made once with it: sequences are counted per source."""
    sequence: Annotated[int, Field(ge=1)]
    """Grows with every record of a source; a reader that saw a greater or equal one has this record already."""
    device: DeviceKey
    name: str
    interface: Interface
    kind: RecordKind = RecordKind.ACQUISITION
    time: Milliseconds
    """The end of the period: the record covers the readings completed in (time - period, time]."""
    layout: Layout
    values: tuple[Value, ...]

    @property
    def identity(self) -> str:
        """The deterministic id of the record, used for the broker's de-duplication."""
        return f"{self.source}.{self.sequence}"


class AlarmSource(StrEnum):
    """Where an alarm comes from (spec 3.3)."""

    GATEWAY = "GATEWAY"
    IO = "IO"
    MODBUS = "MODBUS"


class Alarm(Payload):
    """One alarm (spec 3.3). A gateway alarm has `info`; one of a device has the four fields of its variable."""

    version: Literal[1] = 1
    identity: str
    """Made once by who raises it; a reader takes each identity once."""
    source: AlarmSource
    time: Milliseconds
    info: str = ""
    definition: str = ""
    device: DeviceKey | None = None
    device_name: str = ""
    variable: str = ""
    """Index of the variable in its definition."""
    value: str = ""
    """The new raw value, printed as in a data file."""


class Level(StrEnum):
    """How much a line of the log matters (spec 1.9, `LOG_Level`)."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Event(Payload):
    """One line of the gateway's log for people (spec 3.4)."""

    version: Literal[1] = 1
    time: Milliseconds
    level: Level
    service: str
    text: str


class Reading(Payload):
    """One poll of one device, for the page, scripts and alarms. Not stored; missing variables have no key."""

    version: Literal[1] = 1
    device: DeviceKey
    name: str
    time: Milliseconds
    values: dict[str, Value]
    """Raw value by variable Index."""
