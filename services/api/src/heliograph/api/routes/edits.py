"""`/api/v1/configuration`, written: what comes of an edit is one revision, or nothing (spec 1.7)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Query, Request, Response

from heliograph.api import configuration as asked
from heliograph.api import set_examples
from heliograph.api.access import may_write
from heliograph.api.conditional import based_on, tag
from heliograph.api.editing import path_of, read_edit, read_text
from heliograph.api.errors import Overtaken
from heliograph.api.examples import shown
from heliograph.api.ordering import asker
from heliograph.api.problems import described
from heliograph.api.routes.configuration import Folder, Name, Number
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing
from heliograph.api.sets import EditBody, EditDone
from heliograph.api.view import View
from heliograph.contract import EditRequest

IfMatch = Annotated[
    str | None, Header(description="The `ETag` of what was read: the edit is refused when another revision is in force")
]
Check = Annotated[bool, Query(description="Say what would come of it – findings and difference – and change nothing")]
Whole = Annotated[bool, Query(description="`files` is the whole set: what is not in it goes")]

router = routing(
    prefix="/api/v1/configuration",
    tags=["configuration"],
    dependencies=[Depends(may_write)],
    responses={200: shown(set_examples.DONE, "It is in force"), **described(401, 409, 422, 503)},
)

_EDIT: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": EditBody.model_json_schema(), "examples": set_examples.EDITS}},
    }
}
_TEXT: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"text/plain": {"schema": {"type": "string"}, "example": set_examples.SCHEDULES}},
    }
}


@router.patch("/files", summary="Change files together", responses=described(408, 412, 413), openapi_extra=_EDIT)
async def change(
    request: Request, response: Response, view: TheView, *, check: Check = False, whole: Whole = False,
    if_match: IfMatch = None,
) -> EditDone:  # fmt: skip
    """Several files in one revision; `null` takes a file out of the set. At most 32 files, 16 MiB. Needs the token.

    A set with errors is refused as a whole, with its findings. In `_config.ini` a password that reads `***` stays.
    With `whole` the files are the whole set; a larger one goes as an archive. New certificates and private keys are
    judged before.
    """
    body = await read_edit(request)
    return await edited(view, response, dict(body.files), if_match, check=check, whole=whole, keys=body.keys)


@router.put(
    "/files/{folder}/{name}",
    summary="Write one file",
    responses=described(408, 412, 413),
    openapi_extra=_TEXT,
)
async def write(
    folder: Folder, name: Name, request: Request, response: Response, view: TheView, *, check: Check = False,
    if_match: IfMatch = None,
) -> EditDone:  # fmt: skip
    """The body is the new text, in UTF-8. As `PATCH` with this file alone. Needs the token."""
    path = path_of(folder, name)
    return await edited(view, response, {path: await read_text(request)}, if_match, check=check)


@router.delete("/files/{folder}/{name}", summary="Take one file out of the set", responses=described(412))
async def take_out(
    folder: Folder, name: Name, response: Response, view: TheView, *, check: Check = False, if_match: IfMatch = None
) -> EditDone:
    """As `PATCH` with `null` for this file. One that another file names cannot go alone. Needs the token."""
    return await edited(view, response, {path_of(folder, name): None}, if_match, check=check)


@router.post("/revisions/{number}/return", summary="Return to a revision", responses=described(404, 412))
async def return_to(number: Number, response: Response, view: TheView, if_match: IfMatch = None) -> EditDone:
    """Its files come in force again, as a new revision. Needs the token."""
    now = in_force(view)
    if based_on(if_match, now) not in (None, now):
        raise Overtaken(f"Revision {now} is in force: look again at what you want to return from.")
    return told(response, await asked.return_to(view, number, asker()))


async def edited(
    view: View, response: Response, files: dict[str, str | None], if_match: str | None, *, check: bool = False,
    whole: bool = False, keys: Mapping[str, str] = MappingProxyType({}),
) -> EditDone:  # fmt: skip
    """Have files changed, or the whole set replaced; raises what becomes a problem document."""
    number = based_on(if_match, in_force(view))
    request = EditRequest(files=files, origin=asker(), based_on=number, only_check=check, whole=whole, keys=dict(keys))
    return told(response, await asked.edit(view, request))


def in_force(view: View) -> int | None:
    """The revision in force, as sync told it last."""
    sync = view.sync()
    return sync.revision if sync else None


def told(response: Response, done: EditDone) -> EditDone:
    """The answer, with the tag of the revision that came of it."""
    if done.revision is not None:
        response.headers["ETag"] = tag(done.revision)
    return done
