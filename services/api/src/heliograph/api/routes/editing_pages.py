"""The addresses of the pages on which the configuration and its scripts are looked into and edited."""

from typing import Annotated

from fastapi import Path, Query
from starlette.responses import HTMLResponse

from heliograph.api.routes.page import TheLooker
from heliograph.api.routes.routing import routing

Number = Annotated[int, Path(ge=1, le=2**53 - 1)]
Other = Annotated[int | None, Query(ge=1, le=2**53 - 1)]

router = routing(include_in_schema=False)


@router.get("/configuration/edit")
async def edit(looker: TheLooker, file: Annotated[str, Query(max_length=300)] = "", line: Other = None) -> HTMLResponse:
    """The files of the set, to be edited: a line of one of them first where the address names it."""
    return await looker.page("edit", {"file": file} | ({} if line is None else {"line": str(line)}))


@router.get("/configuration/revisions/{number}")
async def revision(number: Number, looker: TheLooker, against: Other = None) -> HTMLResponse:
    """One revision, and how it differs from another one."""
    query = {"number": str(number)} | ({} if against is None else {"against": str(against)})
    return await looker.page("revision", query)


@router.get("/configuration/revisions/{number}/return")
async def come_back(number: Number, looker: TheLooker) -> HTMLResponse:
    """What a return to a revision would change, and the question whether to."""
    return await looker.page("return", {"number": str(number)})


@router.get("/new-script")
async def new_script(looker: TheLooker) -> HTMLResponse:
    """A script to be written."""
    return await looker.page("script edit", {"name": ""})


@router.get("/scripts/{name}/edit")
async def edit_script(name: Annotated[str, Path(max_length=255)], looker: TheLooker) -> HTMLResponse:
    """A script to be edited."""
    return await looker.page("script edit", {"name": name})
