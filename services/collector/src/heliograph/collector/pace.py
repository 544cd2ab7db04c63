"""How fast a device answers: a running estimate of its turnaround that single hiccups do not move. Pure.

What an exchange took, from the first byte sent to the last one that came, is the frames, the turnaround and what each
byte of data costs. The middle of the newest exchanges is taken; where they carried different amounts of data, the
difference between short and long ones tells what a byte costs: much behind a gateway with a slow line of its own.
"""

from collections import defaultdict, deque
from statistics import median
from typing import Final

from heliograph.collector.cost import Pace, Wire

SAMPLES: Final = 64
LEAST_SAMPLES: Final = 8
LEAST_OF_A_SIZE: Final = 3


class PaceMeter:
    """Takes what exchanges took and says what follows."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._samples: deque[tuple[int, float]] = deque(maxlen=SAMPLES)
        """Bytes of data, and what the exchange took beside the frames, in seconds."""

    def note(self, data_bytes: int, seconds: float) -> None:
        """Take one exchange that was answered."""
        self._samples.append((data_bytes, seconds - self._wire.frame_bytes * self._wire.byte_seconds))

    @property
    def pace(self) -> Pace | None:
        """The pace, or None before enough exchanges were seen."""
        if len(self._samples) < LEAST_SAMPLES:
            return None
        byte_seconds = max(self._wire.byte_seconds, self._slope())
        rests = [seconds - size * byte_seconds for size, seconds in self._samples]
        return Pace(max(0.0, median(rests)), byte_seconds)

    def _slope(self) -> float:
        """Return what one more byte takes, from the smallest and the largest size that came often enough."""
        by_size: defaultdict[int, list[float]] = defaultdict(list)
        for size, seconds in self._samples:
            by_size[size].append(seconds)
        middles = {size: median(found) for size, found in by_size.items() if len(found) >= LEAST_OF_A_SIZE}
        if len(middles) < 2:
            return 0.0
        small, large = min(middles), max(middles)
        return (middles[large] - middles[small]) / (large - small)
