"""Fragments of the pages that edit: what an edit would come to, as markup with findings and difference.

What is then applied goes through REST.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Annotated

from fastapi import Depends, Path, Request
from starlette.responses import HTMLResponse

from heliograph.api import configuration as asked
from heliograph.api import scripting
from heliograph.api.access import may_write
from heliograph.api.archives import unpack
from heliograph.api.editing import Terms, TheTermsOfCheck, read_body, read_json, read_text
from heliograph.api.errors import Overtaken, Problem, Silent
from heliograph.api.pages import Pages, checked
from heliograph.api.routes.edits import in_force
from heliograph.api.routes.parts import ThePages, TheView
from heliograph.api.routes.routing import routing
from heliograph.api.routes.scriptfiles import Was
from heliograph.api.sets import EditBody, EditDone
from heliograph.api.view import View

router = routing(include_in_schema=False, dependencies=[Depends(may_write)])


@router.put("/configuration/check")
async def files(request: Request, view: TheView, pages: ThePages, terms: TheTermsOfCheck) -> HTMLResponse:
    """What a change of files would come to; the body is that of `PATCH /api/v1/configuration/files`."""
    body = await read_json(EditBody, request)
    return await _checked(view, pages, body.files, terms)


@router.put("/configuration/check/archive")
async def archive(request: Request, view: TheView, pages: ThePages, terms: TheTermsOfCheck) -> HTMLResponse:
    """What another set would come to; the body is an archive."""
    content = await read_body(request)
    try:
        found = await asyncio.to_thread(unpack, content)
    except Problem as problem:
        return HTMLResponse(pages.fragment("checked", checked(problem)))
    return await _checked(view, pages, found, terms, whole=True)


@router.put("/scripts/{name}/check")
async def script(
    name: Annotated[str, Path(max_length=255)],
    request: Request,
    view: TheView,
    pages: ThePages,
    terms: TheTermsOfCheck,
    was: Was = "",
) -> HTMLResponse:
    """What a script would come to; the body is its text."""
    text = await read_text(request)
    return await _shown(pages, scripting.write(view, name, text, terms, in_force(view), was=was))


async def _checked(
    view: View, pages: Pages, files: Mapping[str, str | None], terms: Terms, *, whole: bool = False
) -> HTMLResponse:
    request = terms.request(files, terms.based_on(in_force(view)), whole=whole)
    return await _shown(pages, asked.edit(view, request))


async def _shown(pages: Pages, checking: Awaitable[EditDone]) -> HTMLResponse:
    """What a check found, as markup. Raises what tells that it could not be made, or not of this revision."""
    try:
        found: EditDone | Problem = await checking
    except (Overtaken, Silent):
        raise
    except Problem as problem:
        found = problem
    return HTMLResponse(pages.fragment("checked", checked(found)))
