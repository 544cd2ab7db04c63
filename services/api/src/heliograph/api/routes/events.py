"""`GET /api/v1/events`: readings, states, alarms and lines of the log as they come, for programs."""

from typing import Annotated, Final

from fastapi import Depends, Header, Query, Request
from starlette.responses import Response

from heliograph.api.access import StillMay, may_read
from heliograph.api.errors import Unacceptable
from heliograph.api.feed import Kind, Wanted
from heliograph.api.following import Following
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing

MOST_DEVICES: Final = 1000

Kinds = Annotated[list[Kind] | None, Query(max_length=4, description="Only these kinds; absent: all")]
Devices = Annotated[
    list[Annotated[str, Query(max_length=9)]] | None,
    Query(max_length=MOST_DEVICES, description="Only readings and alarms of these devices; absent: of all"),
]
LastEventId = Annotated[
    str | None, Header(max_length=64, description="`id` of the last event that came: what came since then comes first")
]

_EXAMPLE: Final = (
    "retry: 3000\n\n"
    'id: 5c0ffee5-17\nevent: reading\ndata: {"device":"1","name":"roof_1","time":1717243199200,"values":{"3":42.1}}\n\n'
)

_STREAM: Final = {"schema": {"type": "string"}, "example": _EXAMPLE}

router = routing(prefix="/api/v1", tags=["gateway"], dependencies=[Depends(may_read)])


@router.get(
    "/events",
    summary="Follow what happens",
    response_class=Response,
    responses={
        200: {"description": "Server-sent events", "content": {"text/event-stream": _STREAM}},
        **described(401, 406, 422, 503),
    },
)
async def events(
    request: Request,
    view: TheView,
    still_may: StillMay,
    kind: Kinds = None,
    device: Devices = None,
    last_event_id: LastEventId = None,
) -> Response:
    """Server-sent events without end: `reading`, `state`, `alarm` and `log`, each with a JSON document as its data.

    A reading has engineering values by variable index, a state is that of a service, an alarm that of `/api/v1/alarms`,
    a line of the log has its number. `event: gap` says that events were missed; a comment comes every ten seconds where
    nothing happens. A stream ends after ten minutes, come back with `Last-Event-ID` then; and within ten seconds when
    its token or session is taken away. 128 clients at most.
    """
    accepted = request.headers.get("accept", "*/*")
    if not any(kind in accepted for kind in ("text/event-stream", "text/*", "*/*")):
        raise Unacceptable("Events are given as text/event-stream.")
    wanted = Wanted(frozenset(kind or ()), frozenset(device or ()))
    return Following(view.feed, wanted, last_event_id or "", still_may)
