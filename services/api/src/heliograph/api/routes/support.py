"""`/api/v1/support-bundle`: a debug bundle made, followed, stopped, sent and downloaded (spec 3.4)."""

from typing import Annotated, Final

from fastapi import Body, Depends, Response

from heliograph.api import bundles as asked
from heliograph.api import examples
from heliograph.api.access import may_read, may_write
from heliograph.api.models import BundleBody, BundleMade, BundleStopped
from heliograph.api.ordering import asker
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheDownloads, TheView
from heliograph.api.routes.routing import routing
from heliograph.contract import BundleState

router = routing(prefix="/api/v1/support-bundle", tags=["support"], responses=described(401, 503))

_BODIES: Final = {
    "send": {"summary": "To /LOG of every file server", "value": {"send": True}},
    "keep": {"summary": "To be downloaded here alone", "value": {"send": False}},
}


@router.post(
    "",
    status_code=202,
    summary="Make a debug bundle",
    dependencies=[Depends(may_write)],
    responses={
        202: examples.shown(examples.BUNDLE, "It is made, and a connection to each file server follows"),
        **described(409),
    },
)
async def send_bundle(
    view: TheView, body: Annotated[BundleBody | None, Body(openapi_examples=_BODIES)] = None
) -> BundleMade:
    """Configuration without secrets, versions, states, connections, revisions and the last lines of the log.

    The file goes to `/LOG` of every file server; it takes the place of one that none has begun to get. Needs the token.
    """
    return await asked.make(view, asker(), send=body is None or body.send)


@router.get(
    "",
    summary="How the debug bundle is doing",
    dependencies=[Depends(may_read)],
    responses={200: examples.shown(examples.BUNDLE_NOW, "The one that is made, or the last one"), **described(404)},
)
async def look(view: TheView) -> BundleState:
    """How far it is, who asked for it, and which servers have yet to get it."""
    return asked.now(view)


@router.delete(
    "",
    summary="Stop the debug bundle",
    dependencies=[Depends(may_write)],
    responses={200: examples.shown(examples.BUNDLE_STOPPED, "It ends"), **described(409)},
)
async def stop(view: TheView) -> BundleStopped:
    """One that is being made ends; one that waits goes to no further server. Needs the token."""
    await asked.stop(view)
    return BundleStopped(detail="The debug bundle is stopped.")


@router.get(
    "/file",
    summary="Download the last debug bundle",
    dependencies=[Depends(may_read)],
    response_class=Response,
    responses={
        200: {
            "description": "The file",
            "content": {asked.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        },
        **described(404),
    },
)
async def download(view: TheView, downloads: TheDownloads) -> Response:
    """The file that the servers get, as long as no newer one was made."""
    return await asked.download(view, downloads.bundles)
