"""Reads a configuration set as a whole: every file of it, and what the files say together (spec 1.7, 1.10).

All findings of all files at once: a file with errors is read as far as it can be, so that nobody mends a set in turns.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from heliograph.formats.config_parser import ConfigReading, read_config
from heliograph.formats.daq import Daq, Device
from heliograph.formats.daq_device import PlacedDevice
from heliograph.formats.daq_parser import DaqReading, read_daq
from heliograph.formats.definition import Definition
from heliograph.formats.definition_parser import DefinitionReading, read_definition
from heliograph.formats.findings import Finding, has_errors
from heliograph.formats.limit_checks import LimitCheck
from heliograph.formats.report import Report, quote
from heliograph.formats.schedule_parser import SchedulesReading, read_schedules
from heliograph.formats.scripts import ScriptsReading, read_scripts
from heliograph.formats.set_checks import check_fit, check_schedules
from heliograph.formats.set_files import CONFIG, DAQ, SCHEDULES, SCRIPTS, SetFiles, find_files
from heliograph.formats.set_names import Folder
from heliograph.formats.sets import ConfigurationSet, NamedFiles, VariableLimit


@dataclass(slots=True)
class _Reading:
    """The files of a set, read as far as they can be."""

    config: ConfigReading
    schedules: SchedulesReading
    daq: DaqReading
    scripts: ScriptsReading
    definitions: dict[str, DefinitionReading] = field(default_factory=dict)
    """By path."""
    named: set[str] = field(default_factory=set)
    """Paths of scripts and certificates."""

    def reports(self) -> list[Report]:
        """The reports of all files."""
        parts = [part.report for part in self.definitions.values()]
        return [self.config.report, self.schedules.report, self.daq.report, self.scripts.report, *parts]


def read_set(files: Mapping[str, bytes], uid: str = "") -> tuple[ConfigurationSet | None, list[Finding]]:
    """Read a set from its files, by their paths relative to it (`CONFIG/WPM00C44F_daq.csv`).

    Without a `uid` the prefix of the files is it. Returns the set, or None if there are errors, and every finding in
    the order of file, line and column. Files that nothing names are left alone.
    """
    found = find_files(files, uid)
    reading = _read_files(found, files)
    _check_config(found, reading.config)
    check_schedules(reading.config, reading.schedules)
    _read_named(reading, files)
    limits = _limits(reading)
    findings = sorted({*found.findings, *(finding for report in reading.reports() for finding in report.findings())})
    return (None if has_errors(findings) else _set(found, reading, files, limits)), findings


def named_files(files: Mapping[str, bytes], uid: str) -> NamedFiles:
    """Return what the files of `CONFIG` name, read as far as they can be: what a server has to be asked for.

    `uid` is the prefix of the files of `CONFIG`; other files may be missing, and are not looked at. Names that are no
    plain file names are left out.
    """
    reading = _read_files(find_files(files, uid), files)
    return NamedFiles(
        definitions=_each_once(entry.definition for entry in reading.daq.placed),
        scripts=_each_once(place.text for place in reading.scripts.places),
        certificates=_each_once(place.text for place in reading.config.certificates),
    )


def _read_files(found: SetFiles, files: Mapping[str, bytes]) -> _Reading:
    paths = {kind: found.path(kind) for kind in (CONFIG, SCHEDULES, DAQ, SCRIPTS)}
    reading = _Reading(
        config=read_config(files.get(paths[CONFIG], b""), paths[CONFIG], found.uid),
        schedules=read_schedules(files.get(paths[SCHEDULES], b""), paths[SCHEDULES]),
        daq=read_daq(files.get(paths[DAQ], b""), paths[DAQ]),
        scripts=read_scripts(files.get(paths[SCRIPTS], b""), paths[SCRIPTS]),
    )
    if paths[CONFIG] not in files:
        reading.config = replace(reading.config, report=Report(paths[CONFIG]))
        reading.config.report.error(1, 1, found.missing(CONFIG))
    if paths[DAQ] not in files:
        reading.daq = replace(reading.daq, report=Report(paths[DAQ]))
        reading.daq.report.warning(1, 1, f"{found.missing(DAQ)}: nothing is polled")
    return reading


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def _check_config(found: SetFiles, config: ConfigReading) -> None:
    place = config.values.fields.get("GATEWAY_Uid")
    if place and found.uid and config.config.uid not in {"", found.uid}:
        text = f"GATEWAY_Uid: {quote(config.config.uid)} differs from {quote(found.uid)} in the names of the files"
        config.report.note(place, text)


def _read_named(reading: _Reading, files: Mapping[str, bytes]) -> None:
    """Read what the files name, and report at the naming place what is missing or does not fit."""
    certificates, scripts, definitions = (Folder(name, files) for name in ("CERT", "SCRIPT", "DEF"))
    for place in reading.config.certificates:
        reading.named.add(certificates.take(place, place.text, reading.config.report))
    for place in reading.scripts.places:
        reading.named.add(scripts.take(place, place.text, reading.scripts.report))
    for entry in reading.daq.placed:
        _read_definition(entry, definitions, reading, files)
    reading.named.discard("")


def _read_definition(entry: PlacedDevice, folder: Folder, reading: _Reading, files: Mapping[str, bytes]) -> None:
    place = entry.row.field("defFile")
    path = folder.take(place, entry.definition, reading.daq.report) if place and entry.definition else ""
    if not path:
        return
    if path not in reading.definitions:
        reading.definitions[path] = read_definition(files[path], path)
    definition = reading.definitions[path].definition
    if definition:
        check_fit(entry, definition, reading.daq.report)


def _definitions(reading: _Reading) -> dict[str, Definition]:
    return {path.removeprefix("DEF/"): part.definition for path, part in reading.definitions.items() if part.definition}


def _limits(reading: _Reading) -> tuple[VariableLimit, ...]:
    reports = [reading.daq.report, *(part.report for part in reading.definitions.values())]
    complete = not any(report.rejected for report in reports)
    check = LimitCheck(reading.daq.daq.devices, _definitions(reading), reading.config.report, complete=complete)
    return check.limits(reading.config.limits.placed)


def _set(
    found: SetFiles, reading: _Reading, files: Mapping[str, bytes], limits: tuple[VariableLimit, ...]
) -> ConfigurationSet:
    definitions = _definitions(reading)
    devices = tuple(
        replace(
            device,
            category=device.category or definitions[device.definition].category,
            model=device.model or definitions[device.definition].model,
        )
        for device in reading.daq.daq.devices
    )
    _fill(reading.daq, devices)
    applied = {
        found.path(CONFIG): reading.config.content,
        found.path(SCHEDULES): reading.schedules.content,
        found.path(DAQ): reading.daq.content,
        found.path(SCRIPTS): reading.scripts.content,
        **{path: files[path] for path in (*reading.definitions, *reading.named)},
    }
    return ConfigurationSet(
        uid=reading.config.config.uid or found.uid,
        config=reading.config.config,
        schedules=reading.schedules.schedules,
        daq=Daq(reading.daq.lines, devices),
        definitions=definitions,
        files={path: applied[path] for path in sorted(applied) if path in files},
        limits=limits,
    )


def _fill(daq: DaqReading, devices: tuple[Device, ...]) -> None:
    """Put category and model of the definition where the fields are empty (spec 1.7)."""
    for entry, device in zip(daq.placed, devices, strict=True):
        for column, text in (("category", device.category), ("model", device.model)):
            place = entry.row.field(column)
            if place and not place.text and text:
                daq.report.fill(place, text)
