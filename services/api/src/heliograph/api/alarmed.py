"""Alarms in words: which device and variable one is about, its value in engineering terms, and where to look."""

from dataclasses import dataclass
from typing import Final

from heliograph.api.models import AlarmRow
from heliograph.contract import Alarm
from heliograph.contract.records import Value
from heliograph.contract.requests import NumberedAlarm
from heliograph.formats import Plant, PlantDevice, Variable, engineering_value

_WHOLE: Final = {
    "POWER ON": ("The gateway started after it was cut off", "/system"),
    "POWER OFF": ("The gateway was stopped in order", "/system"),
    "STORAGE FULL": ("The storage is full: new records are not kept", "/servers"),
    "STORAGE FREE": ("The storage has room again", "/servers"),
    "CONFIGURATION REJECTED": ("A new configuration was refused", "/configuration"),
    "CONFIGURATION ROLLED BACK": ("An earlier configuration came back in force", "/configuration"),
}
_BEGINNINGS: Final = {
    "DEVICE LOST ": "{} does not answer any more",
    "DEVICE BACK ": "{} answers again",
    "CLOCK STEP ": "The clock was set by {} s",
}


@dataclass(frozen=True, slots=True)
class AlarmTold:
    """One alarm for a person."""

    words: str
    """`DC voltage is now 612.4 V`."""
    place: str = ""
    """The page that tells more; empty where there is none."""
    variable_name: str = ""
    unit: str = ""
    value: Value = None
    """The new engineering value; None where it needs a scale factor, or the definition is another one by now."""


def told(alarm: Alarm, plant: Plant) -> AlarmTold:
    """Say what an alarm is about, as far as the configuration in force knows it."""
    if alarm.info:
        return _of_gateway(alarm.info, plant)
    entry = plant.by_index(alarm.device or "")
    is_same = entry is not None and entry.device.name == alarm.device_name
    variable = _variable(entry, alarm) if entry is not None and is_same else None
    place = f"/devices/{alarm.device}" if is_same else ""
    if variable is None:
        return AlarmTold(f"Variable {alarm.variable} changed", place)
    value = None if variable.scale_factor else engineering_value(variable, _raw(alarm.value))
    return AlarmTold(f"{variable.name} changed", place, variable.name, variable.unit, value)


def alarm_row(numbered: NumberedAlarm, plant: Plant) -> AlarmRow:
    """An alarm as REST tells it."""
    about = told(numbered.alarm, plant)
    return AlarmRow(
        number=numbered.number,
        words=about.words,
        variable_name=about.variable_name,
        unit=about.unit,
        engineering=about.value,
        **numbered.alarm.model_dump(),
    )


def _of_gateway(info: str, plant: Plant) -> AlarmTold:
    if info in _WHOLE:
        return AlarmTold(*_WHOLE[info])
    for beginning, words in _BEGINNINGS.items():
        if info.startswith(beginning):
            name = info.removeprefix(beginning)
            entry = next((entry for entry in plant.devices if entry.device.name == name), None)
            return AlarmTold(words.format(name), f"/devices/{entry.device.index}" if entry else "")
    return AlarmTold(info)


def _variable(entry: PlantDevice, alarm: Alarm) -> Variable | None:
    if entry.device.definition != alarm.definition:
        return None
    return next((v for v in entry.definition.variables if v.index == alarm.variable), None)


def _raw(text: str) -> Value:
    """A raw value as an alarm prints it: a number where it is one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text or None
