"""`/api/v1/configuration`, written: what comes of an edit is one revision, or nothing (spec 1.7)."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request, Response

from heliograph.api import configuration as asked
from heliograph.api import set_examples
from heliograph.api.access import may_write
from heliograph.api.conditional import tag
from heliograph.api.editing import NO_KEYS, Terms, TheTerms, TheTermsInEarnest, path_of, read_json, read_text
from heliograph.api.examples import shown
from heliograph.api.problems import described
from heliograph.api.routes.configuration import Folder, Name, Number
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing
from heliograph.api.sets import EditBody, EditDone
from heliograph.api.view import View

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
    request: Request, response: Response, view: TheView, terms: TheTerms, *, whole: Whole = False
) -> EditDone:
    """Several files in one revision; `null` takes a file out of the set. At most 32 files, 16 MiB. Needs the token.

    A set with errors is refused as a whole, with its findings. In `_config.ini` a password that reads `***` stays.
    With `whole` the files are the whole set; a larger one goes as an archive. New certificates and private keys are
    judged before.
    """
    body = await read_json(EditBody, request)
    return await edited(view, response, body.files, terms, whole=whole, keys=body.keys)


@router.put(
    "/files/{folder}/{name}",
    summary="Write one file",
    responses=described(408, 412, 413),
    openapi_extra=_TEXT,
)
async def write(
    folder: Folder, name: Name, request: Request, response: Response, view: TheView, terms: TheTerms
) -> EditDone:
    """The body is the new text, in UTF-8. As `PATCH` with this file alone. Needs the token."""
    path = path_of(folder, name)
    return await edited(view, response, {path: await read_text(request)}, terms)


@router.delete("/files/{folder}/{name}", summary="Take one file out of the set", responses=described(412))
async def take_out(folder: Folder, name: Name, response: Response, view: TheView, terms: TheTerms) -> EditDone:
    """As `PATCH` with `null` for this file. One that another file names cannot go alone. Needs the token."""
    return await edited(view, response, {path_of(folder, name): None}, terms)


@router.post("/revisions/{number}/return", summary="Return to a revision", responses=described(404, 412))
async def return_to(number: Number, response: Response, view: TheView, terms: TheTermsInEarnest) -> EditDone:
    """Its files come in force again, as a new revision. Needs the token."""
    terms.require(in_force(view))
    return told(response, await asked.return_to(view, number, terms.origin, terms.message))


async def edited(
    view: View, response: Response, files: Mapping[str, str | None], terms: Terms, *, whole: bool = False,
    keys: Mapping[str, str] = NO_KEYS,
) -> EditDone:  # fmt: skip
    """Have files changed, or the whole set replaced; raises what becomes a problem document."""
    request = terms.request(files, terms.based_on(in_force(view)), whole=whole, keys=keys)
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
