"""`/api/v1/configuration/archive`: the whole configuration set as one file, out and in (spec 1.7)."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request, Response

from heliograph.api import configuration as asked
from heliograph.api import set_examples
from heliograph.api.access import may_read, may_write
from heliograph.api.archives import ArchiveFormat, pack, unpack
from heliograph.api.conditional import tag
from heliograph.api.editing import read_body
from heliograph.api.examples import shown
from heliograph.api.problems import described
from heliograph.api.routes.edits import Check, IfMatch, edited
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing
from heliograph.api.sets import EditDone

router = routing(prefix="/api/v1/configuration", tags=["configuration"])

Form = Annotated[ArchiveFormat, Query(alias="format", description="Of the archive")]
Wanted = Annotated[
    int | None, Query(ge=1, le=2**53, description="Number of the revision; without it, the one in force")
]

_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_CONTENT: Final = {form.media_type: _BINARY for form in ArchiveFormat}
_ARCHIVE: Final[dict[str, Any]] = {"requestBody": {"required": True, "content": _CONTENT}}


@router.get(
    "/archive",
    summary="The whole set as one archive",
    dependencies=[Depends(may_read)],
    response_class=Response,
    responses={200: {"description": "The archive", "content": _CONTENT}, **described(401, 404, 409, 422, 503)},
)
async def download(view: TheView, form: Form = ArchiveFormat.ZIP, revision: Wanted = None) -> Response:
    """The files of the revision in force, or of another that is kept. Passwords read `***`.

    The `ETag` is the number of the revision: give it back as `If-Match` with the changed archive.
    """
    summary, detail = await asked.revision(view, revision)
    content = await asyncio.to_thread(pack, detail.files, form, summary.time // 1000)
    name = f"configuration_{summary.number}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "ETag": tag(summary.number)}
    return Response(content, headers=headers, media_type=form.media_type)


@router.put(
    "/archive",
    summary="Replace the whole set",
    dependencies=[Depends(may_write)],
    responses={
        200: shown(set_examples.DONE, "It is in force, or with `check` would be"),
        **described(401, 408, 409, 412, 413, 422, 503),
    },
    openapi_extra=_ARCHIVE,
)
async def upload(
    request: Request, response: Response, view: TheView, *, check: Check = False, if_match: IfMatch = None
) -> EditDone:
    """The body is a zip or tar.gz archive of the set; a file that is not in it goes. Needs the token.

    A set with errors is refused as a whole, with its findings. In `_config.ini` a password that reads `***` stays.
    What is not in CONFIG/, DEF/, SCRIPT/ or CERT/ is left alone.
    """
    files = await asyncio.to_thread(unpack, await read_body(request))
    return await edited(view, response, dict(files), if_match, check=check, whole=True)
