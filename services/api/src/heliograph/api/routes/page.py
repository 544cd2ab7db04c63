"""The pages at their addresses, their assets, and the stream of events that keeps every page live.

What an address says about its page (which device, which filter) is checked here and is the page's query.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import Depends, Path, Query, Request
from starlette.responses import HTMLResponse, Response

from heliograph.api.access import Access, StillMay, may_read, may_see
from heliograph.api.conditional import headers_of, unchanged
from heliograph.api.errors import NotThere
from heliograph.api.pages import ASSETS, AlarmFilter, DeviceFilter, HistoryFilter, JournalFilter, LogFilter, Pages
from heliograph.api.routes.parts import TheAccess, TheHub, ThePages
from heliograph.api.routes.routing import routing
from heliograph.api.stream import EventStream

MAX_QUERY: Final = 16
MAX_VALUE: Final = 700
"""Characters of one value in the address of a stream: the indexes of 64 open devices."""

router = routing(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Looker:
    """Somebody who may look at pages."""

    access: Access
    pages: Pages

    async def page(self, name: str, query: Mapping[str, str] | None = None) -> HTMLResponse:
        """One page."""
        asked, place = query or {}, self.access.token.place
        status = 200 if self.pages.exists(name, asked) else 404
        return HTMLResponse(await self.pages.whole(name, asked, place), status)


async def looker(access: TheAccess, pages: ThePages, _: Annotated[None, Depends(may_see)]) -> Looker:
    """Who looks; who may not is led to the login."""
    return Looker(access, pages)


TheLooker = Annotated[Looker, Depends(looker)]


@router.get("/")
async def overview(looker: TheLooker) -> HTMLResponse:
    """The plant at a glance."""
    return await looker.page("overview")


@router.get("/devices")
async def devices(request: Request, looker: TheLooker) -> HTMLResponse:
    """The devices, as they are filtered and sorted."""
    return await looker.page("devices", DeviceFilter.of_query(request.query_params).query)


@router.get("/devices/new")
async def new_device(looker: TheLooker) -> HTMLResponse:
    """What adds a device."""
    return await looker.page("new device")


@router.get("/devices/{index}")
async def device(index: Annotated[str, Path(max_length=9)], looker: TheLooker) -> HTMLResponse:
    """One device."""
    return await looker.page("device", {"index": index})


@router.get("/servers")
async def servers(request: Request, looker: TheLooker) -> HTMLResponse:
    """The servers and the connections to them, as the address filters them."""
    return await looker.page("servers", HistoryFilter.of_query(request.query_params).query)


@router.get("/servers/{number}")
async def server(number: Literal["1", "2"], looker: TheLooker) -> HTMLResponse:
    """The settings and the schedule of one server."""
    return await looker.page("server", {"number": number})


@router.get("/configuration")
async def configuration(
    looker: TheLooker, before: Annotated[int | None, Query(ge=1, le=2**53 - 1)] = None
) -> HTMLResponse:
    """The configuration and its revisions."""
    return await looker.page("configuration", {} if before is None else {"before": str(before)})


@router.get("/alarms")
async def alarms(request: Request, looker: TheLooker) -> HTMLResponse:
    """The alarms, as the address filters them."""
    return await looker.page("alarms", AlarmFilter.of_query(request.query_params).query)


@router.get("/commands")
async def commands(request: Request, looker: TheLooker) -> HTMLResponse:
    """The journal, as the address filters it, and what sends a command."""
    return await looker.page("commands", JournalFilter.of_query(request.query_params).query)


@router.get("/scripts")
async def scripts(looker: TheLooker) -> HTMLResponse:
    """All scripts."""
    return await looker.page("scripts")


@router.get("/scripts/{name}")
async def script(name: Annotated[str, Path(max_length=255)], looker: TheLooker) -> HTMLResponse:
    """One script, with its log."""
    return await looker.page("script", {"name": name})


@router.get("/log")
async def log(request: Request, looker: TheLooker) -> HTMLResponse:
    """The log, as the address filters it."""
    return await looker.page("log", LogFilter.of_query(request.query_params).query)


@router.get("/system")
async def system(looker: TheLooker) -> HTMLResponse:
    """The services and what they run on."""
    return await looker.page("system")


@router.get("/events", dependencies=[Depends(may_read)])
async def events(
    request: Request, hub: TheHub, pages: ThePages, still_may: StillMay, page: str = "overview"
) -> Response:
    """Changed sections of a page, as server-sent events; the rest of the query is the page's own."""
    query = {name: value for name, value in request.query_params.items() if name != "page"}
    if page not in pages or len(query) > MAX_QUERY or any(len(value) > MAX_VALUE for value in query.values()):
        raise NotThere("There is no such page.")
    return EventStream(hub, lambda picture: picture.of(page, query), still_may)


@router.get("/assets/{name}")
async def asset(request: Request, name: str) -> Response:
    """A style sheet, script or picture of the page; a browser that has it is told that it still holds."""
    known = ASSETS.get(name)
    if known is None:
        raise NotThere("There is no such asset.")
    return unchanged(request, known.etag) or Response(
        known.content, media_type=known.media_type, headers=headers_of(known.etag)
    )
