"""Asks sync for kept records: a series, a page, or all rows of a span part by part."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from heliograph.api.errors import NotThere, Refused, Unreadable
from heliograph.api.lookback.models import DeviceSeries, RecordPage
from heliograph.api.view import View
from heliograph.contract import RecordKind
from heliograph.contract.channels import ROWS, SERIES, Channel
from heliograph.contract.recorded import RowsAnswer, RowsRequest, Series, SeriesAnswer, SeriesRequest

LOOK_SECONDS: Final = 40.0
"""Sync looks for ten at most, and may have others to answer first."""
DAY_MS: Final = 86_400_000
PART_ROWS: Final = 250


@dataclass(frozen=True, slots=True)
class Span:
    """Of which records: those of the times begin < time <= end."""

    begin: int
    end: int
    kind: RecordKind = RecordKind.ACQUISITION


def span_of(view: View, begin: int | None, end: int | None, kind: RecordKind = RecordKind.ACQUISITION) -> Span:
    """Fill in what was not given: until now, and the day before the end. Raises `Unreadable`."""
    end = view.now() if end is None else end
    begin = max(0, end - DAY_MS) if begin is None else begin
    if begin >= end:
        raise Unreadable("The span is empty: begin is to be before end.")
    return Span(begin, end, kind)


async def series(view: View, index: str, variables: Sequence[str], span: Span, points: int) -> DeviceSeries:
    """Return variables over time. Raises `NotThere`, `Refused`, `Silent`."""
    device = view.device(index)
    request = SeriesRequest(
        device=device.index, variables=tuple(variables), begin=span.begin, end=span.end, points=points
    )
    answer: SeriesAnswer = await _ask(view, SERIES, request)
    known = {variable.index: variable for variable in view.variables(index).variables}
    found = []
    for one in answer.series:
        named: Any = one if one.name else known.get(one.variable)
        if named is None:
            raise NotThere(f"Device {index} has no variable with the index {one.variable[:20]!r}.")
        found.append(Series(**{**one.model_dump(), "name": named.name, "unit": named.unit}))
    return DeviceSeries(
        index=device.index, name=device.name, begin=span.begin, end=span.end, time_zone=zone_of(view),
        times=answer.times, series=tuple(found),
    )  # fmt: skip


async def page(view: View, index: str, span: Span, limit: int) -> RecordPage:
    """Return the next rows of a span. Raises `NotThere`, `Refused`, `Silent`."""
    device = view.device(index)
    answer = await _rows(view, index, span, span.begin, limit)
    return RecordPage(
        index=device.index, name=device.name, columns=answer.columns, times=answer.times, rows=answer.rows,
        following=answer.following,
    )  # fmt: skip


async def parts(view: View, index: str, span: Span) -> AsyncGenerator[RowsAnswer]:
    """Give all rows of a span, a part at a time; the first one tells the columns of all. Raises `Refused`, `Silent`."""
    part = await _rows(view, index, span, span.begin, PART_ROWS, survey=True)
    yield part
    while part.following is not None:
        part = await _rows(view, index, span, part.following, PART_ROWS)
        yield part


def zone_of(view: View) -> str:
    """The plant's time zone."""
    return view.revision.time_zone if view.revision else "UTC"


async def _rows(view: View, index: str, span: Span, begin: int, limit: int, *, survey: bool = False) -> RowsAnswer:
    request = RowsRequest(device=index, begin=begin, end=span.end, limit=limit, kind=span.kind, survey=survey)
    answer: RowsAnswer = await _ask(view, ROWS, request)
    return answer


async def _ask(view: View, channel: Channel, request: SeriesRequest | RowsRequest) -> Any:
    answer = await view.ask(channel, request, LOOK_SECONDS)
    if answer.error:
        raise Refused(f"{answer.error[:1].upper()}{answer.error[1:]}.")
    return answer
