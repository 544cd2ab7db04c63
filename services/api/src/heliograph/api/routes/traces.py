"""`POST /api/v1/traces`: what goes over an interface is written down for some minutes (spec 3.4)."""

from typing import Annotated

from fastapi import Body, Depends

from heliograph.api import examples
from heliograph.api.access import may_write
from heliograph.api.models import TraceAccepted, TraceBody
from heliograph.api.ordering import asker
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing

router = routing(
    prefix="/api/v1", tags=["support"], dependencies=[Depends(may_write)], responses=described(401, 409, 413, 422, 503)
)

_EXAMPLES = {
    "ten": {"summary": "Ten minutes of a serial line", "value": {"interface": "serial1", "minutes": 10}},
    "end": {"summary": "End a trace", "value": {"interface": "ethernet", "minutes": 0}},
}


@router.post(
    "/traces",
    status_code=202,
    summary="Trace an interface",
    responses={202: examples.shown(examples.TRACE, "It is being written")},
)
async def trace(view: TheView, body: Annotated[TraceBody, Body(openapi_examples=_EXAMPLES)]) -> TraceAccepted:
    """Every frame on the interface is written down, with its time; the file goes to `/LOG` at the next connection.

    A trace that runs gets the new end. Needs the token.
    """
    await view.trace(body.interface, body.minutes, asker())
    said = f"is traced for {body.minutes} minutes" if body.minutes else "is not traced any more"
    detail = f"{body.interface} {said}; the file goes to the /LOG of the servers."
    return TraceAccepted(interface=body.interface, minutes=body.minutes, detail=detail)
