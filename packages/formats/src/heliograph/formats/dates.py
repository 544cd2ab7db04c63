"""Local dates of data and alarm files: written from instants, and read back in either form (spec 3.1)."""

import datetime as dt
import re
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

_CACHED_SECONDS = 10_000
_CENTURY = 2000
_DATE = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{2})-([0-9]{2}):([0-9]{2}):([0-9]{2})")


class DateForm(StrEnum):
    """How a date is written; `EuroDateFormat=1` is `DMY`."""

    YMD = "ymd"
    """`YY/MM/DD-hh:mm:ss`"""
    DMY = "dmy"
    """`DD/MM/YY-hh:mm:ss`"""

    @property
    def pattern(self) -> str:
        """The form as people write it."""
        return "YY/MM/DD-hh:mm:ss" if self is DateForm.YMD else "DD/MM/YY-hh:mm:ss"


class LocalDates:
    """Prints instants as the local dates of one zone in one form.

    The devices of a plant share their dates, so each second is converted once. Raises `zoneinfo.ZoneInfoNotFoundError`
    or `ValueError` for a zone that there is not.
    """

    def __init__(self, zone: str = "UTC", form: DateForm = DateForm.YMD) -> None:
        self._zone = ZoneInfo(zone)
        self._form = form
        self._texts: dict[int, str] = {}

    def text(self, time: int) -> str:
        """Return the local date of an instant (milliseconds since 1970, UTC; parts of a second are dropped).

        Raises `ValueError` or `OverflowError` for an instant outside of the years 1 to 9999.
        """
        second = time // 1000
        known = self._texts.get(second)
        if known is not None:
            return known
        if len(self._texts) >= _CACHED_SECONDS:
            self._texts.clear()
        text = self._texts[second] = self._convert(second)
        return text

    def _convert(self, second: int) -> str:
        date = dt.datetime.fromtimestamp(second, self._zone)
        day = "%y/%m/%d" if self._form is DateForm.YMD else "%d/%m/%y"
        return date.strftime(f"{day}-%H:%M:%S")


def is_date(text: str) -> bool:
    """Whether a field has the shape of a date in either form."""
    return _DATE.fullmatch(text) is not None


@lru_cache(maxsize=_CACHED_SECONDS)
def parse_date(text: str, form: DateForm) -> dt.datetime | None:
    """Read a local date (years 2000 to 2099), or None where the text is no date in that form."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    first, month, last, hour, minute, second = map(int, match.groups())
    year, day = (first, last) if form is DateForm.YMD else (last, first)
    try:
        return dt.datetime(_CENTURY + year, month, day, hour, minute, second)  # noqa: DTZ001  # local, as files have it
    except ValueError:
        return None
