"""Home Assistant's Modbus integration: hubs and their entities, as registers. Pure.

Of entities that do more than read (climates, covers, fans, lights, switches) the registers are taken that they read
and write. What a file names by `!secret` or `!include` is not followed.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from heliograph.cli.importing.imported import (
    INSTANT,
    ON_DEMAND,
    Imported,
    Notes,
    Reach,
    Register,
    Swap,
    Unreadable,
    overlapping,
    size_of,
)  # fmt: skip
from heliograph.formats.definition import Table

MOST_REPEATED: Final = 200
MOST_ALIASES: Final = 1000

_TABLES: Final = {
    "coil": Table.COIL, "coils": Table.COIL, "discrete_input": Table.DISCRETE_INPUT,
    "holding": Table.HOLDING_REGISTER, "holdings": Table.HOLDING_REGISTER, "input": Table.INPUT_REGISTER,
}  # fmt: skip
_KINDS: Final = {
    "int16": "I16", "int32": "I32", "int64": "I64", "uint16": "U16", "uint32": "U32", "uint64": "U64",
    "float32": "F32", "float64": "F64", "string": "String",
}  # fmt: skip
_OLD_KINDS: Final = {("int", 1): "I16", ("int", 2): "I32", ("int", 4): "I64", ("uint", 1): "U16", ("uint", 2): "U32",
                     ("uint", 4): "U64", ("float", 2): "F32", ("float", 4): "F64"}  # fmt: skip
_SWAPS: Final[Mapping[str, Swap]] = {"none": "", "byte": "_B", "word": "_W", "word_byte": "_WB"}
_STRUCTURE: Final = {
    "h": "I16", "H": "U16", "i": "I32", "l": "I32", "I": "U32", "L": "U32", "q": "I64", "Q": "U64", "f": "F32",
    "d": "F64", "b": "I8", "B": "U8",
}  # fmt: skip
_PART: Final = re.compile(r"([0-9]*)([a-zA-Z?])")
_READERS: Final = ("sensors", "binary_sensors")
_ACTORS: Final = ("switches", "lights", "fans", "covers", "climates")


class _Elsewhere(str):
    """A value that stands in another file."""

    __slots__ = ()


class _Loader(yaml.SafeLoader):
    """YAML without code, without other files, and with a limit on what aliases may unfold."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._aliases = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """See `yaml.composer.Composer`."""
        if self.check_event(yaml.events.AliasEvent):
            self._aliases += 1
            if self._aliases > MOST_ALIASES:
                raise yaml.YAMLError(f"more than {MOST_ALIASES} aliases")
        return super().compose_node(parent, index)


def _elsewhere(_: yaml.SafeLoader, suffix: str, node: yaml.Node) -> _Elsewhere:
    return _Elsewhere(f"!{suffix} {node.value if isinstance(node, yaml.ScalarNode) else ''}".strip())


_Loader.add_multi_constructor("!", _elsewhere)


def read_homeassistant(text: str) -> list[Imported]:
    """Return one device for each hub and unit. Raises `Unreadable`."""
    try:
        found = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(f"this is no YAML: {error}") from error
    hubs = found.get("modbus", found) if isinstance(found, dict) else found
    hubs = [hubs] if isinstance(hubs, dict) else hubs
    if not isinstance(hubs, list) or not any(isinstance(hub, dict) and _entities(hub) for hub in hubs):
        raise Unreadable("there is no hub of the modbus integration with entities in this file")
    return [d for number, hub in enumerate(hubs, start=1) if isinstance(hub, dict) for d in _devices(number, hub)]


def _entities(hub: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [
        (kind, entity)
        for kind in (*_READERS, *_ACTORS)
        if isinstance(hub.get(kind), list)
        for entity in hub[kind]
        if isinstance(entity, dict)
    ]


def _devices(number: int, hub: Mapping[str, Any]) -> Iterator[Imported]:
    name = str(hub.get("name") or f"hub {number}")
    notes = Notes()
    by_unit: dict[int, list[Register]] = {}
    for kind, entity in _entities(hub):
        unit = _unit(entity, f"{name}, {entity.get('name', '?')}", notes)
        by_unit.setdefault(unit, []).extend(_registers(kind, entity, name, notes))
    for place, (unit, registers) in enumerate(by_unit.items()):
        reach = _reach(hub, unit, name, notes)
        title = name if len(by_unit) < 2 else f"{name} {unit}"
        found = (*(notes.found if place == 0 else ()), *overlapping(registers))
        yield Imported(title, tuple(registers), reach, found)


def _unit(entity: Mapping[str, Any], where: str, notes: Notes) -> int:
    for key in ("device_address", "slave"):
        if key in entity:
            unit = _whole(entity[key], -1)
            if 0 <= unit <= 255:
                return unit
            notes.add(where, f"{key}: {entity[key]!r} is no unit; taken as 1")
    return 1


def _registers(kind: str, entity: Mapping[str, Any], hub: str, notes: Notes) -> Iterator[Register]:
    name = str(entity.get("name", "")).strip() or "?"
    where = f"{hub}, {name}"
    if kind == "sensors":
        yield from _sensor(entity, name, where, notes)
    elif kind == "binary_sensors":
        yield from _bits(entity, name, where, str(entity.get("input_type", "coil")), notes)
    elif kind == "climates":
        yield from _climate(entity, name, where, notes)
    else:
        yield from _bits(entity, name, where, str(entity.get("write_type", entity.get("input_type", "holding"))), notes)


def _sensor(entity: Mapping[str, Any], name: str, where: str, notes: Notes) -> Iterator[Register]:
    table = _TABLES.get(str(entity.get("input_type", "holding")))
    address = _whole(entity.get("address", entity.get("register")), -1)
    if table is None or not 0 <= address <= 65_535:
        notes.add(where, f"address {entity.get('address')!r}, input_type {entity.get('input_type')!r}: left out")
        return
    parts = _parts(entity, where, notes)
    if "nan_value" in entity:
        notes.add(where, f"the value {entity['nan_value']!r}, which means 'unknown', will be recorded like any other")
    repeats = 1 + min(MOST_REPEATED, _whole(entity.get("virtual_count", entity.get("slave_count")), 0))
    for copy in range(repeats):
        for number, (kind, part) in enumerate(parts):
            label = name if len(parts) == 1 else f"{name} {number + 1}"
            yield Register(
                where=where,
                name=label if copy == 0 else f"{label} {copy + 1}",
                table=table,
                address=address,
                kind=kind,
                swap=_swap(entity, kind, where, notes),
                part=part,
                scale=_number(entity.get("scale"), 1.0, where, notes) or 1.0,
                offset=_number(entity.get("offset"), 0.0, where, notes),
                unit=str(entity.get("unit_of_measurement") or ""),
                action=ON_DEMAND if kind == "String" else INSTANT,
            )
            address += size_of(kind, part) if kind not in ("U8", "I8") else part


def _parts(entity: Mapping[str, Any], where: str, notes: Notes) -> list[tuple[str, int]]:
    """Return the kinds of an entity's values in order, each with its part."""
    written, count = str(entity.get("data_type", "int16")), _whole(entity.get("count"), 0)
    if written == "custom":
        return _structured(str(entity.get("structure", "")), where, notes)
    kind = _KINDS.get(written) or _OLD_KINDS.get((written, count or 1), "")
    if not kind:
        notes.add(where, f"the type {written!r} of {count} registers has no equal here; left out")
        return []
    return [(kind, 2 * max(1, count) if kind == "String" else 0)]


def _structured(structure: str, where: str, notes: Notes) -> list[tuple[str, int]]:
    """Return the values of a structure as Python's `struct` writes them."""
    body = structure.lstrip("@=!><").replace(" ", "")
    if structure[:1] == "<":
        notes.add(where, f"the structure {structure!r} is little-endian: check the values, or set `swap`")
    if _PART.sub("", body):
        notes.add(where, f"the structure {structure!r} has no equal here; left out")
        return []
    found: list[tuple[str, int]] = []
    half = 0
    for count, letter in _PART.findall(body):
        if letter == "s":
            found.append(("String", int(count or 1)))
        elif letter in _STRUCTURE:
            for _ in range(min(MOST_REPEATED, int(count or 1))):
                found.append((_STRUCTURE[letter], half if letter in "bB" else 0))
                half = 1 - half if letter in "bB" else 0
        else:
            notes.add(where, f"the structure {structure!r} has no equal here; left out")
            return []
    return found


def _bits(entity: Mapping[str, Any], name: str, where: str, written: str, notes: Notes) -> Iterator[Register]:
    """Give the register or bit that says on or off."""
    table, address = _TABLES.get(written), _whole(entity.get("address"), -1)
    if table is None or not 0 <= address <= 65_535:
        notes.add(where, f"address {entity.get('address')!r}, type {written!r}: left out")
        return
    count = 1 + min(MOST_REPEATED, _whole(entity.get("virtual_count", entity.get("slave_count")), 0))
    for copy in range(count):
        label = name if copy == 0 else f"{name} {copy + 1}"
        if table.is_bits:
            yield Register(where, label, table, address + copy, "U8")
        elif "command_on" in entity or "state_open" in entity or "state_on" in entity:
            yield Register(where, label, table, address + copy, "U16")
        else:
            yield Register(where, label, table, address + copy // 16, "Bits", part=copy % 16)


def _climate(entity: Mapping[str, Any], name: str, where: str, notes: Notes) -> Iterator[Register]:
    entity = {**entity, "unit_of_measurement": entity.get("temperature_unit", "")}
    yield from _sensor(entity, name, where, notes)
    target = entity.get("target_temp_register")
    target = target[0] if isinstance(target, list) and target else target
    if target is not None:
        reading = {**entity, "address": target, "input_type": "holding"}
        yield from _sensor({**reading, "virtual_count": 0}, f"{name} target", where, notes)


def _swap(entity: Mapping[str, Any], kind: str, where: str, notes: Notes) -> Swap:
    written = str(entity.get("swap") or "none").lower()
    if entity.get("reverse_order") is True:
        written = "word"
    if written not in _SWAPS:
        notes.add(where, f"swap: {written!r} is unknown; taken as none")
    return "" if kind in ("String", "U8", "I8") else _SWAPS.get(written, "")


def _reach(hub: Mapping[str, Any], unit: int, name: str, notes: Notes) -> Reach | None:
    timeout = max(1, round(_number(hub.get("timeout"), 1.0, name, notes) * 1000))
    way, host = str(hub.get("type", "tcp")), hub.get("host")
    if way == "serial":
        return Reach(
            device=str(hub.get("port", "")),
            baudrate=_whole(hub.get("baudrate"), 9600),
            data_bits=_whole(hub.get("bytesize"), 8),
            parity=str(hub.get("parity", "E"))[:1].upper(),
            stop_bits=_whole(hub.get("stopbits"), 1),
            unit=unit,
            timeout_ms=timeout,
        )
    if isinstance(host, _Elsewhere) or not host:
        notes.add(name, f"the host is {str(host) or 'not given'!r}: it stands elsewhere and is not followed")
        return None
    if way != "tcp":
        notes.add(name, f"type {way!r}: set SERIAL1_DEVICE=socket://{host}:{hub.get('port')} and use SERIAL1")
        return None
    return Reach(host=str(host), port=_whole(hub.get("port"), 502), unit=unit, timeout_ms=timeout)


def _whole(found: Any, default: int) -> int:
    if isinstance(found, bool):
        return default
    if isinstance(found, str) and re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}|[0-9]{1,9}", found.strip()):
        return int(found, 0) if found.strip().lower().startswith("0x") else int(found)
    return found if isinstance(found, int) and 0 <= found < 10**9 else default


def _number(found: Any, default: float, where: str, notes: Notes) -> float:
    if found is None:
        return default
    try:
        number = float(found) if not isinstance(found, bool | list | dict) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number):
        return number
    notes.add(where, f"{found!r} is no number; taken as {default:g}")
    return default
