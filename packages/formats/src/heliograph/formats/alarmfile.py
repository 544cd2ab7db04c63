"""Alarm files, written line by line (spec 3.3). Their dates have the form and the zone of the data files."""

from typing import Literal

from heliograph.formats.values import Value, format_value


def gateway_alarm(date: str, info: str) -> str:
    """Return the line of an alarm of the gateway itself, such as `POWER ON`."""
    return f"{date};GATEWAY;{format_value(info)}\n"


def device_alarm(
    date: str, *, source: Literal["IO", "MODBUS"], definition: str, device: str, variable: str, value: Value
) -> str:
    """Return the line of a changed variable: definition file, device name, variable Index, new raw value."""
    fields = ";".join(map(format_value, (definition, device, variable, value)))
    return f"{date};{source};{fields}\n"
