"""The debug bundle as REST asks sync for it: made, followed, stopped, downloaded (spec 3.4)."""

import base64
from collections.abc import AsyncGenerator
from typing import Final

from heliograph.api.errors import NotThere, Refused, Silent
from heliograph.api.lookback.download import Download, Downloads, begin
from heliograph.api.models import BundleMade
from heliograph.api.view import View
from heliograph.contract import (
    BundleAnswer,
    BundlePart,
    BundlePartRequest,
    BundleRequest,
    BundleState,
    Outcome,
    StopBundle,
)
from heliograph.contract.channels import BUNDLE, BUNDLE_PART, STOP_BUNDLE

BUNDLE_SECONDS: Final = 60.0
"""Gathering and packing takes a while on a small machine."""
MEDIA_TYPE: Final = "application/gzip"


async def make(view: View, origin: str, *, send: bool) -> BundleMade:
    """Have one made; raises `Silent`, `Refused`."""
    made: BundleAnswer = await view.ask(BUNDLE, BundleRequest(origin=origin, send=send), BUNDLE_SECONDS)
    if made.error:
        raise Refused(made.error)
    which = " and ".join(f"server {number}" for number in made.servers)
    detail = f"A connection to {which} follows and carries it." if which else "It can be downloaded here."
    return BundleMade(name=made.name, bytes=made.bytes, servers=made.servers, detail=detail)


def now(view: View) -> BundleState:
    """The one that is being made, or the last one; raises `NotThere`, `Silent`."""
    sync = view.sync()
    if sync is None:
        raise Silent("The service sync does not report now; try again in a moment.")
    if sync.bundle is None:
        raise NotThere("No debug bundle was made yet: POST to this address makes one.")
    return sync.bundle


async def stop(view: View) -> None:
    """End it, or take it back from the servers that have not begun to get it; raises `Silent`, `Refused`."""
    outcome: Outcome = await view.ask(STOP_BUNDLE, StopBundle())
    if outcome.error:
        raise Refused(outcome.error)


async def download(view: View, downloads: Downloads) -> Download:
    """The last one as a file; raises `NotThere`, `Silent`."""
    state = now(view)
    if not state.name:
        raise NotThere("The debug bundle is not made yet, or it was stopped before: make one, and try again.")
    return await begin(downloads, _pieces(view, state.name), MEDIA_TYPE, state.name)


async def _pieces(view: View, name: str) -> AsyncGenerator[bytes]:
    offset, total = 0, 1
    while offset < total:
        part: BundlePart = await view.ask(BUNDLE_PART, BundlePartRequest(name=name, offset=offset))
        if part.error:
            raise NotThere(part.error)
        piece, total = base64.b64decode(part.content), part.total
        if not piece:
            raise Silent("The debug bundle ended early; try again.")
        offset += len(piece)
        yield piece
