"""A French meter's customer output (TIC): what it sends, and who listens (Enedis-NOI-CPT_54E)."""

from heliograph.collector.tic.frames import Frame, FrameParser, Mode
from heliograph.collector.tic.listener import Listener

__all__ = ["Frame", "FrameParser", "Listener", "Mode"]
