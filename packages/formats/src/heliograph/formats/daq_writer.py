"""Writes `_daq.csv`: anew, or over one that stands so that all else in it stays byte for byte (spec 1.7, 2.1)."""

from collections.abc import Mapping
from dataclasses import replace

from heliograph.formats.cells import SEPARATOR
from heliograph.formats.daq import Daq, Device, SerialLine
from heliograph.formats.daq_parser import parse_daq
from heliograph.formats.daq_sections import DEVICES, SERIAL, Row, SectionKind, header_of, rows
from heliograph.formats.device_parameters import DEFAULTS
from heliograph.formats.draft import Draft, draft_of
from heliograph.formats.report import Report

Cells = dict[str, str]


def write_daq(daq: Daq, base: bytes = b"") -> bytes:
    """Return a file that reads as `daq`: `base` with the fields that differ changed, and rows added or removed.

    Raises `ValueError` if `base` has errors, or if a value can't stand in such a file or in the columns of `base`.
    """
    before, _ = parse_daq(base, "")
    if before is None:
        raise ValueError("the file that is to be rewritten has errors")
    draft = draft_of(base)
    found = list(rows(draft.text, Report("")))
    lines = {f"SERIAL{line.number}": _line_cells(line) for line in daq.lines}
    old_lines = {f"SERIAL{line.number}": _line_cells(line) for line in before.lines}
    devices = {device.index: _device_cells(device) for device in daq.devices}
    old_devices = {device.index: _device_cells(device) for device in before.devices}
    by_line = {device.line: device.index for device in before.devices}
    parts = (
        (SERIAL, {row.text("type"): row for row in found if row.kind is SERIAL}, old_lines, lines),
        (DEVICES, {by_line[row.line]: row for row in found if row.kind is DEVICES}, old_devices, devices),
    )
    # A section that is new stands behind the rows that others get.
    for part in sorted(parts, key=lambda part: header_of(draft.text, part[0]) is None):
        _rewrite(draft, *part)
    content = draft.encode()
    if not _is_same(parse_daq(content, "")[0], daq):
        raise ValueError("a value of these devices or lines can't stand in a _daq.csv, or has no column in this one")
    return content


def _rewrite(
    draft: Draft, kind: SectionKind, places: Mapping[str, Row], old: Mapping[str, Cells], new: Mapping[str, Cells]
) -> None:
    known = {row.line for row in places.values()}
    header = header_of(draft.text, kind)
    if header is None:
        _add_section(draft, kind, list(new.values()))
        return
    after, columns = (min(known) - 1, next(iter(places.values())).columns) if known else header
    merged: list[tuple[int | None, str | None]] = []
    for key, cells in new.items():
        if key not in places:
            merged.append((None, SEPARATOR.join(cells.get(column, "") for column in columns)))
        elif old[key] == cells:
            merged.append((places[key].line, None))
        else:
            merged.append((places[key].line, _edited(draft, places[key], old[key], cells)))
    draft.merge(merged, known, after)


def _add_section(draft: Draft, kind: SectionKind, found: list[Cells]) -> None:
    if not found:
        return
    columns = [column for column in kind.columns if column in kind.needed or any(cells.get(column) for cells in found)]
    added = draft.added[draft.last]
    added += [""] * bool(draft.last or added)
    added.append(SEPARATOR.join(columns))
    added += [SEPARATOR.join(cells.get(column, "") for column in columns) for cells in found]


def _edited(draft: Draft, row: Row, old: Cells, new: Cells) -> str:
    """Return the text of a row with the fields that differ changed; with the name, which may be made of others."""
    pieces = draft.lines[row.line - 1].text.split(SEPARATOR)
    for number, column in enumerate(row.columns):
        if column and (old.get(column) != new.get(column) or column == "name"):
            pieces += [""] * (number + 1 - len(pieces))
            pieces[number] = new.get(column, "")
    return SEPARATOR.join(pieces)


def _line_cells(line: SerialLine) -> Cells:
    return {
        "type": line.name,
        "baudrate": str(line.baudrate),
        "data_bits": str(line.data_bits),
        "parity": line.parity,
        "stop_bits": str(line.stop_bits),
        "wires": str(line.wires),
        "protocol": line.protocol,
        "interframe(ms)": str(line.interframe_ms),
        "forwardedTcpPort": "" if line.forwarded_port is None else str(line.forwarded_port),
    }


def _device_cells(device: Device) -> Cells:
    return {
        "index": device.index,
        "interface": "" if device.interface is None else str(device.interface),
        "name": device.name,
        "address": str(device.address) if device.kind == "MODBUS" else "",
        "acqPeriod(s)": str(device.period_seconds),
        "timeout(ms)": str(device.timeout_ms),
        "serialNumber": device.serial_number,
        "parameters": _parameters(device),
        "category": device.category,
        "model": device.model,
        "defFile": device.definition,
    }


def _parameters(device: Device) -> str:
    if device.bit_rate is not None:
        return str(device.bit_rate)
    values = {
        "poll": device.poll_ms,
        "maxRegisters": device.max_registers,
        "gap": device.gap,
        "sleeps": int(device.sleeps),
    }
    pairs = [f"{key}={value}" for key, value in values.items() if value != DEFAULTS[key]]
    return ",".join(["1" if device.keep_alive else "0", *pairs])


def _is_same(found: Daq | None, wanted: Daq) -> bool:
    return found is not None and _placeless(found) == _placeless(wanted)


def _placeless(daq: Daq) -> Daq:
    return Daq(daq.lines, tuple(replace(device, line=0) for device in daq.devices))
