"""`/api/v1/alarms` and `/api/v1/connections`: pages of what sync remembers, newest first."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Request, Response

from heliograph.api import examples
from heliograph.api.access import may_read
from heliograph.api.alarmed import alarm_row
from heliograph.api.models import AlarmList, ConnectionList
from heliograph.api.paging import Before, Limit, next_page
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing
from heliograph.contract import AlarmRequest, AlarmSource, DeviceKey, PageRequest

Server = Annotated[Literal["1", "2"] | None, Query(description="Only connections to this server")]

OfDevice = Annotated[DeviceKey | None, Query(description="Only of the device with this index")]
OfSource = Annotated[AlarmSource | None, Query(description="Only from this source")]
Since = Annotated[int | None, Query(ge=0, le=2**53, description="Only of this moment or later, ms since 1970")]
Until = Annotated[int | None, Query(ge=0, le=2**53, description="Only of before this moment, ms since 1970")]
Failed = Annotated[bool, Query(description="Only connections that failed, or were done in part")]

router = routing(
    prefix="/api/v1", tags=["history"], dependencies=[Depends(may_read)], responses=described(401, 409, 422, 503)
)


@router.get("/alarms", summary="Alarms, newest first", responses={200: examples.shown(examples.ALARMS, "A page")})
async def alarms(
    view: TheView, request: Request, response: Response, limit: Limit = 50, before: Before = None,
    device: OfDevice = None, source: OfSource = None, since: Since = None, until: Until = None,
) -> AlarmList:  # fmt: skip
    """A page of the alarms of devices and of the gateway."""
    wanted = AlarmRequest(limit=limit, before=before, device=device, source=source, since=since, until=until)
    page = await view.alarms(wanted)
    rows = tuple(alarm_row(row, view.in_force.plant) for row in page.alarms[:limit])
    older = rows[-1].number if len(rows) == limit else None
    return AlarmList(alarms=rows, before=older, next=next_page(request, response, older))


@router.get(
    "/connections", summary="Connections, newest first", responses={200: examples.shown(examples.CONNECTIONS, "A page")}
)
async def connections(
    view: TheView,
    request: Request,
    response: Response,
    limit: Limit = 50,
    before: Before = None,
    server: Server = None,
    failed: Failed = False,
) -> ConnectionList:
    """A page of the history of connections to the servers."""
    number: Literal[1, 2] | None = None if server is None else (1 if server == "1" else 2)
    page = await view.connections(PageRequest(limit=limit, before=before, server=number, failed=failed))
    rows = page.connections[:limit]
    older = rows[-1].number if len(rows) == limit else None
    return ConnectionList(connections=rows, before=older, next=next_page(request, response, older))
