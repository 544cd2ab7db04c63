"""Telegraf's Modbus plugin: its three styles of configuration, as registers. Pure.

`register` names fields by table, `request` by request, `metric` by metric. `FIXED`, `UFIXED` and the old style's
`FLOAT32` are integers that are scaled; `FLOAT32-IEEE` and the other styles' `FLOAT32` are floats.
"""

import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from heliograph.cli.importing.imported import Imported, Notes, Reach, Register, Swap, Unreadable, overlapping
from heliograph.formats.definition import Table

_STYLE_TABLES: Final = {
    "coils": Table.COIL,
    "discrete_inputs": Table.DISCRETE_INPUT,
    "holding_registers": Table.HOLDING_REGISTER,
    "input_registers": Table.INPUT_REGISTER,
}
_TABLES: Final = {
    "coil": Table.COIL,
    "discrete": Table.DISCRETE_INPUT,
    "holding": Table.HOLDING_REGISTER,
    "input": Table.INPUT_REGISTER,
}
_KINDS: Final = {
    "INT8L": ("I8", 1), "INT8H": ("I8", 0), "UINT8L": ("U8", 1), "UINT8H": ("U8", 0),
    "INT16": ("I16", 0), "UINT16": ("U16", 0), "INT32": ("I32", 0), "UINT32": ("U32", 0),
    "INT64": ("I64", 0), "UINT64": ("U64", 0), "FLOAT32": ("F32", 0), "FLOAT64": ("F64", 0),
    "FLOAT32-IEEE": ("F32", 0), "FLOAT64-IEEE": ("F64", 0),
}  # fmt: skip
_FIXED: Final = {"FIXED": "I", "UFIXED": "U", "FLOAT32": "U"}
"""Of the `register` style: signed or not; the size is that of the addresses."""
_ORDERS: Final[Mapping[str, Swap]] = {
    "AB": "", "ABCD": "", "ABCDEFGH": "", "BA": "_B", "BADC": "_B", "BADCFEHG": "_B",
    "CDAB": "_W", "GHEFCDAB": "_W", "DCBA": "_WB", "HGFEDCBA": "_WB",
}  # fmt: skip
_DURATION: Final = re.compile(r"([0-9.]+)(ms|s|m|h)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def read_telegraf(text: str) -> list[Imported]:
    """Return one device for each plugin and unit. Raises `Unreadable`."""
    try:
        plugins = tomllib.loads(text).get("inputs", {}).get("modbus", [])
    except (tomllib.TOMLDecodeError, AttributeError) as error:
        raise Unreadable(f"this is no configuration of Telegraf: {error}") from error
    if not isinstance(plugins, list) or not plugins:
        raise Unreadable("there is no [[inputs.modbus]] in this configuration")
    return devices_of(plugins)


def devices_of(plugins: Sequence[Any]) -> list[Imported]:
    """Return one device for each plugin's table and unit."""
    tables = [plugin for plugin in plugins if isinstance(plugin, dict)]
    return [device for number, plugin in enumerate(tables, start=1) for device in _devices(number, plugin)]


def _devices(number: int, plugin: Mapping[str, Any]) -> Iterator[Imported]:
    where = f"inputs.modbus {number}"
    by_unit: dict[int, list[Register]] = {}
    notes = Notes()
    for unit, register in _registers(plugin, where, notes):
        by_unit.setdefault(unit, []).append(register)
    name = str(plugin.get("name") or f"modbus {number}")
    if not by_unit:
        notes.add(where, "it has no field that could be taken over")
    for place, (unit, registers) in enumerate(by_unit.items() or [(1, [])]):
        title = name if len(by_unit) < 2 else f"{name} {unit}"
        reach = _reach(plugin, unit, where, notes)
        found = (*(notes.found if place == 0 else ()), *overlapping(registers))
        yield Imported(title, tuple(registers), reach, found)


def _registers(plugin: Mapping[str, Any], where: str, notes: Notes) -> Iterator[tuple[int, Register]]:
    style = str(plugin.get("configuration_type", "register"))
    unit = _whole(plugin.get("slave_id"), 1)
    if style == "register":
        for key, table in _STYLE_TABLES.items():
            for field in _tables(plugin.get(key)):
                register = _of_register_style(field, table, f"{where}, {key}", notes)
                if register is not None:
                    yield unit, register
        return
    for number, block in enumerate(_tables(plugin.get(style)), start=1):
        place = f"{where}, {style} {number}"
        for field in _tables(block.get("fields")):
            register = _of_block(block, field, place, notes)
            if register is not None:
                yield _whole(block.get("slave_id"), unit), register


def _of_register_style(field: Mapping[str, Any], table: Table, where: str, notes: Notes) -> Register | None:
    addresses = field.get("address")
    place = f"{where}, {field.get('name', '?')}"
    if not isinstance(addresses, list) or not addresses or not all(_is_address(a) for a in addresses):
        notes.add(place, f"address = {addresses!r} is no list of addresses; left out")
        return None
    if addresses != list(range(addresses[0], addresses[0] + len(addresses))):
        notes.add(place, f"the registers {addresses} do not follow one another; left out")
        return None
    typed = str(field.get("data_type", "UINT16")).upper()
    if typed in _FIXED:
        typed = f"{'INT' if _FIXED[typed] == 'I' else 'UINT'}{16 * len(addresses)}"
    return _register(
        field, table, addresses[0], typed, str(field.get("byte_order", "")), 2 * len(addresses), place, notes
    )


def _of_block(block: Mapping[str, Any], field: Mapping[str, Any], where: str, notes: Notes) -> Register | None:
    place = f"{where}, {field.get('name', '?')}"
    if field.get("omit") is True:
        return None
    written = str(field.get("register") or block.get("register") or "holding")
    if written not in _TABLES or not _is_address(field.get("address")):
        notes.add(place, f"register {written!r}, address {field.get('address')!r} is no place; left out")
        return None
    size = 2 * _whole(field.get("length"), 1)
    typed = str(field.get("type", "UINT16")).upper()
    order = str(block.get("byte_order", ""))
    return _register(field, _TABLES[written], field["address"], typed, order, size, place, notes)


def _register(
    field: Mapping[str, Any], table: Table, address: int, typed: str, order: str, size: int, where: str, notes: Notes
) -> Register | None:
    kind, part = _KINDS.get(typed, ("", 0))
    if typed == "STRING":
        kind, part = "String", size
    elif typed == "BIT":
        kind, part = "Bits", _whole(field.get("bit"), 0)
    elif table.is_bits:
        kind, part = "U8", 0
    if not kind:
        notes.add(where, f"the type {typed!r} has no equal here; left out")
        return None
    if order.upper() not in ("", *_ORDERS):
        notes.add(where, f"the byte order {order!r} is unknown; taken as ABCD")
    measurement, name = str(field.get("measurement", "")), str(field.get("name", ""))
    return Register(
        where=where,
        name=f"{measurement} {name}".strip(),
        table=table,
        address=address,
        kind=kind,
        swap=_ORDERS.get(order.upper(), "") if kind not in ("String", "Bits") else "",
        part=part,
        scale=_number(field.get("scale"), 1.0, where, notes) or 1.0,
        offset=_number(field.get("offset"), 0.0, where, notes),
        action=1 if kind == "String" else 4,
    )


def _reach(plugin: Mapping[str, Any], unit: int, where: str, notes: Notes) -> Reach | None:
    controller = str(plugin.get("controller", ""))
    common: dict[str, Any] = {
        "unit": unit,
        "timeout_ms": max(1, round(_seconds(plugin.get("timeout"), 1.0) * 1000)),
        "period_seconds": min(86_400, max(1, round(_seconds(plugin.get("interval"), 600.0)))),
    }
    if controller.startswith("tcp://"):
        if "over" in str(plugin.get("transmission_mode", "")).lower():
            notes.add(where, "RTU over TCP: set SERIAL1_DEVICE=socket://host:port and put the device on SERIAL1")
        try:
            parts = urlsplit(controller)
            return Reach(host=parts.hostname or "", port=parts.port or 502, **common) if parts.hostname else None
        except ValueError:
            notes.add(where, f"the controller {controller!r} is no address")
            return None
    if not controller:
        return None
    return Reach(
        device=controller.removeprefix("file://"),
        baudrate=_whole(plugin.get("baud_rate"), 9600),
        data_bits=_whole(plugin.get("data_bits"), 8),
        parity=str(plugin.get("parity", "N"))[:1].upper(),
        stop_bits=_whole(plugin.get("stop_bits"), 1),
        **common,
    )


def _tables(found: Any) -> Sequence[Mapping[str, Any]]:
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else ()


def _is_address(found: Any) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= 65_535


def _whole(found: Any, default: int) -> int:
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= 10**6 else default


def _number(found: Any, default: float, where: str, notes: Notes) -> float:
    if found is None:
        return default
    if isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found):
        return float(found)
    notes.add(where, f"{found!r} is no number; taken as {default:g}")
    return default


def _seconds(found: Any, default: float) -> float:
    match = _DURATION.fullmatch(str(found or ""))
    try:
        return float(match[1]) * _SECONDS[match[2]] if match else default
    except ValueError:
        return default
