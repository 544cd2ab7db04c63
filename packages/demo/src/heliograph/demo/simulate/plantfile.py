"""What may stand in a plant file: pydantic models, from which the JSON schema is made.

Values are engineering values, times those of the plant.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

MOST_DEVICES: Final = 1000
_DURATION: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|s|m|h|d)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _seconds(value: Any) -> Any:
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if match is None:
            raise PydanticCustomError("duration", "a duration is seconds, or a number with ms, s, m, h or d: 5m")
        return float(match[1]) * _SECONDS[match[2]]
    return value


def _moment(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


def _clock(value: Any) -> Any:
    # YAML 1.1 reads 18:00 without quotes as a number of base sixty.
    return f"{value // 60:02}:{value % 60:02}" if isinstance(value, int) and 0 <= value < 1440 else value


Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Seconds = Annotated[
    float,
    BeforeValidator(_seconds, json_schema_input_type=float | str),
    Field(ge=0, le=100 * 365 * 86400, allow_inf_nan=False),
]
Span = Annotated[Seconds, Field(gt=0)]
Clock = Annotated[str, BeforeValidator(_clock), Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Reference = Annotated[str, Field(min_length=1, max_length=200)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Port = Annotated[int, Field(ge=0, le=65535, strict=True)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Day(_Entry):
    """A curve that follows the sun: `base` at night, `peak` under the highest sun."""

    peak: Number
    base: Number = 0.0
    clouds: Annotated[Number, Field(ge=0, le=1)] = 0.2
    """How much of it passing clouds may take away."""
    sunrise: Clock = "06:00"
    """UTC; without `place` the curve is a sine from sunrise to sunset."""
    sunset: Clock = "18:00"


class Ramp(_Entry):
    """A straight line from one value to another, held at its end or begun anew."""

    start: Number
    end: Number
    over: Span
    repeat: bool = False


class Counter(_Entry):
    """The integral over time of another variable: of W it gives Wh where `per` is an hour."""

    of: Reference
    start: Number = 0.0
    per: Span = 3600.0
    factor: Number = 1.0
    daily: bool = False
    """Begins anew at midnight UTC."""


class Walk(_Entry):
    """A random walk between two bounds."""

    start: Number
    step: Annotated[Number, Field(ge=0)]
    min: Number
    max: Number
    every: Annotated[Span, Field(ge=1)] = 60.0


class Sequence(_Entry):
    """One value after the other."""

    values: Annotated[tuple[Number | str, ...], Field(min_length=1, max_length=10_000)]
    every: Span
    repeat: bool = True


class Sum(_Entry):
    """The sum of other variables; a reference that begins with `-` is subtracted."""

    of: Annotated[tuple[Reference, ...], Field(min_length=1, max_length=MOST_DEVICES)]
    factor: Number = 1.0
    offset: Number = 0.0


class Writable(_Entry):
    """A set point: taken within its limits, in force after `delay`, approached with the time constant `lag`."""

    start: Number
    min: Number = 0.0
    max: Number = 100.0
    delay: Seconds = 0.0
    lag: Seconds = 0.0


class Limit(_Entry):
    """A ceiling: so many percent of `rated`, as another variable says (with its delay and lag)."""

    percent: Reference
    rated: Annotated[Number, Field(gt=0)]
    enabled: Reference | None = None
    """There is no ceiling while this variable is 0, as of a SunSpec inverter with `WMaxLim_Ena`."""


SOURCES: Final = ("constant", "text", "day", "ramp", "counter", "walk", "sequence", "sum", "writable")


class Value(_Entry):
    """What one variable says: one source, and what is laid over it."""

    constant: Number | None = None
    text: Annotated[str, Field(max_length=250)] | None = None
    day: Day | None = None
    ramp: Ramp | None = None
    counter: Counter | None = None
    walk: Walk | None = None
    sequence: Sequence | None = None
    sum: Sum | None = None
    writable: Writable | None = None
    noise: Annotated[Number, Field(ge=0)] = 0.0
    """Standard deviation of what is added anew each second."""
    limited: Limit | None = None
    min: Number | None = None
    max: Number | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise PydanticCustomError("value", "a value is a number, a text, or a mapping with one source")
        if isinstance(value, int | float):
            return {"constant": value}
        return {"text": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise PydanticCustomError("sources", f"exactly one of {', '.join(SOURCES)} is wanted, here is {found}")
        return self

    @property
    def source(self) -> Any:
        """The one source that is given."""
        return next(entry for name in SOURCES if (entry := getattr(self, name)) is not None)


class Line(_Entry):
    """A serial line on a pseudo-terminal."""

    baudrate: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    paced: bool = True
    """As slow as the line it stands for."""
    turnaround: Seconds = 0.005
    """What a device takes from the request to its answer, beside the silence."""
    path: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Where the terminal is to be found; a path of its own when absent."""
    socket: Port | None = None
    """Also reachable as `socket://host:port`, as behind a serial server."""


class Device(_Entry):
    """One device: a definition file, a place, and what its variables say where it is not what they usually say."""

    name: Name
    definition: Annotated[str, Field(min_length=1, max_length=500)]
    """Path of the definition file, from the plant file."""
    unit: Annotated[int, Field(ge=0, le=255, strict=True)] = 1
    tcp: Port | None = None
    """Port; devices that name the same one stand behind it together. 0: a free one of its own."""
    serial: Literal["SERIAL1", "SERIAL2", "SERIAL3"] | None = None
    rated: Annotated[Number, Field(gt=0)] = 10_000.0
    """Watts; what the usual values are made from."""
    turnaround: Seconds = 0.0
    """Modbus TCP: what every answer takes."""
    holes: Literal["refuse", "zero"] = "refuse"
    """What registers say that no variable names; those of a SunSpec device are always there."""
    period: Annotated[int, Field(ge=1, le=86400, strict=True)] = 10
    """Acquisition period in a set that is written for the plant."""
    values: dict[str, Value] = {}
    """By name, tag or Index of the variable."""
    hidden: dict[str, Value] = {}
    """Values that no register shows, for others to refer to."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.tcp is None) == (self.serial is None):
            raise PydanticCustomError("place", "a device stands either on `tcp: PORT` or on `serial: SERIALn`")
        if self.serial and not 1 <= self.unit <= 247:
            raise PydanticCustomError("unit", "on a serial line units are 1 to 247")
        return self


FaultName = Literal[
    "dead", "slow", "noise", "exception", "wrong_unit", "wrong_function", "bad_crc", "half_frame", "echo", "restart",
    "twice", "drip", "wrong_count", "other_exception", "empty", "trailing",
]  # fmt: skip


class Fault(_Entry):
    """One line of the script of faults; times are those of the plant, from its start."""

    device: Annotated[tuple[str, ...], BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)]
    """Names, or `*` for all."""
    fault: FaultName
    at: Seconds = 0.0
    lasts: Span | None = None
    """For ever when absent, but for a restart (10 s) and what comes again (half of `every`)."""
    every: Span | None = None
    probability: Annotated[Number, Field(ge=0, le=1)] = 1.0
    """Of each time; without `every` it is tossed each second."""
    seconds: Seconds | None = None
    """`slow`: how late answers come (2 s when absent); `drip`: between two bytes of an answer (20 ms)."""
    code: Annotated[int, Field(ge=1, le=255, strict=True)] = 4
    """`exception`."""
    bytes: Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2} ?){1,64}$")] = "00 FF 55"
    """`noise`: what comes before the answer; `trailing`: what comes behind it."""
    offset: Annotated[int, Field(ge=1, le=200, strict=True)] = 1
    """`wrong_unit`: added to the unit in the answer; `wrong_count`: to the number of bytes that it tells."""

    @model_validator(mode="after")
    def _ends_before_it_begins_again(self) -> Self:
        if self.every is not None and self.lasts is not None and self.lasts > self.every:
            raise PydanticCustomError("lasts", "it lasts longer than the time until it comes again")
        return self


class SolarPlace(_Entry):
    """Where the plant stands: its day curves follow the sun there."""

    latitude: Annotated[Number, Field(ge=-90, le=90)]
    longitude: Annotated[Number, Field(ge=-180, le=180)]


class PlantFile(_Entry):
    """The whole file."""

    plant: Annotated[str, Field(min_length=1, max_length=100)] = "Simulated plant"
    uid: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")] | None = None
    """Of the gateway in a set that is written for the plant."""
    seed: Annotated[int, Field(ge=0, le=2**63, strict=True)] = 1
    start: Annotated[datetime, BeforeValidator(_moment)] | None = None
    """The plant's own time at the start; the machine's when absent."""
    speed: Annotated[Number, Field(ge=0.01, le=3600)] = 1.0
    """Seconds of the plant's time in one of ours."""
    place: SolarPlace | None = None
    host: Annotated[str, Field(min_length=1, max_length=253)] = "127.0.0.1"
    lines: dict[Literal["SERIAL1", "SERIAL2", "SERIAL3"], Line] = {}
    devices: Annotated[tuple[Device, ...], Field(min_length=1, max_length=MOST_DEVICES)]
    faults: Annotated[tuple[Fault, ...], Field(max_length=10_000)] = ()


def plant_schema() -> dict[str, Any]:
    """Return the JSON schema of a plant file, for editors and checks."""
    schema = PlantFile.model_json_schema()
    shorthand = schema["$defs"]["Value"]
    schema["$defs"]["Value"] = {"anyOf": [{"type": "number"}, {"type": "string"}, shorthand]}
    devices = schema["$defs"]["Fault"]["properties"]["device"]
    schema["$defs"]["Fault"]["properties"]["device"] = {"anyOf": [{"type": "string"}, devices]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Heliograph plant file"}
