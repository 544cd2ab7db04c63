"""Small pictures of variables over the last day, as SVG that the gateway draws: for lists and tables of the pages.

One question to sync serves sixteen variables, and what it said serves everybody who looks within a minute.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from heliograph.api.errors import Problem
from heliograph.api.lookback import asking
from heliograph.api.lookback.asking import DAY_MS, Span
from heliograph.api.view import View
from heliograph.contract.recorded import Series

WIDTH: Final = 96
HEIGHT: Final = 24
EDGE: Final = 2
POINTS: Final = 48
LATE: Final = 0.05
"""Of the day: where records begin later, the picture begins with them."""
KEPT_SECONDS: Final = 60
TOGETHER: Final = 16
MOST_KEPT: Final = 2000
PATIENCE_SECONDS: Final = 3.0
"""A page does not wait longer for its pictures; they come with its next look."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    made: int
    picture: Markup


class Sparklines:
    """The pictures, by device and variable."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._drawn: dict[tuple[str, str], _Drawn] = {}
        self._asking = asyncio.Lock()

    async def of(self, index: str, variables: Iterable[str]) -> dict[str, Markup]:
        """Return the pictures of variables of a device, as far as there are records of them; raises nothing."""
        wanted = list(dict.fromkeys(variables))
        with suppress(Problem, TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS), self._asking:
                await self._draw(index, [one for one in wanted if not self._is_fresh(index, one)])
        found = {one: self._drawn.get((index, one)) for one in wanted}
        return {one: drawn.picture for one, drawn in found.items() if drawn is not None and drawn.picture}

    def _is_fresh(self, index: str, variable: str) -> bool:
        drawn = self._drawn.get((index, variable))
        return drawn is not None and 0 <= self._view.now() - drawn.made < KEPT_SECONDS * 1000

    async def _draw(self, index: str, variables: Sequence[str]) -> None:
        now = self._view.now()
        for first in range(0, len(variables), TOGETHER):
            some = variables[first : first + TOGETHER]
            found = await asking.series(self._view, index, some, Span(now - DAY_MS, now), POINTS)
            begin = _begin(found.times, now)
            if len(self._drawn) > MOST_KEPT:
                self._drawn.clear()
            for one in found.series:
                picture = sparkline(one, found.times, begin, now)
                self._drawn[index, one.variable] = _Drawn(now, picture)


def sparkline(series: Series, times: Sequence[int], begin: int, end: int) -> Markup:
    """Draw the mean of a series; empty where it has no value."""
    values = [mean for mean in series.mean if mean is not None]
    if not values:
        return Markup()
    least = min(value for value in series.least if value is not None)
    most = max(value for value in series.most if value is not None)
    unit = f" {series.unit}" if series.unit else ""
    said = escape(f"{series.name}, last {_words(end - begin)}: {least:.6g} to {most:.6g}{unit}")
    path = _path(series.mean, times, (begin, end), (min(values), max(values)))
    return Markup(  # noqa: S704  # what it says is escaped above, the rest are numbers
        f'<svg class="sparkline" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{said}"><title>{said}</title><path d="{path}"/></svg>'
    )


def _begin(times: Sequence[int], now: int) -> int:
    """When the picture begins: a day ago, or with the records where nearly all of it would be empty."""
    first = min(next(iter(times), 0), now - 1)
    return first if first - (now - DAY_MS) > LATE * DAY_MS else now - DAY_MS


def _words(span_ms: int) -> str:
    minutes = max(1, round(span_ms / 60_000))
    return f"{round(minutes / 60)} hours" if minutes >= 120 else f"{minutes} min"  # two hours


def _path(means: Sequence[float | None], times: Sequence[int], span: tuple[int, int], ends: tuple[float, float]) -> str:
    """Return the way of the pen, lifted over gaps; a value alone between two gaps is a dot."""
    steps, is_down = [], False
    for time, value in zip(times, means, strict=True):
        if value is None:
            is_down = False
            continue
        x = EDGE + (time - span[0]) / (span[1] - span[0]) * (WIDTH - 2 * EDGE)
        share = 0.5 if ends[0] == ends[1] else (value - ends[0]) / (ends[1] - ends[0])
        y = HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE)
        steps.append(f"{'L' if is_down else 'M'}{x:.1f} {y:.1f}" + ("" if is_down else "h.1"))
        is_down = True
    return "".join(steps)
