"""Fragments of the pages that edit: what an edit would come to, as markup with findings and difference.

What is then applied goes through REST.
"""

import asyncio
from typing import Annotated

from fastapi import Depends, Path, Request
from starlette.responses import HTMLResponse

from heliograph.api import configuration as asked
from heliograph.api import scripting
from heliograph.api.access import may_write
from heliograph.api.archives import unpack
from heliograph.api.conditional import based_on
from heliograph.api.editing import read_body, read_edit, read_text
from heliograph.api.errors import Overtaken, Problem, Silent
from heliograph.api.ordering import asker
from heliograph.api.pages import Pages, checked
from heliograph.api.routes.edits import IfMatch, in_force
from heliograph.api.routes.parts import ThePages, TheView
from heliograph.api.routes.routing import routing
from heliograph.api.routes.scriptfiles import Was
from heliograph.api.sets import EditDone
from heliograph.api.view import View
from heliograph.contract import EditRequest

router = routing(include_in_schema=False, dependencies=[Depends(may_write)])


@router.put("/configuration/check")
async def files(request: Request, view: TheView, pages: ThePages, if_match: IfMatch = None) -> HTMLResponse:
    """What a change of files would come to; the body is that of `PATCH /api/v1/configuration/files`."""
    body = await read_edit(request)
    return await _checked(view, pages, dict(body.files), if_match, whole=False)


@router.put("/configuration/check/archive")
async def archive(request: Request, view: TheView, pages: ThePages, if_match: IfMatch = None) -> HTMLResponse:
    """What another set would come to; the body is an archive."""
    content = await read_body(request)
    try:
        found = await asyncio.to_thread(unpack, content)
    except Problem as problem:
        return HTMLResponse(pages.fragment("checked", checked(problem)))
    return await _checked(view, pages, dict(found), if_match, whole=True)


@router.put("/scripts/{name}/check")
async def script(
    name: Annotated[str, Path(max_length=255)],
    request: Request,
    view: TheView,
    pages: ThePages,
    was: Was = "",
    if_match: IfMatch = None,
) -> HTMLResponse:
    """What a script would come to; the body is its text."""
    text, base = await read_text(request), based_on(if_match, in_force(view))
    try:
        done = await scripting.write(view, name, text, was=was, based_on=base, asker=asker(), only_check=True)
    except (Overtaken, Silent):
        raise
    except Problem as problem:
        return HTMLResponse(pages.fragment("checked", checked(problem)))
    return HTMLResponse(pages.fragment("checked", checked(done)))


async def _checked(
    view: View, pages: Pages, edit: dict[str, str | None], if_match: str | None, *, whole: bool
) -> HTMLResponse:
    base = based_on(if_match, in_force(view))
    request = EditRequest(files=edit, origin=asker(), based_on=base, only_check=True, whole=whole)
    try:
        done: EditDone | Problem = await asked.edit(view, request)
    except (Overtaken, Silent):
        raise
    except Problem as problem:
        done = problem
    return HTMLResponse(pages.fragment("checked", checked(done)))
