"""The page at `/`, those of the devices, their assets, and the stream of events that keeps every page live."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import HTMLResponse, Response

from heliograph.api.access import GivenToken, may_read
from heliograph.api.errors import NotThere
from heliograph.api.pages import ASSETS
from heliograph.api.routes.operating import ScriptName, WantedFilter
from heliograph.api.routes.parts import TheAccess, TheHub, ThePages
from heliograph.api.stream import EventStream

MAX_OPEN = 64
"""Devices whose values one page may follow in full."""

DeviceIndex = Annotated[str, Path(max_length=9)]

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page(request: Request, access: TheAccess, given: GivenToken, pages: ThePages) -> HTMLResponse:
    """The page; for a client that may not read, without any data and with the question for the token."""
    refusal = access.read_refusal(request, given)
    place = access.token.place
    return HTMLResponse(pages.locked(place) if refusal else await pages.whole(place))


@router.get("/devices/{index}")
async def device(
    index: DeviceIndex, request: Request, access: TheAccess, given: GivenToken, pages: ThePages
) -> HTMLResponse:
    """The page of one device."""
    refusal = access.read_refusal(request, given)
    place = access.token.place
    if refusal:
        return HTMLResponse(pages.device_locked(index, place))
    return HTMLResponse(pages.device(index, place), 200 if pages.knows(index) else 404)


@router.get("/events", dependencies=[Depends(may_read)])
async def events(
    hub: TheHub,
    wanted: WantedFilter,
    open: Annotated[str, Query(max_length=640)] = "",  # noqa: A002  # as in the address
    device: Annotated[str, Query(max_length=9)] = "",
    page: Literal["", "commands", "scripts", "script"] = "",
    name: ScriptName = "",
) -> Response:
    """Changed sections of a page, as server-sent events; `open` names devices whose values are shown in full.

    Without `device` and `page` it is the page of the gateway.
    """
    opened = tuple(part for part in open.split(",") if part)[:MAX_OPEN]
    if device:
        return EventStream(hub, lambda picture: picture.of_device(device))
    match page:
        case "commands":
            return EventStream(hub, lambda picture: picture.of_commands(wanted))
        case "scripts":
            return EventStream(hub, lambda picture: picture.of_scripts())
        case "script":
            return EventStream(hub, lambda picture: picture.of_script(name))
    return EventStream(hub, lambda picture: picture.with_devices(opened))


@router.get("/assets/{name}")
async def asset(name: str) -> Response:
    """A style sheet, script or picture of the page."""
    known = ASSETS.get(name)
    if known is None:
        raise NotThere("There is no such asset.")
    return Response(
        known.content, media_type=known.media_type, headers={"Cache-Control": "no-cache", "ETag": known.etag}
    )
