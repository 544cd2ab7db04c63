"""When the sun must have woken an inverter: sunrise and sunset by the almanac's short formula. Pure.

Good to a few minutes between the polar circles, which is plenty beside the hour of margin (spec 2.3).
"""

from math import acos, asin, cos, degrees, inf, pi, radians, sin
from typing import Final

MARGIN_SECONDS: Final = 3600.0
DAY_SECONDS: Final = 86_400.0

_J2000_SECONDS: Final = 946_728_000.0
"""2000-01-01T12:00:00Z."""
_HORIZON_DEGREES: Final = -0.833
"""Height of the sun's centre at sunrise: refraction and its own radius."""


def is_broad_day(instant: float, latitude: float, longitude: float) -> bool:
    """Tell whether an instant (seconds since 1970) lies between sunrise + 1 h and sunset - 1 h at a place."""
    day = round((instant - _J2000_SECONDS) / DAY_SECONDS + longitude / 360)
    noon, half_day = _noon_and_half_day(day, latitude, longitude)
    return abs(instant - noon) <= half_day - MARGIN_SECONDS


def _noon_and_half_day(day: int, latitude: float, longitude: float) -> tuple[float, float]:
    """Return when the sun stands highest on a day counted from J2000, and half the time it is up, in seconds."""
    mean_noon = day - longitude / 360
    anomaly = radians((357.5291 + 0.98560028 * mean_noon) % 360)
    centre = 1.9148 * sin(anomaly) + 0.02 * sin(2 * anomaly) + 0.0003 * sin(3 * anomaly)
    ecliptic = radians((degrees(anomaly) + centre + 282.9372) % 360)
    transit = mean_noon + 0.0053 * sin(anomaly) - 0.0069 * sin(2 * ecliptic)
    declination = asin(sin(ecliptic) * sin(radians(23.4397)))
    return _J2000_SECONDS + transit * DAY_SECONDS, _half_day(declination, radians(latitude))


def _half_day(declination: float, latitude: float) -> float:
    height = sin(radians(_HORIZON_DEGREES)) - sin(latitude) * sin(declination)
    across = cos(latitude) * cos(declination)
    if height >= across:
        return 0.0
    if height <= -across:
        return inf
    return acos(height / across) / (2 * pi) * DAY_SECONDS
