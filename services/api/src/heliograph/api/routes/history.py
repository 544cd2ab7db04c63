"""`/api/v1/alarms` and `/api/v1/connections`: pages of what sync remembers, newest first."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from heliograph.api import examples
from heliograph.api.access import may_read
from heliograph.api.models import AlarmList, AlarmRow, ConnectionList
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.contract import AlarmRequest, PageRequest

Limit = Annotated[int, Query(ge=1, le=1000, description="How many rows at most")]
Before = Annotated[int | None, Query(ge=0, le=2**53, description="Only rows with a smaller number than this")]
Server = Annotated[Literal["1", "2"] | None, Query(description="Only connections to this server")]

router = APIRouter(
    prefix="/api/v1", tags=["history"], dependencies=[Depends(may_read)], responses=described(401, 409, 422, 503)
)


@router.get("/alarms", summary="Alarms, newest first", responses={200: examples.shown(examples.ALARMS, "A page")})
async def alarms(view: TheView, limit: Limit = 50, before: Before = None) -> AlarmList:
    """A page of the alarms of devices and of the gateway."""
    page = await view.alarms(AlarmRequest(limit=limit, before=before))
    rows = tuple(AlarmRow(number=row.number, **row.alarm.model_dump()) for row in page.alarms[:limit])
    return AlarmList(alarms=rows, before=rows[-1].number if len(rows) == limit else None)


@router.get(
    "/connections", summary="Connections, newest first", responses={200: examples.shown(examples.CONNECTIONS, "A page")}
)
async def connections(view: TheView, limit: Limit = 50, before: Before = None, server: Server = None) -> ConnectionList:
    """A page of the history of connections to the servers."""
    number: Literal[1, 2] | None = None if server is None else (1 if server == "1" else 2)
    page = await view.connections(PageRequest(limit=limit, before=before, server=number))
    rows = page.connections[:limit]
    return ConnectionList(connections=rows, before=rows[-1].number if len(rows) == limit else None)
