"""What `heliograph plan` shows: the requests of a device, their totals, and those of contiguous reads alone."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich import box
from rich.console import Console
from rich.table import Table as Grid

from heliograph.cli.output import printable
from heliograph.collector.blocks import Block, plan
from heliograph.collector.cost import SECOND, BusCost, Pace, data_bytes, wire_of
from heliograph.collector.figures import figures
from heliograph.collector.learnt import Learnt, rules
from heliograph.formats import Definition, Device, SerialInterface, SerialLine, parse_daq
from heliograph.formats.definition import Protocol
from heliograph.formats.findings import Finding, has_errors
from heliograph.runtime.setdirectory import FILE_LIMIT, read_limited

WIDE = 10_000
DEVICE_HEADER = "index;interface;name;address;acqPeriod(s);timeout(ms);serialNumber;parameters;category;model;defFile"
SERIAL_HEADER = "type;baudrate;data_bits;parity;stop_bits;wires;protocol;interframe(ms)"


class NoTarget(Exception):
    """There is no device to plan for; the text is for people."""

    def __init__(self, text: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(text)
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Target:
    """The device to plan for, and its line; none for Modbus TCP."""

    device: Device = field(default_factory=lambda: Device(line=0, index="0", interface=None, name="", address=1))
    serial: SerialLine | None = None

    def with_limits(self, gap: int | None, max_registers: int | None) -> "Target":
        """Return it with these limits where they are given."""
        device = self.device
        device = device if gap is None else replace(device, gap=gap)
        return replace(self, device=device if max_registers is None else replace(device, max_registers=max_registers))


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class PlannedRequest(_Shown):
    """One request."""

    table: int
    first: int
    last: int
    count: int
    variables: tuple[str, ...]
    """Names of those that it is the first to read."""
    bytes: int
    """Of request and answer."""
    seconds: float


class PlannedTotals(_Shown):
    """One poll."""

    requests: int
    registers: int
    bits: int
    bytes: int
    seconds: float
    """The least that it takes."""
    values: int
    values_per_second: float


class Planned(_Shown):
    """The plan, and what it is measured against."""

    definition: str
    line: str
    gap: int
    max_registers: int
    turnaround_seconds: float
    """What the device needs to begin its answer; assumed unless it was given."""
    requests: tuple[PlannedRequest, ...]
    totals: PlannedTotals
    contiguous: PlannedTotals
    """By the fewest reads that never go across a hole."""


def target_of(definition: Definition, device: str, daq: Path | None, *, baudrate: int | None, tcp: bool) -> Target:
    """Return the device that the options name. Raises `NoTarget`."""
    if definition.protocol not in (Protocol.MODBUS_RTU, Protocol.MODBUS_TCP):
        raise NoTarget(f"{definition.file} is no Modbus definition: it has no requests to plan")
    serial = _line(definition, baudrate, tcp=tcp)
    if not device:
        return Target(serial=serial) if daq is None else _only_device(daq, definition)
    if daq is not None:
        return _configured(daq, device)
    lines = [f"SERIAL{n};{baudrate or SerialLine(1).baudrate};8;N;1;2;modbusRTU;0" for n in (1, 2, 3)]
    text = "\n".join([SERIAL_HEADER, *lines, "", DEVICE_HEADER, device, ""])
    try:
        return _devices(text.encode(), "--device")[0]
    except NoTarget as error:
        raise NoTarget(str(error), [replace(finding, line=1) for finding in error.findings]) from None


def planned(definition: Definition, target: Target, turnaround_ms: float | None) -> Planned:
    """Return the plan of a device that records what the definition says."""
    wire = wire_of(target.serial)
    cost = wire.cost(None if turnaround_ms is None else Pace(turnaround_ms / 1000, wire.byte_seconds))
    blocks = _blocks(definition, target.device, cost)
    return Planned(
        definition=definition.file,
        line="Modbus TCP" if target.serial is None else _named(target.serial),
        gap=target.device.gap,
        max_registers=target.device.max_registers,
        turnaround_seconds=wire.turnaround_seconds if turnaround_ms is None else turnaround_ms / 1000,
        requests=tuple(request for block in blocks for request in _requests(block, cost)),
        totals=_totals(blocks, cost),
        contiguous=_totals(_blocks(definition, replace(target.device, gap=0), cost), cost),
    )


def print_plan(shown: Planned) -> None:
    """Print a plan for people; into a file or pipe it is not wrapped."""
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else WIDE, markup=False, highlight=False)
    grid = Grid(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("no.", "table", "first", "last", "count", "bytes", "ms"):
        grid.add_column(name, justify="right")
    grid.add_column("variables")
    for number, request in enumerate(shown.requests, 1):
        cells = (number, request.table, request.first, request.last, request.count, request.bytes)
        names = printable(", ".join(request.variables))
        grid.add_row(*map(str, cells), f"{1000 * request.seconds:.1f}", names)
    console.print(
        f"{printable(shown.definition)} on {shown.line}, gap {shown.gap}, maxRegisters {shown.max_registers},"
        f" turnaround {1000 * shown.turnaround_seconds:.1f} ms"
    )
    console.print(grid)
    console.print(f"this plan:        {_sentence(shown.totals)}")
    console.print(f"contiguous reads: {_sentence(shown.contiguous)}")


def _sentence(totals: PlannedTotals) -> str:
    bits = f", {totals.bits} bits" if totals.bits else ""
    return (
        f"{totals.requests} requests, {totals.registers} registers{bits}, {totals.bytes} bytes,"
        f" at least {1000 * totals.seconds:.1f} ms, {totals.values_per_second:.0f} values/s"
    )


def _line(definition: Definition, baudrate: int | None, *, tcp: bool) -> SerialLine | None:
    if tcp or (definition.protocol is Protocol.MODBUS_TCP and baudrate is None):
        return None
    return SerialLine(1, baudrate=baudrate or SerialLine(1).baudrate)


def _configured(daq: Path, wanted: str) -> Target:
    """Return the device of a `_daq.csv` with this index or name."""
    found = [target for target in _read(daq) if wanted in (target.device.index, target.device.name)]
    if not found:
        raise NoTarget(f"{daq} has no device {wanted!r}")
    return found[0]


def _only_device(daq: Path, definition: Definition) -> Target:
    """Return the device of a `_daq.csv` that has this definition."""
    found = [target for target in _read(daq) if target.device.definition == definition.file]
    if not found:
        raise NoTarget(f"no device of {daq} has the definition {definition.file}")
    return found[0]


def _read(daq: Path) -> list[Target]:
    try:
        return _devices(read_limited(daq, FILE_LIMIT), str(daq))
    except OSError as error:
        raise NoTarget(f"{daq} can't be read: {error.strerror or error}") from error


def _devices(content: bytes, name: str) -> list[Target]:
    daq, findings = parse_daq(content, name)
    if daq is None or has_errors(findings):
        raise NoTarget(f"there is no plan for a device with errors in {name}", findings)
    lines = {line.number: line for line in daq.lines}
    targets = []
    for device in daq.devices:
        serial = lines.get(device.interface.number) if isinstance(device.interface, SerialInterface) else None
        targets.append(Target(device, serial))
    if not targets:
        raise NoTarget(f"{name} has no device")
    return targets


def _blocks(definition: Definition, device: Device, cost: BusCost) -> tuple[Block, ...]:
    recorded = [variable for variable in definition.recorded if variable.point is not None]
    return plan(recorded, rules(device, cost, Learnt(), recorded))


def _requests(block: Block, cost: BusCost) -> list[PlannedRequest]:
    """Return the requests of a block; the names stand with the first of them."""
    names = tuple(variable.name for variable in block.variables)
    return [
        PlannedRequest(
            table=int(block.table),
            first=span.address,
            last=span.end - 1,
            count=span.count,
            variables=() if place else names,
            bytes=cost.frame_bytes + data_bytes(block.table, span.count),
            seconds=cost.of(block.table, span.count) / SECOND,
        )
        for place, span in enumerate(block.spans)
    ]


def _totals(blocks: Sequence[Block], cost: BusCost) -> PlannedTotals:
    found = figures(blocks, cost)
    return PlannedTotals(
        requests=found.requests,
        registers=found.registers,
        bits=found.bits,
        bytes=found.bytes,
        seconds=found.least_seconds,
        values=found.values,
        values_per_second=found.values / found.least_seconds if found.least_seconds else 0.0,
    )


def _named(line: SerialLine) -> str:
    interframe = f", interframe {line.interframe_ms} ms" if line.interframe_ms else ""
    return f"a serial line of {line.baudrate} baud {line.data_bits}{line.parity}{line.stop_bits}{interframe}"
