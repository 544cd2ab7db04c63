"""`/api/v1/configuration`, read: what is in force, its files, and the revisions before it (spec 1.7)."""

import hashlib
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response
from starlette.responses import PlainTextResponse

from heliograph.api import configuration as asked
from heliograph.api import set_examples
from heliograph.api.access import may_read
from heliograph.api.conditional import EDITABLE, READABLE, headers_of, tag, unchanged
from heliograph.api.editing import path_of
from heliograph.api.errors import NotThere
from heliograph.api.examples import shown, written
from heliograph.api.paging import Before, Limit, next_page
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing
from heliograph.api.sets import ConfigurationNow, FolderName, RevisionList, RevisionWhole, SetFile, SetFiles
from heliograph.contract import PageRequest

Number = Annotated[int, Path(ge=1, le=2**53, description="Number of the revision")]
Against = Annotated[
    int | None, Query(ge=1, le=2**53, description="Tell the difference to this revision; without it, to the one before")
]
Folder = Annotated[FolderName, Path(description="Folder of the set")]
Name = Annotated[str, Path(description="Name of the file: a plain name, no path", max_length=255)]

router = routing(
    prefix="/api/v1/configuration", tags=["configuration"], dependencies=[Depends(may_read)], responses=described(401)
)


@router.get(
    "",
    summary="The configuration in force",
    responses={200: shown(set_examples.NOW, "The configuration") | EDITABLE, **described(503)},
)
async def now(view: TheView, response: Response) -> ConfigurationNow:
    """Its revision, whether it is on trial, and what is wrong with the newest set while that is refused."""
    known = asked.configuration_now(view)
    if known.revision is not None:
        response.headers["ETag"] = tag(known.revision)
    return known


@router.get(
    "/revisions",
    summary="Revisions, newest first",
    responses={200: shown(set_examples.REVISIONS, "A page"), **described(409, 422, 503)},
)
async def revisions(
    view: TheView, request: Request, response: Response, limit: Limit = 50, before: Before = None
) -> RevisionList:
    """A page of the history: who changed what, when, and what became of it."""
    page = await asked.revisions(view, PageRequest(limit=limit, before=before))
    rows = page.revisions[:limit]
    older = rows[-1].number if len(rows) == limit else None
    return RevisionList(revisions=rows, before=older, next=next_page(request, response, older))


@router.get(
    "/revisions/{number}",
    summary="One revision whole",
    response_model=RevisionWhole,
    responses={200: shown(set_examples.REVISION, "The revision") | READABLE, **described(404, 409, 422, 503)},
)
async def revision(
    number: Number, view: TheView, request: Request, response: Response, against: Against = None
) -> RevisionWhole | Response:
    """Its difference to the one before or to another one, and its files. Passwords read `***`.

    The `ETag` changes with what became of it: confirmed, taken back.
    """
    summary, detail = await asked.revision(view, number, against)
    etag = f'"{summary.number}-{against or ""}-{summary.state}"'
    if known := unchanged(request, etag):
        return known
    response.headers.update(headers_of(etag))
    return RevisionWhole(**summary.model_dump(), diff=detail.diff, files=detail.files)


@router.get(
    "/files",
    summary="The files in force",
    response_model=SetFiles,
    responses={200: shown(set_examples.FILES, "The files") | EDITABLE, **described(404, 409, 503)},
)
async def files(view: TheView, request: Request, response: Response) -> SetFiles | Response:
    """Paths, sizes and digests of the files as they are shown here. The `ETag` is the number of the revision."""
    summary, detail = await asked.revision(view)
    if known := unchanged(request, tag(summary.number)):
        return known
    response.headers.update(headers_of(tag(summary.number)))
    return SetFiles(revision=summary.number, files=tuple(_file(*item) for item in sorted(detail.files.items())))


@router.get(
    "/files/{folder}/{name}",
    summary="One file in force",
    response_class=PlainTextResponse,
    responses={
        200: written(set_examples.SCHEDULES, "The file") | EDITABLE,
        **described(404, 409, 422, 503),
    },
)
async def file(folder: Folder, name: Name, view: TheView, request: Request) -> Response:
    """Its text; passwords read `***`. The `ETag` is the number of the revision: give it back as `If-Match`."""
    path = path_of(folder, name)
    summary, detail = await asked.revision(view)
    if path not in detail.files:
        raise NotThere(f"The set in force has no file {path}; /api/v1/configuration/files lists those that it has.")
    etag = tag(summary.number)
    return unchanged(request, etag) or PlainTextResponse(detail.files[path], headers=headers_of(etag))


def _file(path: str, text: str) -> SetFile:
    content = text.encode()
    return SetFile(path=path, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
