"""`/api/v1/devices/{index}/series` and `…/records`: what was recorded in the last weeks, as far as it is kept here."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from heliograph.api.access import may_read
from heliograph.api.examples import binary, shown, written
from heliograph.api.lookback import asking, examples, files
from heliograph.api.lookback.asking import Span
from heliograph.api.lookback.csvtext import MEDIA_TYPE as CSV
from heliograph.api.lookback.models import DeviceSeries, RecordPage
from heliograph.api.lookback.parquet import MEDIA_TYPE as PARQUET
from heliograph.api.paging import Limit, next_page
from heliograph.api.problems import described
from heliograph.api.routes.devices import Index
from heliograph.api.routes.parts import TheDownloads, TheView
from heliograph.api.routes.routing import routing
from heliograph.contract import RecordKind

Time = Annotated[int | None, Query(ge=0, le=2**47)]
Begin = Annotated[Time, Query(description="Records after this time; without it, of the day before `end`")]
End = Annotated[Time, Query(description="Records up to this time; without it, up to now")]
Kind = Annotated[RecordKind, Query(description="Of the acquisition, or what `getParameters` recorded")]
Points = Annotated[
    int, Query(ge=1, le=2000, description="Points at most: where there are more records, several share one")
]
Variables = Annotated[
    str,
    Query(
        pattern="^[^,]{1,32}(,[^,]{1,32}){0,15}$",
        description="Indexes of variables in the device's definition, with commas between them, sixteen at most",
        examples=["3,4"],
    ),
]

router = routing(
    prefix="/api/v1/devices/{index}", tags=["records"], dependencies=[Depends(may_read)],
    responses=described(401, 404, 409, 422, 503),
)  # fmt: skip


async def _span(view: TheView, begin: Begin = None, end: End = None, kind: Kind = RecordKind.ACQUISITION) -> Span:
    return asking.span_of(view, begin, end, kind)


TheSpan = Annotated[Span, Depends(_span)]


@router.get("/series", summary="Variables over time", responses={200: shown(examples.SERIES, "The series")})
async def series(
    index: Index, view: TheView, variables: Variables, begin: Begin = None, end: End = None, points: Points = 600
) -> DeviceSeries:
    """Engineering values of the records; where several share a point, their least, mean and most. A gap is null."""
    span = asking.span_of(view, begin, end)
    return await asking.series(view, index, list(dict.fromkeys(variables.split(","))), span, points)


@router.get("/records", summary="Records, oldest first", responses={200: shown(examples.ROWS, "A page")})
async def records(
    index: Index, view: TheView, span: TheSpan, request: Request, response: Response, limit: Limit = 200
) -> RecordPage:
    """Rows in engineering values, as far as the gateway keeps them. `following` is the `begin` of the next page."""
    page = await asking.page(view, index, span, limit)
    return page.model_copy(update={"next": next_page(request, response, page.following, "begin")})


@router.get(
    "/records.csv",
    summary="Records as CSV",
    response_class=Response,
    responses={200: written(examples.CSV, "The file", CSV.partition(";")[0])},
)
async def records_csv(index: Index, view: TheView, downloads: TheDownloads, span: TheSpan) -> Response:
    """RFC 4180: a header of names and units, then a line a record, with its time in UTC and in the plant's zone.

    It is made while it is sent; when something goes wrong in between, the connection is cut before its end.
    """
    return await files.begin(view, downloads, index, span, files.Form.CSV)


@router.get(
    "/records.parquet",
    summary="Records as Parquet",
    response_class=Response,
    responses={200: {"description": "The file", "content": binary(PARQUET)}},
)
async def records_parquet(index: Index, view: TheView, downloads: TheDownloads, span: TheSpan) -> Response:
    """A column `time` in UTC and one a value, with variable, name and unit in the metadata of its field."""
    return await files.begin(view, downloads, index, span, files.Form.PARQUET)
