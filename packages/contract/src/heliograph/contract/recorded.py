"""What people ask of the records of the last weeks, which sync keeps: series for plots, rows for exports."""

from typing import Annotated

from pydantic import Field

from heliograph.contract.identifiers import DeviceKey, Milliseconds, Payload, RecordKind
from heliograph.contract.records import Value
from heliograph.contract.requests import Outcome


class SeriesRequest(Payload):
    """Ask for variables of one device over a span of time, at most `points` a variable."""

    device: DeviceKey
    variables: Annotated[tuple[str, ...], Field(min_length=1, max_length=16)]
    """Indexes of variables in the device's definition."""
    begin: Milliseconds
    end: Milliseconds
    """Records of the times begin < time <= end."""
    points: Annotated[int, Field(ge=1, le=2000)] = 600


class Series(Payload):
    """One variable over time, in engineering values; where several records share a point, their extremes and mean."""

    variable: str
    name: str
    unit: str = ""
    least: tuple[float | None, ...] = ()
    mean: tuple[float | None, ...] = ()
    most: tuple[float | None, ...] = ()


class SeriesAnswer(Outcome):
    """The series over one axis of time. A missing value is None: a gap is drawn as a gap."""

    device: DeviceKey | None = None
    times: tuple[Milliseconds, ...] = ()
    series: tuple[Series, ...] = ()


class RowsRequest(Payload):
    """Ask for the records of one device as rows, oldest first, a part at a time."""

    device: DeviceKey
    begin: Milliseconds
    end: Milliseconds
    """Records of the times begin < time <= end."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 500
    kind: RecordKind = RecordKind.ACQUISITION
    survey: bool = False
    """Tell the columns of the whole span as well."""


class RowColumn(Payload):
    """One column of the rows: a variable, and which of its fields."""

    variable: str
    name: str
    unit: str = ""
    field: str = ""
    """Empty: the instant value; `minimum`, `maximum`, `mean`."""
    is_text: bool = False


class RowsAnswer(Outcome):
    """Rows in engineering values, all of one layout: where the definition changed, a part ends."""

    columns: tuple[RowColumn, ...] = ()
    times: tuple[Milliseconds, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()
    following: Milliseconds | None = None
    """The `begin` of the next part; None when this was the last."""
    survey: tuple[RowColumn, ...] = ()
    """Where it was asked for: every column of the span, those of the newest definition first."""


class KeptRecords(Payload):
    """How much of the records is kept for looking back."""

    days: int
    """For how long they are kept at most."""
    oldest: Milliseconds | None = None
    newest: Milliseconds | None = None
    records: int = 0
    bytes: int = 0
    """Of the file on the disk."""
    limit: int = 0
    """Bytes that it may take; the oldest make room."""
    problem: str = ""
    """For people: why nothing is kept now; empty when all is well. Delivery does not depend on it."""
