"""`/api/v1/scripts`, written: a script's text, its name, and its place in `_scl.ini`, in one revision (spec 4.3)."""

from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request, Response
from starlette.responses import PlainTextResponse

from heliograph.api import command_examples as examples
from heliograph.api import scripting, set_examples
from heliograph.api.access import may_read, may_write
from heliograph.api.conditional import EDITABLE, tag
from heliograph.api.editing import TheTerms, read_text
from heliograph.api.examples import shown, written
from heliograph.api.problems import described
from heliograph.api.routes.edits import in_force, told
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing
from heliograph.api.routes.scripts import Name
from heliograph.api.sets import EditDone

Was = Annotated[str, Query(description="The script's name until now, where it gets another one", max_length=255)]

_TEXT: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"text/plain": {"schema": {"type": "string"}, "example": examples.SOURCE}},
    }
}

router = routing(prefix="/api/v1/scripts", tags=["scripts"], responses=described(401, 404, 409, 422, 503))


@router.get(
    "/{name}/source",
    summary="A script's text",
    dependencies=[Depends(may_read)],
    response_class=PlainTextResponse,
    responses={200: written(examples.SOURCE, "The text") | EDITABLE},
)
async def source(name: Name, view: TheView) -> PlainTextResponse:
    """As the set in force has it. The `ETag` is the number of the revision: give it back as `If-Match`."""
    number, text = await scripting.source(view, name)
    return PlainTextResponse(text, headers={"ETag": tag(number)})


@router.put(
    "/{name}",
    summary="Write a script",
    dependencies=[Depends(may_write)],
    responses={200: shown(set_examples.DONE, "It is in force"), **described(408, 412, 413)},
    openapi_extra=_TEXT,
)
async def write(
    name: Name, request: Request, response: Response, view: TheView, terms: TheTerms, was: Was = ""
) -> EditDone:
    """The body is its text, in UTF-8. A new one is named in `_scl.ini` in the same revision. Needs the token.

    What Lua cannot read is refused with its line.
    """
    text = await read_text(request)
    return told(response, await scripting.write(view, name, text, terms, in_force(view), was=was))


@router.delete(
    "/{name}",
    summary="Take a script out of the set",
    dependencies=[Depends(may_write)],
    responses={200: shown(set_examples.DONE, "It is in force"), **described(412)},
)
async def take_out(name: Name, response: Response, view: TheView, terms: TheTerms) -> EditDone:
    """Its file and its line in `_scl.ini` go in one revision; it ends at once. Needs the token."""
    return told(response, await scripting.take_out(view, name, terms, in_force(view)))
