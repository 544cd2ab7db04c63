"""The pages of commands and scripts: `/commands`, `/scripts` and `/scripts/{name}`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import HTMLResponse

from heliograph.api.access import GivenToken
from heliograph.api.pages import JournalFilter
from heliograph.api.routes.parts import TheAccess, ThePages
from heliograph.contract import JournalWay

ScriptName = Annotated[str, Query(max_length=255)]

router = APIRouter(include_in_schema=False)


async def _wanted(
    way: JournalWay | None = None,
    failed: bool = False,
    before: Annotated[int | None, Query(ge=0, le=2**53)] = None,
) -> JournalFilter:
    return JournalFilter(way, failed, before)


WantedFilter = Annotated[JournalFilter, Depends(_wanted)]


@router.get("/commands")
async def commands(
    request: Request, access: TheAccess, given: GivenToken, pages: ThePages, wanted: WantedFilter
) -> HTMLResponse:
    """The page of commands: the journal, and what sends one."""
    is_locked = bool(access.read_refusal(request, given))
    return HTMLResponse(await pages.operating.commands_page(access.token.place, wanted, is_locked=is_locked))


@router.get("/scripts")
async def scripts(request: Request, access: TheAccess, given: GivenToken, pages: ThePages) -> HTMLResponse:
    """The page of scripts."""
    is_locked = bool(access.read_refusal(request, given))
    return HTMLResponse(pages.operating.scripts_page(access.token.place, is_locked=is_locked))


@router.get("/scripts/{name}")
async def script(
    name: Annotated[str, Path(max_length=255)],
    request: Request,
    access: TheAccess,
    given: GivenToken,
    pages: ThePages,
) -> HTMLResponse:
    """The page of one script, with its log."""
    is_locked = bool(access.read_refusal(request, given))
    status = 200 if is_locked or pages.operating.knows(name) else 404
    return HTMLResponse(await pages.operating.script_page(name, access.token.place, is_locked=is_locked), status)
