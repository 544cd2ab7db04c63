"""The plant's own time, in steps of a second, the sun over it, and chance that depends on seed and name alone."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

STEP_SECONDS: Final = 1.0
"""Values stand still for so long in the plant's time, so that what is read together fits together."""
DAY_SECONDS: Final = 86_400


@dataclass(slots=True)
class Timeline:
    """Gives the plant's time, in seconds since 1970; `now` is any clock of ours that never steps."""

    start: float
    speed: float
    now: Callable[[], float]
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.now()

    def time(self) -> float:
        """Return the plant's time, a whole number of steps after its start."""
        return self.start + math.floor((self.now() - self._began) * self.speed / STEP_SECONDS) * STEP_SECONDS


@dataclass(frozen=True, slots=True)
class Chance:
    """Numbers that follow from a seed and a name alone, whoever asks, and in whatever order."""

    seed: int

    def uniform(self, name: str, number: int) -> float:
        """Return a number from 0 to below 1."""
        digest = hashlib.blake2b(f"{self.seed}/{name}/{number}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64

    def normal(self, name: str, number: int) -> float:
        """Return a number of the standard normal distribution."""
        return Random(f"{self.seed}/{name}/{number}").gauss(0.0, 1.0)

    def smooth(self, name: str, position: float) -> float:
        """Return a number from 0 to 1 that changes smoothly with the position."""
        knot = math.floor(position)
        share = position - knot
        share = share * share * (3 - 2 * share)
        return self.uniform(name, knot) * (1 - share) + self.uniform(name, knot + 1) * share


def day_share(time: float, sunrise: str, sunset: str) -> float:
    """Return the height of a simple sun, 0 to 1: a sine from sunrise to sunset, both UTC."""
    rise, sets = _seconds(sunrise), _seconds(sunset)
    length = (sets - rise) % DAY_SECONDS or DAY_SECONDS
    since = (time - rise) % DAY_SECONDS
    return math.sin(math.pi * since / length) if since < length else 0.0


def sun_share(time: float, latitude: float, longitude: float) -> float:
    """Return the sine of the sun's elevation, 0 when it is down. Good to about a degree."""
    days = time / DAY_SECONDS - 10957.5  # since 2000-01-01 12:00 UTC
    anomaly = math.radians(357.529 + 0.98560028 * days)
    ecliptic = math.radians(280.459 + 0.98564736 * days + 1.915 * math.sin(anomaly) + 0.02 * math.sin(2 * anomaly))
    tilt = math.radians(23.439)
    declination = math.asin(math.sin(tilt) * math.sin(ecliptic))
    ascension = math.atan2(math.cos(tilt) * math.sin(ecliptic), math.cos(ecliptic))
    hour = math.radians((280.46062 + 360.98564737 * days + longitude) % 360) - ascension
    height = math.radians(latitude)
    elevation = math.sin(height) * math.sin(declination)
    elevation += math.cos(height) * math.cos(declination) * math.cos(hour)
    return max(0.0, elevation)


def _seconds(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 3600 * int(hours) + 60 * int(minutes)
