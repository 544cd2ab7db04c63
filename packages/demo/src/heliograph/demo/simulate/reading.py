"""From the text of a plant file to a plan that can be served, or to every fault in it with its place.

`load` gives the bytes of a definition file by the path that the plant file names.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError

from heliograph.demo.simulate.defaults import usual_values
from heliograph.demo.simulate.plantfile import Counter, Device, Limit, PlantFile, Sequence, Sum, Value
from heliograph.demo.simulate.registers import raw_of_engineering
from heliograph.demo.simulate.yamlfile import Marked, Path, YamlFault, read_yaml
from heliograph.formats import parse_definition
from heliograph.formats.definition import Definition, Protocol, Variable
from heliograph.formats.findings import Finding, Severity, has_errors

MOST_FINDINGS: Final = 200
_SHOWN: Final = 60

Load = Callable[[str], bytes]
Key = tuple[str, str]
"""A device's name, and the Index of a variable, or `hidden:NAME`."""


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """One device, all its values known."""

    entry: Device
    definition: Definition
    content: bytes
    """Of the definition file."""
    values: Mapping[str, Value]
    """By Index of the variable, or `hidden:NAME`."""

    @property
    def name(self) -> str:
        """The device's name."""
        return self.entry.name


@dataclass(frozen=True, slots=True)
class PlantSpec:
    """A plant that can be served."""

    file: PlantFile
    devices: tuple[DeviceSpec, ...]

    def resolve(self, device: str, reference: str) -> Key | None:
        """Return the variable that a reference in a device's values means: its own, or `device.variable`."""
        return _resolve({spec.name: spec for spec in self.devices}, device, reference)


def read_plant_file(name: str, content: bytes, load: Load) -> tuple[PlantSpec | None, list[Finding]]:
    """Read and check a whole plant file; the plan is None where there are errors, all of which are returned."""
    try:
        marked = read_yaml(content)
    except YamlFault as fault:
        return None, [Finding(name, fault.line, fault.column, Severity.ERROR, str(fault))]
    try:
        file = PlantFile.model_validate({} if marked.value is None else marked.value)
    except ValidationError as error:
        return None, sorted(_findings(name, marked, error))[:MOST_FINDINGS]
    check = _Check(name, marked, file, load)
    spec = check.run()
    findings = sorted(set(check.findings))[:MOST_FINDINGS]
    return (None if has_errors(findings) else spec), findings


def _findings(name: str, marked: Marked, error: ValidationError) -> Iterator[Finding]:
    faults = error.errors(include_url=False)
    for fault in faults:
        path = tuple(fault["loc"])
        if fault["type"] == "too_short" and any(path == other["loc"][: len(path)] != other["loc"] for other in faults):
            continue  # pydantic counts the good ones
        place = marked.key_place(path) if fault["type"] == "extra_forbidden" else marked.place(path)
        yield Finding(name, *place, Severity.ERROR, _explained(path, fault))


def _explained(path: Path, fault: Any) -> str:
    where = ".".join(str(part) for part in path) or "the file"
    if fault["type"] == "missing":
        return f"{where} is missing"
    if fault["type"] == "extra_forbidden":
        return f"{where}: there is no such key"
    return f"{where}: {fault['msg']}, not {_quoted(fault['input'])}"


class _Check:
    """What concerns more than one entry: names, places, references, definitions."""

    def __init__(self, name: str, marked: Marked, file: PlantFile, load: Load) -> None:
        self.findings: list[Finding] = []
        self._name = name
        self._marked = marked
        self._file = file
        self._load = load
        self._definitions: dict[str, tuple[Definition | None, bytes]] = {}

    def run(self) -> PlantSpec | None:
        self._check_places()
        devices = [self._device(number, entry) for number, entry in enumerate(self._file.devices)]
        known = {spec.name: spec for spec in devices if spec is not None}
        for number, spec in enumerate(devices):
            if spec is not None:
                self._check_values(number, spec, known)
        self._check_circles(known)
        self._check_faults()
        whole = [spec for spec in devices if spec is not None]
        return PlantSpec(self._file, tuple(whole)) if len(whole) == len(devices) else None

    def _error(self, path: Path, text: str, *, key: bool = False) -> None:
        place = self._marked.key_place(path) if key else self._marked.place(path)
        self.findings.append(Finding(self._name, *place, Severity.ERROR, text))

    def _check_places(self) -> None:
        names: dict[str, int] = {}
        places: dict[tuple[Any, int], str] = {}
        for number, entry in enumerate(self._file.devices):
            path: Path = ("devices", number)
            if entry.name in names:
                self._error((*path, "name"), f"another device is called {entry.name!r} already")
            names[entry.name] = number
            if entry.serial is not None and entry.serial not in self._file.lines:
                self._error((*path, "serial"), f"{entry.serial} is not described under `lines`")
            place = (entry.serial or entry.tcp, entry.unit)
            if entry.tcp != 0 and place in places:
                self._error((*path, "unit"), f"unit {entry.unit} is {places[place]!r} there already")
            places[place] = entry.name

    def _device(self, number: int, entry: Device) -> DeviceSpec | None:
        definition, content = self._definition(("devices", number, "definition"), entry.definition)
        if definition is None:
            return None
        values = usual_values(definition, entry)
        seen: dict[str, str] = {}
        for key, value in entry.values.items():
            path: Path = ("devices", number, "values", key)
            variable = find_variable(definition, key)
            if variable is None:
                hint = _nearest(key, (v.name for v in definition.variables))
                self._error(path, f"{entry.definition} has no variable {_quoted(key)}{hint}", key=True)
            elif variable.index in seen:
                self._error(path, f"{_quoted(key)} and {_quoted(seen[variable.index])} are one variable", key=True)
            else:
                seen[variable.index] = key
                values[variable.index] = value
                self._check_fit(path, variable, value)
        values |= {f"hidden:{name}": value for name, value in entry.hidden.items()}
        return DeviceSpec(entry, definition, content, values)

    def _definition(self, path: Path, name: str) -> tuple[Definition | None, bytes]:
        if name not in self._definitions:
            self._definitions[name] = self._read_definition(path, name)
        return self._definitions[name]

    def _read_definition(self, path: Path, name: str) -> tuple[Definition | None, bytes]:
        try:
            content = self._load(name)
        except OSError as error:
            self._error(path, f"the definition {name} cannot be read: {error.strerror or error}")
            return None, b""
        definition, findings = parse_definition(content, name)
        self.findings += [replace(finding, file=name) for finding in findings]
        if definition is None:
            self._error(path, f"the definition {name} has errors")
        elif definition.protocol not in (Protocol.MODBUS_RTU, Protocol.MODBUS_TCP):
            self._error(path, f"{name} is a definition for {definition.protocol}: only Modbus devices are simulated")
            definition = None
        return definition, content

    def _check_fit(self, path: Path, variable: Variable, value: Value) -> None:
        point = variable.point
        if point is None:
            return
        gives_text = value.text is not None
        if isinstance(value.source, Sequence):
            gives_text = all(isinstance(each, str) for each in value.source.values)
            if not gives_text and any(isinstance(each, str) for each in value.source.values):
                self._error(path, f"{variable.name}: numbers and texts in one sequence")
                return
        if gives_text != point.kind.is_text:
            kinds = ("a number", "a text")
            self._error(path, f"{variable.name} is {kinds[point.kind.is_text]} ({point.kind}), not {kinds[gives_text]}")
        elif value.writable is not None and not point.table.is_writable:
            self._error(path, f"{variable.name} cannot be writable: Modbus only reads its table")
        elif value.constant is not None and not variable.scale_factor:
            try:
                raw_of_engineering(variable, value.constant, 0, exactly=True)
            except ValueError as error:
                self._error(path, f"{variable.name}: {error}")

    def _check_values(self, number: int, spec: DeviceSpec, known: Mapping[str, DeviceSpec]) -> None:
        for group in ("values", "hidden"):
            for key, value in getattr(spec.entry, group).items():
                for path, reference in _references(value):
                    found = _resolve(known, spec.name, reference.removeprefix("-") if path[0] == "sum" else reference)
                    where: Path = ("devices", number, group, key, *path)
                    if found is None:
                        self._error(where, f"there is no variable {_quoted(reference)}: write its name, or DEVICE.NAME")
                    elif _is_text(known[found[0]], found[1]):
                        self._error(where, f"{_quoted(reference)} is a text, no number")

    def _check_circles(self, known: Mapping[str, DeviceSpec]) -> None:
        done: set[Key] = set()
        for number, entry in enumerate(self._file.devices):
            spec = known.get(entry.name)
            for index in spec.values if spec else ():
                circle = _circle(known, (entry.name, index), (), done)
                if circle:
                    text = " → ".join(f"{device}.{name.removeprefix('hidden:')}" for device, name in circle)
                    self._error(("devices", number), f"values refer to each other in a circle: {text}")
                    return

    def _check_faults(self) -> None:
        names = {entry.name for entry in self._file.devices}
        for number, fault in enumerate(self._file.faults):
            for name in fault.device:
                if name != "*" and name not in names:
                    self._error(("faults", number, "device"), f"there is no device {name!r}{_nearest(name, names)}")


def find_variable(definition: Definition, key: str) -> Variable | None:
    """Return the variable of that name, tag or Index, in this order."""
    for attribute in ("name", "tag", "index"):
        found = next((v for v in definition.variables if key and getattr(v, attribute) == key), None)
        if found is not None:
            return found
    return None


def _resolve(known: Mapping[str, DeviceSpec], device: str, reference: str) -> Key | None:
    own = known.get(device)
    if own is not None and (found := _own(own, reference)) is not None:
        return device, found
    name, dot, rest = reference.partition(".")
    other = known.get(name)
    if not dot or other is None or (found := _own(other, rest)) is None:
        return None
    return name, found


def _own(spec: DeviceSpec, key: str) -> str | None:
    if f"hidden:{key}" in spec.values:
        return f"hidden:{key}"
    variable = find_variable(spec.definition, key)
    return variable.index if variable is not None and variable.index in spec.values else None


def _references(value: Value) -> Iterator[tuple[Path, str]]:
    match value.source:
        case Counter(of=reference):
            yield ("counter", "of"), reference
        case Sum(of=terms):
            for number, reference in enumerate(terms):
                yield ("sum", "of", number), reference
    if isinstance(value.limited, Limit):
        yield ("limited", "percent"), value.limited.percent
        if value.limited.enabled is not None:
            yield ("limited", "enabled"), value.limited.enabled


def _circle(known: Mapping[str, DeviceSpec], key: Key, above: tuple[Key, ...], done: set[Key]) -> tuple[Key, ...]:
    """Return a circle of references that is reached from a value, or nothing."""
    if key in above:
        return (*above[above.index(key) :], key)
    if key in done or len(above) > 100:
        return ()
    for path, reference in _references(known[key[0]].values[key[1]]):
        found = _resolve(known, key[0], reference.removeprefix("-") if path[0] == "sum" else reference)
        if found is not None and (circle := _circle(known, found, (*above, key), done)):
            return circle
    done.add(key)
    return ()


def _is_text(spec: DeviceSpec, key: str) -> bool:
    value = spec.values[key]
    return value.text is not None or (value.sequence is not None and isinstance(value.sequence.values[0], str))


def _nearest(word: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(word, list(known), n=1)
    return f" (is {matches[0]!r} meant?)" if matches else ""


def _quoted(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
