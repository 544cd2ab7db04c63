"""Reads one variable line of a definition (spec 2.2)."""

from dataclasses import dataclass, field

from heliograph.formats import cells, fields
from heliograph.formats.definition import ModbusPoint, Protocol, Variable
from heliograph.formats.modbus_point import read_point
from heliograph.formats.report import Field, Report, WrongValue, quote
from heliograph.formats.uniqueness import Unique

COLUMNS = ("Index", "Info1", "Info2", "Info3", "Info4", "Name", "Tag", "CoefA", "CoefB", "Unit", "Action")
NAME = COLUMNS.index("Name")
ACTIONS = ("0", "1", "2", "4", "6", "7", "8", "9")
COEFFICIENTS = (("CoefA", 1.0), ("CoefB", 0.0))
STATISTICS = 2
MODBUS = (Protocol.MODBUS_RTU, Protocol.MODBUS_TCP)

INPUTS = {
    "1": ("analogue input", 3, ("1", "2")),
    "2": ("digital input", 4, ("1", "2")),
    "3": ("relay", 1, ()),
}
"""`Info1` of inputs and outputs: what it is, its last number (`Info2`), the choices of `Info3`."""


@dataclass(slots=True)
class Names:
    """What must be unique in a file."""

    index: Unique = field(default_factory=lambda: Unique("Index"))
    name: Unique = field(default_factory=lambda: Unique("Name"))
    tag: Unique = field(default_factory=lambda: Unique("Tag"))


@dataclass(frozen=True, slots=True)
class Placed:
    """A line: the name of its variable, and the place where it names its scale factor."""

    name: str
    scale_factor: Field | None
    """None where there can't be one."""
    variable: Variable | None
    """None where the line has errors of its own."""


def read_variable(row: list[Field], protocol: Protocol | None, names: Names, report: Report) -> Placed:
    """Read a line. Without a protocol its `Info` fields can't be judged, the others are."""
    if len(row) < len(COLUMNS):
        report.error(row[0].line, 1, f"the line has {len(row)} of {len(COLUMNS)} fields: {';'.join(COLUMNS)}")
        return Placed("".join(place.raw for place in row[NAME : NAME + 1]), None, None)
    for extra in cells.without_trailing_blanks(row[len(COLUMNS) :])[:1]:
        report.note(extra, f"a variable has {len(COLUMNS)} fields; what follows has no effect")
    placed = dict(zip(COLUMNS, row, strict=False))
    errors = report.errors
    _check_names(placed, names, report)
    point = _read_info(placed, protocol, report)
    coefficients = [_coefficient(placed, name, default, report) for name, default in COEFFICIENTS]
    action = _read_action(placed["Action"], point, report)
    variable = _variable(placed, point, coefficients, action) if report.errors == errors else None
    return Placed(placed["Name"].raw, placed["Info4"] if protocol in MODBUS else None, variable)


def _variable(placed: dict[str, Field], point: ModbusPoint | None, coefficients: list[float], action: int) -> Variable:
    return Variable(
        line=placed["Index"].line,
        index=placed["Index"].text,
        info=(placed["Info1"].text, placed["Info2"].text, placed["Info3"].text, placed["Info4"].text),
        name=placed["Name"].raw,
        tag=placed["Tag"].text,
        coef_a=coefficients[0],
        coef_b=coefficients[1],
        unit=placed["Unit"].text,
        action=action,
        point=point,
    )


def _check_names(placed: dict[str, Field], names: Names, report: Report) -> None:
    for column, name, taken in (
        ("Index", placed["Index"].text, names.index),
        ("Name", placed["Name"].raw, names.name),
    ):
        if name.strip():
            taken.take(placed[column], name, report)
        else:
            report.wrong(placed[column], f"{column}: a variable needs one")
    if placed["Tag"].text:
        names.tag.take(placed["Tag"], placed["Tag"].text, report)


def _read_info(placed: dict[str, Field], protocol: Protocol | None, report: Report) -> ModbusPoint | None:
    if protocol in MODBUS:
        return read_point(placed["Info1"], placed["Info2"], placed["Info3"], report)
    if protocol is Protocol.IO:
        _check_input(placed, report)
    if protocol is Protocol.TIC and not placed["Info1"].text:
        report.wrong(placed["Info1"], "Info1: the label of the group in the meter's stream is needed")
    return None


def _check_input(placed: dict[str, Field], report: Report) -> None:
    """Check an input or output of the gateway."""
    known = INPUTS.get(placed["Info1"].text)
    if known is None:
        kinds = ", ".join(f"{number} ({what})" for number, (what, _, _) in INPUTS.items())
        report.wrong(placed["Info1"], f"Info1: {quote(placed['Info1'].text)} is none of {kinds}")
        return
    what, last, choices = known
    try:
        fields.whole(placed["Info2"].text, 1, last)
    except WrongValue as error:
        report.wrong(placed["Info2"], f"Info2 ({what}): {error}")
    if choices and placed["Info3"].text not in choices:
        report.wrong(placed["Info3"], f"Info3: {quote(placed['Info3'].text)} is none of {', '.join(choices)}")


def _coefficient(placed: dict[str, Field], name: str, default: float, report: Report) -> float:
    place = placed[name]
    if not place.text:
        return default
    try:
        value, has_comma = fields.decimal(place.text)
    except WrongValue as error:
        report.wrong(place, f"{name}: {error}")
        return default
    if has_comma:
        report.note(place, f"{name}: {quote(place.text)} has a decimal comma; it is read as a point")
    return value


def _read_action(place: Field, point: ModbusPoint | None, report: Report) -> int:
    try:
        action = int(fields.one_of(place.text, ACTIONS))
    except WrongValue as error:
        report.wrong(place, f"Action: {error}")
        return 0
    if action & STATISTICS and point and point.kind.is_text:
        report.wrong(place, f"Action: {action} asks for minimum, maximum and mean; text ({point.kind}) has none")
    return action
