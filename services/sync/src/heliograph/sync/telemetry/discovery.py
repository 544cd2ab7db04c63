"""Home Assistant's device discovery: one retained message a device that tells what stands in the data (spec 1.9). Pure.

The data topic carries many devices and many records a message, so each value template picks the newest record of its
device. It gives nothing, and so leaves the state alone, when the message does not hold the device or the value.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from heliograph.formats.daq import Device
from heliograph.formats.definition import Definition, Kind, Protocol, Variable
from heliograph.formats.rowfields import Field, RowFields
from heliograph.sync.applied import Applied
from heliograph.sync.telemetry.broker import Topics
from heliograph.sync.telemetry.payloads import keys_of
from heliograph.sync.telemetry.session import OFFLINE, ONLINE
from heliograph.sync.telemetry.units import meaning_of

BIRTH_TOPIC: Final = "homeassistant/status"
BIRTH: Final = b"online"
ORIGIN: Final = {"name": "Heliograph"}
STATISTICS: Final = {"min": " minimum", "max": " maximum", "mean": " mean", "instant": ""}
OBJECT_CHARACTERS: Final = 64
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")


def discovery(applied: Applied, topics: Topics) -> dict[str, bytes]:
    """Return the discovery message of each device by its object id."""
    found = {}
    for device in applied.set.daq.devices:
        definition = applied.set.definitions.get(device.definition)
        if definition is not None and definition.recorded:
            name = object_id(f"{applied.set.uid}_{device.index}")
            message = _message(applied, device, definition, name, topics)
            found[name] = json.dumps({**message, "qos": 1}, ensure_ascii=False, separators=(",", ":")).encode()
    return found


def topic_of(name: str) -> str:
    """Return where the discovery message of an object id goes; an empty one there takes the device away."""
    return f"homeassistant/device/{name}/config"


def object_id(text: str) -> str:
    """Make an id of letters, digits, `_` and `-`; texts that differ give ids that differ."""
    safe = _UNSAFE.sub("_", text)[:OBJECT_CHARACTERS]
    if safe == text and safe:
        return safe
    return f"{safe[: OBJECT_CHARACTERS - 9]}_{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:8]}"


def _message(applied: Applied, device: Device, definition: Definition, name: str, topics: Topics) -> dict[str, Any]:
    site = applied.set.config.name
    about = {
        "identifiers": [name],
        "name": f"{site} {device.name}".strip(),
        "manufacturer": definition.manufacturer,
        "model": definition.model,
        "serial_number": device.serial_number,
    }
    availability = {
        "availability_topic": topics.status,
        "payload_available": ONLINE.decode(),
        "payload_not_available": OFFLINE.decode(),
    }
    return {
        "device": {key: value for key, value in about.items() if value},
        "origin": {**ORIGIN, "sw_version": _version()},
        "components": dict(_components(device.name, definition, name)),
        "state_topic": topics.data,
        **(availability if topics.status else {}),
    }


def _components(device: str, definition: Definition, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    fields = RowFields(definition.protocol, definition.recorded, parameters=False).fields
    for field, key in zip(fields, keys_of(definition), strict=True):
        statistic = "" if field.statistic == "instant" else f"_{field.statistic}"
        component = object_id(f"{field.variable.index}{statistic}")
        about = _binary(device, key) if _is_binary(definition, field) else _sensor(device, definition, field, key)
        shown = field.variable.name + STATISTICS[field.statistic]
        yield component, {**about, "name": shown, "unique_id": f"{name}_{component}"}


def _binary(device: str, key: str) -> dict[str, Any]:
    template = _template(device, key, "'ON' if r[-1][k] else 'OFF'")
    return {"platform": "binary_sensor", "value_template": template, "payload_on": "ON", "payload_off": "OFF"}


def _sensor(device: str, definition: Definition, field: Field, key: str) -> dict[str, Any]:
    if _is_text(definition, field.variable):
        return {"platform": "sensor", "value_template": _template(device, key, "r[-1][k]", otherwise="this.state")}
    meaning = meaning_of(field.variable.unit)
    about = {
        "platform": "sensor",
        "value_template": _template(device, key, "r[-1][k]"),
        "device_class": meaning.device_class,
        "unit_of_measurement": meaning.unit,
        "state_class": _state_class(field, is_counter=meaning.is_counter),
    }
    return {name: value for name, value in about.items() if value is not None}


def _state_class(field: Field, *, is_counter: bool) -> str | None:
    """A counter grows; its minimum and maximum are no state of their own that could be summed."""
    if not is_counter:
        return "measurement"
    return "total_increasing" if field.statistic == "instant" else None


def _template(device: str, key: str, value: str, otherwise: str = "") -> str:
    """Pick the newest record: messages keep the order of time, so it is the last of its device."""
    names = f"{{% set k = {_literal(key)} %}}{{% set r = value_json.get({_literal(device)}) %}}"
    rest = f"{{% else %}}{{{{ {otherwise} }}}}" if otherwise else ""
    return f"{names}{{% if r and k in r[-1] %}}{{{{ {value} }}}}{rest}{{% endif %}}"


def _literal(text: str) -> str:
    """A text as Jinja writes it: JSON's escapes are Jinja's."""
    return json.dumps(text, ensure_ascii=False)


def _is_binary(definition: Definition, field: Field) -> bool:
    """Whether a value is on or off and nothing else."""
    variable, point = field.variable, field.variable.point
    if field.statistic != "instant" or variable.unit or (variable.coef_a, variable.coef_b) != (1, 0):
        return False
    if point is None:
        return definition.protocol is Protocol.IO and (
            variable.info[0] == "3" or (variable.info[0] == "2" and variable.info[2] != "2")
        )
    return point.table.is_bits or (point.kind is Kind.BITS and point.bits == 1)


def _is_text(definition: Definition, variable: Variable) -> bool:
    """Whether a value may be a text; a meter's groups with a unit are numbers."""
    if variable.point is not None:
        return variable.point.kind.is_text
    return definition.protocol is Protocol.TIC and not variable.unit


def _version() -> str:
    try:
        return version("heliograph-sync")
    except PackageNotFoundError:
        return ""
