"""What the REST API answers, beyond the payloads of the contract."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from heliograph.contract import (
    Alarm,
    Connection,
    ConnectRequest,
    DeviceCondition,
    DeviceKey,
    DevicePlan,
    TraceInterface,
)
from heliograph.contract.identifiers import Milliseconds
from heliograph.contract.records import Value
from heliograph.formats.findings import parse_finding


class Answer(BaseModel):
    """The base of every answer."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class Device(Answer):
    """One device: its line of the configuration, its condition, and what was counted since the collector's start."""

    index: DeviceKey
    name: str
    interface: str
    address: int
    period_seconds: int
    timeout_ms: int = 1000
    category: str
    model: str
    definition: str
    condition: DeviceCondition | None = None
    """Absent while the collector does not report."""
    since: Milliseconds | None = None
    cause: str = ""
    last_reading: Milliseconds | None = None
    age_seconds: float | None = None
    """Of the last reading."""
    last_record: Milliseconds | None = None
    requests: int = 0
    readings: int = 0
    records: int = 0
    gaps: int = 0
    refused: int = 0
    errors: dict[str, int] = {}
    plan: DevicePlan | None = None
    """How it is read, and what it refuses; absent for what is not polled."""


class DeviceList(Answer):
    """All devices, in the order of the configuration."""

    devices: tuple[Device, ...]


class VariableNow(Answer):
    """One variable and its value in the last reading; raw and value are `null` where it is missing."""

    index: str
    name: str
    tag: str
    unit: str
    action: int
    writable: bool
    least: float | None = None
    """The least engineering value that may be written; absent where there is no bound, or nothing can be written."""
    most: float | None = None
    raw: Value = None
    value: Value = None
    """The engineering value: coefficients and scale factor applied."""


class DeviceVariables(Answer):
    """The variables of one device as of its last reading."""

    index: DeviceKey
    name: str
    time: Milliseconds | None = None
    """Of the reading; `null` when there is none since this service or the configuration began."""
    age_seconds: float | None = None
    variables: tuple[VariableNow, ...]


class AlarmRow(Alarm):
    """An alarm with its number in the history, and what it is about as far as the configuration in force knows it."""

    number: int
    words: str = ""
    """For people."""
    variable_name: str = ""
    unit: str = ""
    engineering: Value = None
    """The new engineering value; `null` where it needs a scale factor or is not known."""


class AlarmList(Answer):
    """Alarms, newest first."""

    alarms: tuple[AlarmRow, ...]
    before: int | None = None
    """Give this as `before` for the next page; `null` on the last one."""
    next: str | None = None
    """Address of the next page, as in the header `Link`; `null` on the last one."""


class ConnectionList(Answer):
    """Connections, newest first."""

    connections: tuple[Connection, ...]
    before: int | None = None
    """Give this as `before` for the next page; `null` on the last one."""
    next: str | None = None
    """Address of the next page, as in the header `Link`; `null` on the last one."""


class ConnectBody(ConnectRequest):
    """To which server a connection is asked for; absent = to all."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("server", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("1 or 2 is expected")  # noqa: TRY004  # pydantic wants a ValueError
        return value


class Accepted(Answer):
    """The connection follows; its row appears in the history."""

    server: Literal[1, 2] | None
    detail: str


class BundleMade(Answer):
    """The debug bundle is made; it goes to `/LOG` of these servers, and can be downloaded."""

    name: str
    bytes: int
    servers: tuple[Literal[1, 2], ...]
    detail: str


class BundleBody(BaseModel):
    """What is to become of a debug bundle."""

    model_config = ConfigDict(extra="forbid")

    send: Annotated[
        bool, Field(description="To `/LOG` of every file server; else it is only kept for downloading.")
    ] = True


class BundleStopped(Answer):
    """It was stopped."""

    detail: str


class TraceBody(BaseModel):
    """What is to be written down (spec 3.4)."""

    model_config = ConfigDict(extra="forbid")

    interface: TraceInterface
    minutes: Annotated[int, Field(ge=0, le=1440, description="From now; 0 ends a trace.")]


class TraceAccepted(Answer):
    """The trace is being written, or has ended."""

    interface: TraceInterface
    minutes: int
    detail: str


class Health(Answer):
    """How this service is."""

    status: Literal["live", "ready"]


class Fault(Answer):
    """One fault of a request."""

    place: str
    """Where: `body.server`, `query.limit`."""
    text: str


class FindingRow(Answer):
    """One finding about the configuration set, taken apart; a remark about the set as a whole has its text alone."""

    file: str = ""
    line: int | None = None
    column: int | None = None
    severity: Literal["error", "warning"] | None = None
    text: str
    field: str = ""
    """Of the request's body, where it is about one that was given."""


def finding_rows(findings: Iterable[str], places: Mapping[str, str] = MappingProxyType({})) -> tuple[FindingRow, ...]:
    """Take findings apart, as they are told between services; `places` are fields of a body by the finding."""
    return tuple(_finding_row(text, places.get(text, "")) for text in findings)


def _finding_row(text: str, field: str) -> FindingRow:
    found = parse_finding(text)
    if found is None:
        return FindingRow(text=text)
    return FindingRow(
        file=found.file, line=found.line, column=found.column, severity=found.severity.value, text=found.text,
        field=field,
    )  # fmt: skip


class ProblemDocument(Answer):
    """An error, as RFC 9457 has it."""

    type: str = "about:blank"
    """Relative to the gateway's address; a page there explains it."""
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    instance: str = ""
    """The path that was asked for."""
    errors: tuple[Fault, ...] = ()
    """Faults of the request."""
    findings: tuple[FindingRow, ...] = ()
    """Faults of the configuration set that would have come of it."""
