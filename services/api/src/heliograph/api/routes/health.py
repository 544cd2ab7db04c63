"""`/health/live`, `/health/ready` and `/metrics`: for whoever watches over the gateway."""

from fastapi import Depends
from starlette.responses import Response

from heliograph.api import examples
from heliograph.api.access import may_read
from heliograph.api.errors import Silent
from heliograph.api.metrics import CONTENT_TYPE
from heliograph.api.models import Health
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheFigures, TheView
from heliograph.api.routes.routing import routing

router = routing(tags=["watching"])


@router.get("/health/live", summary="This service lives", responses={200: examples.shown(examples.LIVE, "It does")})
async def live() -> Health:
    """Answered as long as the service can answer at all. Open to everybody."""
    return Health(status="live")


@router.get(
    "/health/ready",
    summary="This service can answer truly",
    responses={200: examples.shown(examples.READY, "It can"), **described(503)},
)
async def ready(view: TheView) -> Health:
    """Whether the bus is there, from which every answer comes. Open to everybody."""
    if not view.connected:
        raise Silent("The bus is away: what this service knows may be old.")
    return Health(status="ready")


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    dependencies=[Depends(may_read)],
    response_class=Response,
    responses={
        200: examples.written("heliograph_device_up{…} 1.0\n", "Figures"),
        **described(401),
    },
)
async def metrics(figures: TheFigures) -> Response:
    """All figures in Prometheus' text form; their names are stable."""
    return Response(await figures.text(), media_type=CONTENT_TYPE)
