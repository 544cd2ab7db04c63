"""Sync's side of debug bundles, played: one is made at once, waits for the servers, and comes in parts."""

import base64
import time

from heliograph.contract import (
    BundleAnswer,
    BundlePart,
    BundlePartRequest,
    BundleRequest,
    BundleStage,
    BundleState,
    Outcome,
    StopBundle,
)
from heliograph.contract.channels import BUNDLE, BUNDLE_PART, STOP_BUNDLE
from heliograph.runtime import Bus
from support.plausible_set import UID

NAME = f"{UID}_SYSTEME_240601_120000.tar.gz"
CONTENT = bytes(range(256)) * 18 + bytes(103)
"""4,711 bytes."""
PART = 2000


class BundleAnswers:
    """Answers what is asked, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[BundleRequest] = []
        self.state: BundleState | None = None
        self.refusal = ""

    async def serve(self, sync: Bus) -> None:
        await sync.serve(BUNDLE, self._make)
        await sync.serve(STOP_BUNDLE, self._stop)
        await sync.serve(BUNDLE_PART, self._part)

    async def _make(self, request: BundleRequest) -> BundleAnswer:
        self.asked.append(request)
        if self.refusal:
            return BundleAnswer(error=self.refusal)
        servers = (1, 2) if request.send else ()
        self.state = BundleState(
            stage=BundleStage.MADE, origin=request.origin, asked=int(time.time() * 1000), name=NAME,
            bytes=len(CONTENT), servers=servers, waiting=servers,
        )  # fmt: skip
        return BundleAnswer(name=NAME, bytes=len(CONTENT), servers=servers)

    async def _stop(self, _: StopBundle) -> Outcome:
        if self.state is not None:
            self.state = self.state.model_copy(update={"stage": BundleStage.STOPPED, "waiting": ()})
        return Outcome(error=self.refusal)

    async def _part(self, request: BundlePartRequest) -> BundlePart:
        if self.state is None or request.name != self.state.name:
            return BundlePart(error=f"{request.name} is not here any more")
        piece = CONTENT[request.offset : request.offset + PART]
        return BundlePart(content=base64.b64encode(piece).decode(), total=len(CONTENT))
