"""The pages at their addresses, their assets, and the stream of events that keeps every page live.

What an address says about its page (which device, which filter) is checked here and is the page's query.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import HTMLResponse, Response

from heliograph.api.access import Access, GivenToken, may_read
from heliograph.api.errors import NotThere
from heliograph.api.pages import ASSETS, JournalFilter, Pages
from heliograph.api.routes.parts import TheAccess, TheHub, ThePages
from heliograph.api.stream import EventStream
from heliograph.contract import JournalWay

MAX_QUERY: Final = 16
MAX_VALUE: Final = 700
"""Characters of one value in the address of a stream: the indexes of 64 open devices."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks at a page: with data for who may read, else without any."""

    request: Request
    access: Access
    given: str | None
    pages: Pages

    async def page(self, name: str, query: Mapping[str, str] | None = None) -> HTMLResponse:
        """One page."""
        asked, place = query or {}, self.access.token.place
        if self.access.read_refusal(self.request, self.given):
            return HTMLResponse(self.pages.locked(name, asked, place))
        status = 200 if self.pages.exists(name, asked) else 404
        return HTMLResponse(await self.pages.whole(name, asked, place), status)


async def _looker(request: Request, access: TheAccess, given: GivenToken, pages: ThePages) -> Looker:
    return Looker(request, access, given, pages)


TheLooker = Annotated[Looker, Depends(_looker)]


@router.get("/")
async def overview(looker: TheLooker) -> HTMLResponse:
    """The plant at a glance."""
    return await looker.page("overview")


@router.get("/devices")
async def devices(looker: TheLooker) -> HTMLResponse:
    """All devices."""
    return await looker.page("devices")


@router.get("/devices/new")
async def new_device(looker: TheLooker) -> HTMLResponse:
    """What adds a device."""
    return await looker.page("new device")


@router.get("/devices/{index}")
async def device(index: Annotated[str, Path(max_length=9)], looker: TheLooker) -> HTMLResponse:
    """One device."""
    return await looker.page("device", {"index": index})


@router.get("/servers")
async def servers(looker: TheLooker) -> HTMLResponse:
    """The servers and the connections to them."""
    return await looker.page("servers")


@router.get("/configuration")
async def configuration(looker: TheLooker) -> HTMLResponse:
    """The configuration and its revisions."""
    return await looker.page("configuration")


@router.get("/alarms")
async def alarms(looker: TheLooker) -> HTMLResponse:
    """The alarms."""
    return await looker.page("alarms")


@router.get("/commands")
async def commands(
    looker: TheLooker,
    way: JournalWay | None = None,
    failed: bool = False,
    before: Annotated[int | None, Query(ge=0, le=2**53 - 1)] = None,
) -> HTMLResponse:
    """The journal, and what sends a command."""
    return await looker.page("commands", JournalFilter(way, failed, before).query)


@router.get("/scripts")
async def scripts(looker: TheLooker) -> HTMLResponse:
    """All scripts."""
    return await looker.page("scripts")


@router.get("/scripts/{name}")
async def script(name: Annotated[str, Path(max_length=255)], looker: TheLooker) -> HTMLResponse:
    """One script, with its log."""
    return await looker.page("script", {"name": name})


@router.get("/system")
async def system(looker: TheLooker) -> HTMLResponse:
    """The services and what they run on."""
    return await looker.page("system")


@router.get("/events", dependencies=[Depends(may_read)])
async def events(request: Request, hub: TheHub, pages: ThePages, page: str = "overview") -> Response:
    """Changed sections of a page, as server-sent events; the rest of the query is the page's own."""
    query = {name: value for name, value in request.query_params.items() if name != "page"}
    if page not in pages or len(query) > MAX_QUERY or any(len(value) > MAX_VALUE for value in query.values()):
        raise NotThere("There is no such page.")
    return EventStream(hub, lambda picture: picture.of(page, query))


@router.get("/assets/{name}")
async def asset(name: str) -> Response:
    """A style sheet, script or picture of the page."""
    known = ASSETS.get(name)
    if known is None:
        raise NotThere("There is no such asset.")
    return Response(
        known.content, media_type=known.media_type, headers={"Cache-Control": "no-cache", "ETag": known.etag}
    )
