"""Records of the last weeks, kept for looking back: a file of its own, on which delivery never depends."""

from heliograph.sync.kept.kept import Bounds, Kept
from heliograph.sync.kept.looking import Looking

__all__ = ["Bounds", "Kept", "Looking"]
