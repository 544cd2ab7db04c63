"""The figures of the plant: devices, lines, and – where they are asked for – the values of its variables."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from heliograph.api.metrics.samples import Sample, Seen, of_each, seconds
from heliograph.api.models import Device, VariableNow
from heliograph.contract import DeviceCondition, LineState

VALUE_AGE_SECONDS: Final = 300
"""An older value is not told: it would pass for one of now."""


def plant(now: Seen) -> Iterator[Sample]:
    """All of them."""
    if now.collector is None:
        return
    devices = now.view.devices()
    for device in devices:
        yield from _device(device)
    for line in now.collector.lines:
        yield from _line(line)
    yield "heliograph_traces", (), len(now.collector.traces)
    yield from islice(_values(now, devices), now.values)


def _device(device: Device) -> Iterator[Sample]:
    labels = (device.index, device.name)
    yield from of_each(
        labels,
        {
            "heliograph_device_up": device.condition is DeviceCondition.ANSWERING,
            "heliograph_device_last_reading_timestamp_seconds": seconds(device.last_reading),
            "heliograph_device_last_record_timestamp_seconds": seconds(device.last_record),
            "heliograph_device_requests_total": device.requests,
            "heliograph_device_readings_total": device.readings,
            "heliograph_device_records_total": device.records,
            "heliograph_device_gaps_total": device.gaps,
            "heliograph_device_refused_total": device.refused,
        },
    )
    for condition in DeviceCondition:
        yield "heliograph_device_condition", (*labels, condition), device.condition is condition
    for kind, count in device.errors.items():
        yield "heliograph_device_errors_total", (*labels, kind), count
    if device.plan is not None:
        yield "heliograph_device_refused_variables", labels, device.plan.refused_count
        yield "heliograph_device_poll_least_seconds", labels, device.plan.least_seconds


def _line(line: LineState) -> Iterator[Sample]:
    labels = (line.name,)
    yield "heliograph_line_open", labels, line.open
    yield "heliograph_line_utilisation_ratio", labels, line.utilisation
    yield "heliograph_line_requests_total", labels, line.requests
    if line.forwarding is not None:
        yield "heliograph_line_forwarding_clients", labels, line.forwarding.clients
        yield "heliograph_line_forwarded_requests_total", labels, line.forwarding.requests


def _values(now: Seen, devices: tuple[Device, ...]) -> Iterator[Sample]:
    """Of recorded variables in the order of the configuration, whether there is a value now or not."""
    for device in devices:
        is_young = device.age_seconds is not None and device.age_seconds <= VALUE_AGE_SECONDS
        for variable in now.view.variables(device.index).variables:
            if variable.action > 1:
                labels = (device.index, device.name, variable.name, variable.unit)
                yield "heliograph_value", labels, _number(variable) if is_young else None


def _number(variable: VariableNow) -> float | None:
    value = variable.value
    return value if isinstance(value, int | float) else None
