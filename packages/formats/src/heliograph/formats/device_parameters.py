"""The `parameters` of a device: the keep-alive flag and `key=value` pairs, or a meter's bit rate (spec 2.1, 2.2)."""

from dataclasses import dataclass, field

from heliograph.formats import cells, fields
from heliograph.formats.daq import Device
from heliograph.formats.report import Field, Report, WrongValue, nearest, quote

SEPARATOR = ","
FLAGS = ("0", "1")
RANGES = {"poll": (0, 86_400_000), "maxRegisters": (1, 125), "gap": (0, 124), "sleeps": (0, 1)}
BIT_RATES = ("1200", "9600")
HISTORIC = 1200

_STANDARD = Device(line=0, index="0", interface=None, name="", address=0)
DEFAULTS = {
    "poll": _STANDARD.poll_ms,
    "maxRegisters": _STANDARD.max_registers,
    "gap": _STANDARD.gap,
    "sleeps": int(_STANDARD.sleeps),
}


@dataclass(slots=True)
class Parameters:
    """What stands in the field, defaults for the rest."""

    keep_alive: bool = True
    pairs: dict[str, int] = field(default_factory=lambda: dict(DEFAULTS))


def read_parameters(place: Field | None, report: Report) -> Parameters:
    """Read flag and pairs, in any order; a wrong one is replaced by its default."""
    parameters = Parameters()
    if place is None or not place.text:
        return parameters
    seen: set[str] = set()
    for piece in cells.split(place.raw, place.line, SEPARATOR, place.column):
        key, sign, value = (part.strip() for part in piece.text.partition("="))
        if key in seen or (not sign and "" in seen):
            report.note(place, f"parameters: {quote(piece.text)} stands beside another; the first is used")
        elif sign:
            seen.add(key)
            _read_pair(key, value, piece, place, parameters, report)
        elif key:
            seen.add("")
            _read_flag(piece, place, parameters, report)
    return parameters


def read_bit_rate(place: Field | None, report: Report) -> int:
    """Read the bit rate of a meter's customer output: 1200 in its historic mode, 9600 in its standard mode."""
    if place is None or not place.text:
        return HISTORIC
    try:
        return int(fields.one_of(place.text, BIT_RATES))
    except WrongValue as error:
        report.mend(place, str(HISTORIC), f"parameters: {error}")
        return HISTORIC


def _read_flag(piece: Field, place: Field, parameters: Parameters, report: Report) -> None:
    if piece.text in FLAGS:
        parameters.keep_alive = piece.text == "1"
    else:
        report.mend(piece, "1", f"parameters: {quote(piece.text)} is neither 0, 1 nor key=value", within=place)


def _read_pair(key: str, value: str, piece: Field, place: Field, parameters: Parameters, report: Report) -> None:
    if key not in RANGES:
        report.note(place, f"parameters: unknown key {quote(key)}, it has no effect{nearest(key, RANGES)}")
        return
    try:
        parameters.pairs[key] = fields.whole(value, *RANGES[key])
    except WrongValue as error:
        report.mend(piece, f"{key}={DEFAULTS[key]}", f"parameters: {key}: {error}", within=place)
