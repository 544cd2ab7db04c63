"""Reads `_config.ini` into a `Config`, with every finding about it (spec 1.9)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from heliograph.formats import ini
from heliograph.formats.config import Authorities, Authority, Config, Server
from heliograph.formats.config_limits import LimitsReading, field_start
from heliograph.formats.config_rules import RULES
from heliograph.formats.config_servers import read_servers
from heliograph.formats.config_values import Values
from heliograph.formats.fields import decimal
from heliograph.formats.findings import Finding
from heliograph.formats.report import Field, Report
from heliograph.formats.text import read_text

POSITION = ("GATEWAY_Latitude", "GATEWAY_Longitude")
LEVELS: dict[str, Literal["debug", "info", "warning", "error"]] = {
    "debug": "debug",
    "info": "info",
    "warning": "warning",
    "error": "error",
}


@dataclass(frozen=True, slots=True)
class ConfigReading:
    """What could be read, also of a file with errors: for the checks across files."""

    report: Report
    content: bytes
    """As applied."""
    config: Config
    values: Values
    limits: LimitsReading = field(default_factory=LimitsReading)

    @property
    def certificates(self) -> Iterator[Field]:
        """The fields that name files of `/CERT`."""
        for name, place in self.values.fields.items():
            if RULES[name].is_certificate and place.text and name not in self.values.wrong:
                yield place


def parse_config(content: bytes, file: str, uid: str = "") -> tuple[Config | None, list[Finding]]:
    """Read a `_config.ini`; the config is None if there are errors. `uid` replaces a wrong `GATEWAY_Uid`."""
    reading = read_config(content, file, uid)
    return (None if reading.report.rejected else reading.config), reading.report.findings()


def read_config(content: bytes, file: str, uid: str = "") -> ConfigReading:
    """Read as much of a `_config.ini` as can be."""
    report = Report(file)
    values, limits = Values(report, uid), LimitsReading()
    text = read_text(content, report, field_start)
    if text is None:
        return ConfigReading(report, content, _config(values, (), limits), values)
    for assignment in ini.assignments(text, report):
        if not limits.take(assignment, report):
            values.take(assignment)
    _check_position(values)
    config = _config(values, read_servers(values), limits)
    return ConfigReading(report, text.encode(report.edits), config, values, limits)


def _check_position(values: Values) -> None:
    """Latitude and longitude tell day from night together; one alone is no error, but does nothing (spec 2.3)."""
    for name, other in (POSITION, POSITION[::-1]):
        if values.text(name) and not values.is_written(other):
            values.warn(name, f"without {other} it has no effect: day and night are told by both")


def _config(values: Values, servers: tuple[Server, ...], limits: LimitsReading) -> Config:
    return Config(
        uid=values.text("GATEWAY_Uid"),
        name=values.text("GATEWAY_Name"),
        time_zone=values.text("NTP_TimeZone"),
        latitude=_degrees(values.text("GATEWAY_Latitude")),
        longitude=_degrees(values.text("GATEWAY_Longitude")),
        log_level=LEVELS[values.text("LOG_Level")],
        servers=servers,
        authorities=Authorities(*(Authority(values.text(f"CMD_{way}")) for way in ("File", "Mqtt", "Local"))),
        limits=tuple(sorted((entry.line for entry in limits.placed if entry.line), key=lambda line: line.number)),
    )


def _degrees(text: str) -> float | None:
    return decimal(text)[0] if text else None
