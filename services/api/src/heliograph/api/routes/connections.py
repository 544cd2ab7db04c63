"""`POST /api/v1/connections`: a connection is asked for."""

from typing import Annotated

from fastapi import Body, Depends

from heliograph.api import examples
from heliograph.api.access import may_write
from heliograph.api.models import Accepted, ConnectBody
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing

router = routing(
    prefix="/api/v1", tags=["history"], dependencies=[Depends(may_write)], responses=described(401, 409, 413, 422, 503)
)

_EXAMPLES = {
    "one": {"summary": "To server 1", "value": {"server": 1}},
    "all": {"summary": "To all servers", "value": {}},
}


@router.post(
    "/connections",
    status_code=202,
    summary="Make a connection now",
    responses={202: examples.shown(examples.ACCEPTED, "It follows")},
)
async def connect(
    view: TheView, body: Annotated[ConnectBody | None, Body(openapi_examples=_EXAMPLES)] = None
) -> Accepted:
    """A connection follows, or one more if there is one now. Needs the token."""
    server = body.server if body else None
    await view.connect(server)
    which = f"server {server}" if server else "each server"
    return Accepted(server=server, detail=f"A connection to {which} follows.")
