"""`/api/v1/set-points`: values with a lifetime that the collector keeps (spec 4.3, `wd.set`)."""

from fastapi import Depends

from heliograph.api import command_examples as examples
from heliograph.api.access import may_read
from heliograph.api.commanded import SetPointList
from heliograph.api.errors import Silent
from heliograph.api.examples import shown
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing

router = routing(prefix="/api/v1", tags=["commands"], dependencies=[Depends(may_read)], responses=described(401, 503))


@router.get("/set-points", summary="Set points in force", responses={200: shown(examples.SET_POINTS, "All")})
async def set_points(view: TheView) -> SetPointList:
    """Who set what until when, and what the gateway writes by itself then. Those that lapsed come first."""
    if view.collector() is None:
        raise Silent("The collector does not report now; try again in a moment.")
    return SetPointList(set_points=view.set_points())
