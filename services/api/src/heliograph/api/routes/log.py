"""`/api/v1/log`: the last lines of the gateway's log, newest first."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Request, Response

from heliograph.api import server_examples as examples
from heliograph.api import servers as asked
from heliograph.api.access import may_read
from heliograph.api.examples import shown
from heliograph.api.logged import LogList
from heliograph.api.paging import Before, Limit, next_page
from heliograph.api.problems import described
from heliograph.api.routes.history import Since, Until
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing
from heliograph.contract import Level, LogRequest, Service

Least = Annotated[Level, Query(alias="level", description="The least level that is wanted")]
Of = Annotated[Service | None, Query(alias="service", description="Only lines of this service")]
OfServer = Annotated[Literal["1", "2"] | None, Query(description="Only what sync tells of its work with this server")]
Text = Annotated[str, Query(max_length=200, description="Only lines with this in them, whatever the case")]

router = routing(
    prefix="/api/v1", tags=["support"], dependencies=[Depends(may_read)], responses=described(401, 409, 422, 503)
)


@router.get("/log", summary="The gateway's log, newest first", responses={200: shown(examples.LOG, "A page")})
async def log(
    view: TheView, request: Request, response: Response, limit: Limit = 200, before: Before = None,
    least: Least = Level.DEBUG, service: Of = None, text: Text = "", server: OfServer = None, since: Since = None,
    until: Until = None,
) -> LogList:  # fmt: skip
    """The last 20,000 lines that people are told, of every service; they stay when the servers have them.

    The lines of one connection are those of its server between its start and its end.
    """
    number: Literal[1, 2] | None = None if server is None else 1 if server == "1" else 2
    asking = LogRequest(
        limit=limit, before=before, least=least, service=service, text=text, server=number, since=since, until=until
    )
    page = await asked.log(view, asking)
    return page.model_copy(update={"next": next_page(request, response, page.before)})
