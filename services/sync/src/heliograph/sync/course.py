"""How far a debug bundle is that is being made in a thread: told at each step, where it can be stopped."""

import threading
from collections.abc import Callable

from heliograph.contract import BundleRequest, BundleStage, BundleState


class BundleStopped(Exception):
    """Somebody stopped it."""


class Course:
    """One making. `step` belongs to the thread that makes, `stop` to any other."""

    def __init__(self, request: BundleRequest, asked: int, changed: Callable[[], object] = lambda: None) -> None:
        self.state = BundleState(stage=BundleStage.GATHERING, origin=request.origin, asked=asked)
        self.content = b""
        self._changed = changed
        self._stopped = threading.Event()

    def step(self, stage: BundleStage) -> None:
        """Say what is done now. Raises `BundleStopped`."""
        if self._stopped.is_set():
            raise BundleStopped
        if self.state.stage is not stage:
            self.state = self.state.model_copy(update={"stage": stage})
            self._changed()

    def stop(self) -> None:
        """Have it end at the next step."""
        self._stopped.set()
