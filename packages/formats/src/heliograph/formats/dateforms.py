"""Which of the two date forms a file has, and which instants its local dates are (spec 3.1)."""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

from heliograph.formats.dates import DateForm, parse_date
from heliograph.formats.names import OutgoingName
from heliograph.formats.report import Report, quote

_MARGIN = dt.timedelta(days=1)
"""Forms whose dates lie equally near to the stamp, give or take time zones, stay open."""


class FormFinder:
    """Sees every date of a file, then tells the form: the one that all dates fit, else the one nearer the stamp."""

    def __init__(self, name: OutgoingName | None) -> None:
        self._stamp = dt.datetime.fromtimestamp(name.time / 1000, dt.UTC).replace(tzinfo=None) if name else None
        self._misfits: dict[DateForm, tuple[int, str]] = {}
        self._distances = dict.fromkeys(DateForm, dt.timedelta())
        self._open_dates = 0
        self._open = (0, "")

    def see(self, line: int, text: str) -> None:
        """Take a date."""
        ymd, dmy = parse_date(text, DateForm.YMD), parse_date(text, DateForm.DMY)
        if ymd is None:
            self._misfits.setdefault(DateForm.YMD, (line, text))
        if dmy is None:
            self._misfits.setdefault(DateForm.DMY, (line, text))
        if ymd is None or dmy is None or ymd == dmy:
            return
        self._open = self._open if self._open_dates else (line, text)
        self._open_dates += 1
        if self._stamp is not None:
            self._distances[DateForm.YMD] += abs(ymd - self._stamp)
            self._distances[DateForm.DMY] += abs(dmy - self._stamp)

    def decide(self, report: Report) -> DateForm | None:
        """Return the form, or None and an error in the report."""
        fitting = [form for form in DateForm if form not in self._misfits]
        if not fitting:
            self._report_misfits(report)
            return None
        if len(fitting) == 1 or not self._open_dates:
            return fitting[0]
        ymd, dmy = (self._distances[form] / self._open_dates for form in DateForm)
        if abs(ymd - dmy) > _MARGIN:
            return DateForm.YMD if ymd < dmy else DateForm.DMY
        line, text = self._open
        reason = f"{text} may be YY/MM/DD or DD/MM/YY and the file's name does not tell: say --dates ymd or --dates dmy"
        report.error(line, 1, reason)
        return None

    def _report_misfits(self, report: Report) -> None:
        (ymd_line, ymd), (dmy_line, dmy) = self._misfits[DateForm.YMD], self._misfits[DateForm.DMY]
        if (ymd_line, ymd) == (dmy_line, dmy):
            report.error(ymd_line, 1, f"{quote(ymd)} is no date, neither as YY/MM/DD nor as DD/MM/YY")
            return
        report.error(
            ymd_line, 1, f"{quote(ymd)} is no date as YY/MM/DD, and {quote(dmy)} (line {dmy_line}) none as DD/MM/YY"
        )


Doubt = Callable[[int, str], None]
"""Is told the line and the reason, where a local date can't be told apart from its twin."""


class Placer:
    """Finds the instants of one block's local dates, which come in the order of time.

    Around the end of summer time dates repeat: there each date is the first of its two instants that lies after the row
    before it. Where no date stands twice, nothing tells which of the two it was: the first is taken, and it is said.
    """

    def __init__(self, zone: ZoneInfo, doubt: Doubt) -> None:
        self._zone = zone
        self._doubt = doubt
        self._last: dt.datetime | None = None
        self._run: tuple[int, dt.datetime] | None = None
        self._is_told_apart = False

    def place(self, line: int, local: dt.datetime) -> dt.datetime:
        """Return the date with its offset. Raises `ValueError` for one that the zone's clocks never showed."""
        first, second = local.replace(tzinfo=self._zone), local.replace(tzinfo=self._zone, fold=1)
        placed = first
        if first.utcoffset() == second.utcoffset():
            self.end()
        elif first.astimezone(dt.UTC).astimezone(self._zone).replace(tzinfo=None) != local:
            raise ValueError(f"{local} does not exist in {self._zone}: is it the right time zone?")
        else:
            placed = self._choose(line, first, second)
        self._last = placed.astimezone(dt.UTC)
        return placed

    def end(self) -> None:
        """A date outside of the repeated hour, or the end of the block: say what could not be told apart."""
        if self._run is not None and not self._is_told_apart:
            line, local = self._run
            self._doubt(line, f"{local:%Y-%m-%d %H:%M:%S} exists twice in {self._zone}: taken as the first of the two")
        self._run = None
        self._is_told_apart = False

    def _choose(self, line: int, first: dt.datetime, second: dt.datetime) -> dt.datetime:
        self._run = self._run or (line, first)
        if self._last is None or first.astimezone(dt.UTC) > self._last:
            return first
        self._is_told_apart = True
        return second
