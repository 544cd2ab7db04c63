"""Detection of SunSpec devices: asked for, told as it goes, stopped, and what it proposes (spec 2.4)."""

from typing import Annotated, Literal

from pydantic import Field

from heliograph.contract.identifiers import Milliseconds, Payload
from heliograph.contract.requests import Outcome

DetectionKey = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
"""Names one detection, also after a restart of the collector never another one."""

MOST_LINES = 1000
"""Lines of progress that are kept of a detection."""


class SerialSettings(Payload):
    """How to speak on a serial line that `_daq.csv` does not have yet."""

    baudrate: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 19200
    data_bits: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1


class DetectRequest(Payload):
    """Search for SunSpec devices. One detection runs at a time."""

    targets: Annotated[tuple[Annotated[str, Field(max_length=300)], ...], Field(min_length=1, max_length=1024)]
    """Hosts, ranges (`192.168.1.10-40`), networks (`10.0.0.0/24`), serial lines (`SERIAL1`): at most 1024 addresses."""
    units: Annotated[str, Field(max_length=500)] = ""
    """`1-5,7`; empty: unit 1 of hosts, units 1 to 32 of serial lines."""
    port: Annotated[int, Field(ge=1, le=65_535)] = 502
    """Of hosts that are named without one."""
    timeout_ms: Annotated[int, Field(ge=50, le=10_000)] = 1000
    """Time limit of one answer."""
    most_devices: Annotated[int, Field(ge=1, le=1000)] = 200
    serial: SerialSettings = SerialSettings()


class DetectAnswer(Outcome):
    """The detection that began."""

    detection: DetectionKey | None = None


class DetectionQuery(Payload):
    """Ask how a detection is doing; None is the newest."""

    detection: DetectionKey | None = None
    definitions: bool = False
    """With the texts of the definition files."""


class StopDetection(Payload):
    """End a detection; what it found stays until it is forgotten."""

    detection: DetectionKey
    forget: bool = False


class DetectionProgress(Payload):
    """One line of a running detection, or its figures alone."""

    detection: DetectionKey
    line: str = ""
    """As people read it (spec 2.4), with its time."""
    asked: int
    total: int
    found: int
    running: bool


class FoundTable(Payload):
    """One model of a device's chain."""

    model: int
    length: int
    address: int
    """The register in which its number stands."""
    known: bool
    """Whether its definition is known, so that its points get variables."""


class DeviceProposal(Payload):
    """A found device, as it would be configured."""

    key: str
    """Names it in this detection."""
    interface: str
    address: int
    manufacturer: str
    model: str
    options: str
    version: str
    serial_number: str
    base: int
    """The register at which `SunS` stands."""
    tables: tuple[FoundTable, ...]
    definition: str
    """Name of its definition file; devices that are alike share one."""
    variables: int
    recorded: int
    """Variables in its data file."""
    notes: tuple[str, ...] = ()
    """For people: what is wrong with its chain, what is left out."""
    ticked: bool = True
    """Whether it is proposed: not where it is configured already, or found twice."""
    known: str = ""
    """For people: why it is not ticked."""


class DetectionState(Outcome):
    """One detection as it stands: `error` is not empty where there is none."""

    detection: DetectionKey | None = None
    running: bool = False
    stopped: bool = False
    """Ended by a person, not by its end."""
    began: Milliseconds | None = None
    ended: Milliseconds | None = None
    targets: tuple[str, ...] = ()
    asked: int = 0
    total: int = 0
    """Units."""
    timeout_ms: int = 1000
    serial: SerialSettings = SerialSettings()
    lines: tuple[str, ...] = ()
    """Of progress, the newest last; at most 1,000."""
    dropped: int = 0
    """Older lines that are not kept."""
    problems: tuple[str, ...] = ()
    """What could not be searched, and why."""
    proposals: tuple[DeviceProposal, ...] = ()
    definitions: dict[str, str] = {}
    """Text by file name; empty unless asked for."""
