"""What the REST API answers of the records that are kept for looking back."""

from heliograph.api.models import Answer
from heliograph.contract import DeviceKey
from heliograph.contract.identifiers import Milliseconds
from heliograph.contract.recorded import RowColumn, Series
from heliograph.contract.records import Value


class DeviceSeries(Answer):
    """Variables of one device over time, over one axis of time. A missing value is null: a gap is to stay a gap."""

    index: DeviceKey
    name: str
    begin: Milliseconds
    end: Milliseconds
    """Of the span that was asked for: begin < time <= end."""
    time_zone: str
    """Of the plant, in which people read times."""
    times: tuple[Milliseconds, ...]
    series: tuple[Series, ...]


class RecordPage(Answer):
    """Records of one device as rows in engineering values, oldest first. Where the definition changed, a page ends."""

    index: DeviceKey
    name: str
    columns: tuple[RowColumn, ...]
    times: tuple[Milliseconds, ...]
    rows: tuple[tuple[Value, ...], ...]
    following: Milliseconds | None = None
    """The `begin` of the next page; null when this was the last."""
    next: str | None = None
    """Address of the next page, as in the header `Link`; null when this was the last."""
