"""`/api/v1/status`: the whole gateway in one document."""

from fastapi import Depends

from heliograph.api import examples
from heliograph.api.access import may_read
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing
from heliograph.contract import StatusDocument

router = routing(prefix="/api/v1", tags=["gateway"], dependencies=[Depends(may_read)], responses=described(401))


@router.get("/status", summary="The status of the gateway", responses={200: examples.shown(examples.STATUS, "Status")})
async def status(view: TheView) -> StatusDocument:
    """Services, devices, lines, servers, storage, findings, and what needs somebody's hand."""
    return view.status()
