"""What the REST API says and takes of devices that are added, changed and removed: models at its border (spec 2.1)."""

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from heliograph.api.models import Answer, FindingRow
from heliograph.contract import DeviceKey

MOST_TEXT: Final = 512 * 1024
"""Characters of a definition that is sent with a device."""


def _plain(text: str) -> str:
    """Return a text that can stand in one field. Raises `ValueError` with a text for people."""
    if ";" in text or not text.isprintable():
        raise ValueError("a semicolon, a line's end or a control character cannot stand in _daq.csv")
    if text != text.strip():
        raise ValueError("a blank at the beginning or the end would be lost")
    return text


Cell = Annotated[str, AfterValidator(_plain)]
Name = Annotated[Cell, Field(min_length=1, max_length=64)]
Interface = Annotated[Cell, Field(min_length=1, max_length=270, examples=["192.168.1.40:502", "SERIAL1"])]
Address = Annotated[int, Field(ge=0, le=255)]
Period = Annotated[int, Field(ge=1, le=86_400)]
Timeout = Annotated[int, Field(ge=1, le=600_000)]
FileName = Annotated[Cell, Field(max_length=128)]


class SerialSettings(BaseModel):
    """Of a serial line that `_daq.csv` does not have yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    baudrate: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 19200
    data_bits: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1


class DefinitionChoice(BaseModel):
    """Which definition a device has: one of the set, one of the library, or a new one that is sent along."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    definition: FileName = ""
    """Its file name in `DEF/`; with `text` that of the new file."""
    library: Annotated[str, Field(max_length=64)] = ""
    """Its name in the library that comes with Heliograph: `GET /api/v1/definitions`."""
    text: Annotated[str, Field(max_length=MOST_TEXT)] | None = None
    """The new file."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.definition and self.library:
            raise ValueError("a definition is of the set or of the library, not both")
        if self.text is not None and not self.definition:
            raise ValueError("a definition that is sent needs the name of its file")
        return self


class NewDevice(DefinitionChoice):
    """A device that is to be polled."""

    name: Name
    interface: Interface
    """`<host>[:<port>]` of Modbus TCP, or `SERIAL1` to `SERIAL3`."""
    address: Address
    """Modbus unit."""
    period_seconds: Period = 600
    timeout_ms: Timeout = 1000
    serial: SerialSettings = SerialSettings()
    """Used where the device is the first on its serial line."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.definition and not self.library:
            raise ValueError("a definition is needed: `definition` or `library`")
        return self


class ChangedDevice(DefinitionChoice):
    """What is to be different; what is absent stays."""

    name: Name | None = None
    interface: Interface | None = None
    address: Address | None = None
    period_seconds: Period | None = None
    timeout_ms: Timeout | None = None
    serial: SerialSettings = SerialSettings()


class DeviceDone(Answer):
    """What came of it, or would come of it."""

    index: DeviceKey
    name: str
    checked: bool
    """True: it was only checked, and nothing is changed."""
    revision: int | None
    provisional: bool
    files: tuple[str, ...]
    """Paths that change in the set."""
    line: str = ""
    """Of the device in `_daq.csv`, as it comes to stand there."""
    findings: tuple[FindingRow, ...] = ()
    """Warnings: what was mended or tolerated."""
    detail: str


class DefinitionRow(Answer):
    """One definition that a device can have."""

    name: str
    """File name in `DEF/`, or the name in the library."""
    source: Literal["set", "library"]
    protocol: str
    category: str
    manufacturer: str
    model: str
    used: int = 0
    """Devices that have it."""
    port: int | None = None
    """Of Modbus TCP, where the device's owner changed nothing."""
    unit: int | None = None


class DefinitionList(Answer):
    """Those of the set, then those of the library."""

    definitions: tuple[DefinitionRow, ...]


class DefinitionChecked(Answer):
    """What a definition says, and what is wrong with it."""

    usable: bool
    """False: it has errors, and no device can have it."""
    protocol: str = ""
    category: str = ""
    manufacturer: str = ""
    model: str = ""
    variables: int = 0
    recorded: int = 0
    findings: tuple[FindingRow, ...] = ()
    """With the line in the text."""
