"""Set points in force, with the names and engineering values that the configuration and the last reading give them."""

from collections.abc import Iterable, Mapping

from heliograph.api.commanded import SetPoint
from heliograph.contract import Reading, SetPointState
from heliograph.contract.records import Value
from heliograph.formats import Plant, PlantDevice, Variable, engineering_value, scale_factor_of


def set_points(
    states: Iterable[SetPointState], plant: Plant, readings: Mapping[str, Reading], now: int
) -> tuple[SetPoint, ...]:
    """Those of the collector; one whose device or variable is not known here shows its raw values alone."""
    return tuple(_set_point(state, plant.by_index(state.device), readings.get(state.device), now) for state in states)


def _set_point(state: SetPointState, entry: PlantDevice | None, reading: Reading | None, now: int) -> SetPoint:
    variables = entry.definition.variables if entry else ()
    variable = next((v for v in variables if v.index == state.variable), None)
    raws = reading.values if reading else {}
    return SetPoint(
        device=state.device,
        device_name=entry.device.name if entry else "",
        variable=state.variable,
        variable_name=variable.name if variable else "",
        unit=variable.unit if variable else "",
        value=_engineering(entry, variable, state.raw, raws),
        raw=state.raw,
        fallback=_engineering(entry, variable, state.fallback, raws),
        fallback_raw=state.fallback,
        until=state.until,
        seconds_left=max(0, state.until - now) / 1000,
        caller=state.caller,
        lapsed=state.lapsed,
        cause=state.cause,
    )


def _engineering(entry: PlantDevice | None, variable: Variable | None, raw: Value, raws: Mapping[str, Value]) -> Value:
    if entry is None or variable is None:
        return None
    scale = scale_factor_of(entry.definition, variable) if variable.scale_factor else None
    return engineering_value(variable, raw, raws.get(scale.index) if scale else None)
