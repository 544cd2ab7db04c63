"""What is heard of a running detection, for the page: its newest lines and figures, as they come over the bus."""

from collections import deque
from typing import Final

from heliograph.contract import DetectionProgress

SHOWN_LINES: Final = 200


class DetectionView:
    """The newest detection that told anything."""

    def __init__(self) -> None:
        self.progress: DetectionProgress | None = None
        self.lines: deque[str] = deque(maxlen=SHOWN_LINES)
        self.heard = 0
        """How often something was told, so that who shows proposals sees that there may be new ones."""

    async def take(self, progress: DetectionProgress) -> None:
        """Take what was told."""
        if self.progress is None or self.progress.detection != progress.detection:
            self.lines.clear()
        self.progress = progress
        if progress.line:
            self.lines.append(progress.line)
        self.heard += 1
