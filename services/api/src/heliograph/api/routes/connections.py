"""Connections asked for and stopped: `POST /api/v1/connections`, `DELETE /api/v1/servers/{number}/connection`."""

from typing import Annotated, Literal

from fastapi import Body, Depends

from heliograph.api import examples
from heliograph.api.access import may_write
from heliograph.api.models import Accepted, ConnectBody
from heliograph.api.ordering import asker
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing
from heliograph.api.routes.servers import Number

router = routing(
    prefix="/api/v1", tags=["history"], dependencies=[Depends(may_write)], responses=described(401, 409, 503)
)

_EXAMPLES = {
    "one": {"summary": "To server 1", "value": {"server": 1}},
    "all": {"summary": "To all servers", "value": {}},
}


@router.post(
    "/connections",
    status_code=202,
    summary="Make a connection now",
    responses={202: examples.shown(examples.ACCEPTED, "It follows"), **described(413, 422)},
)
async def connect(
    view: TheView, body: Annotated[ConnectBody | None, Body(openapi_examples=_EXAMPLES)] = None
) -> Accepted:
    """A connection follows, or one more if there is one now. Needs the token."""
    server = body.server if body else None
    await view.connect(server)
    which = f"server {server}" if server else "each server"
    return Accepted(server=server, detail=f"A connection to {which} follows.")


@router.delete(
    "/servers/{number}/connection",
    status_code=202,
    summary="Stop the connection that runs",
    responses={202: examples.shown(examples.STOPPING, "It ends after the file in flight")},
)
async def stop(view: TheView, number: Number) -> Accepted:
    """What was not sent stays for the next connection; none follows of itself before it is due. Needs the token."""
    server: Literal[1, 2] = 1 if number == "1" else 2
    await view.stop_connection(server, asker())
    return Accepted(server=server, detail=f"The connection to server {server} ends after the file that is on its way.")
