"""A configuration set as a whole: its files, what they say together, and every finding about them (spec 1.7, 1.10)."""

from dataclasses import dataclass

from heliograph.formats.config import Config
from heliograph.formats.daq import Daq
from heliograph.formats.definition import Definition
from heliograph.formats.schedule import Schedules


@dataclass(frozen=True, slots=True)
class VariableLimit:
    """The engineering values that may be written to a variable, whoever asks (`LIMIT_Params[n]`)."""

    device: str
    """`index` of the device."""
    variable: str
    """Index of the variable in the device's definition."""
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class ConfigurationSet:
    """A set without errors."""

    uid: str
    """What names files: `GATEWAY_Uid` where given, else the prefix of the set's files."""
    config: Config
    schedules: Schedules
    daq: Daq
    definitions: dict[str, Definition]
    """By file name; every definition that a device names."""
    files: dict[str, bytes]
    """Path relative to the set (`CONFIG/…`, `DEF/…`, `SCRIPT/…`, `CERT/…`) → content as applied (spec 1.7)."""
    limits: tuple[VariableLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """Which files of `DEF`, `SCRIPT` and `CERT` the files of `CONFIG` name: plain names, in the order of naming."""

    definitions: tuple[str, ...]
    scripts: tuple[str, ...]
    certificates: tuple[str, ...]
