"""What counters of energy read as today began: asked of the records that sync keeps, once a counter and day.

A counter only grows, so that the greatest value of the day before is the one at midnight, and one point answers it.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from heliograph.api.errors import Problem
from heliograph.api.plantfigures import Baseline, Baselines
from heliograph.api.plantpoints import KILOWATT_HOURS
from heliograph.api.view import View
from heliograph.contract import SeriesAnswer, SeriesRequest
from heliograph.contract.channels import SERIES
from heliograph.formats import Variable

BEFORE_MS: Final = 24 * 3_600_000
"""How far before midnight a value is still that of midnight: an inverter sleeps meanwhile."""
AGAIN_MS: Final = 60_000
"""What is not known is asked for again after so long."""
POINTS: Final = 96
"""Of today, where nothing is known of the day before: a quarter of an hour each."""


class EnergyToday:
    """The counters' values as today began, as far as they are known."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._midnight = 0
        self._known: dict[tuple[str, str], Baseline] = {}
        self._asked: dict[tuple[str, str], int] = {}
        self._turn = asyncio.Lock()

    def known(self, midnight: int) -> Baselines:
        """What is known of the day that began then; nothing of another day."""
        return self._known if midnight == self._midnight else {}

    async def refresh(self, wanted: Iterable[tuple[str, Variable]], midnight: int, most: int) -> None:
        """Ask for what is not known yet, one after the other. Raises nothing but a cancellation."""
        async with self._turn:
            if midnight != self._midnight:
                self._midnight, self._known, self._asked = midnight, {}, {}
            for device, variable in wanted:
                key = (device, variable.index)
                if not most:
                    return
                if key in self._known or self._view.now() - self._asked.get(key, 0) < AGAIN_MS:
                    continue
                most -= 1
                self._asked[key] = self._view.now()
                try:
                    baseline = await self._begun(device, variable, midnight)
                except Problem:
                    return  # sync does not answer now: the next turn asks again
                if baseline:
                    self._known[key] = baseline

    async def _begun(self, device: str, variable: Variable, midnight: int) -> Baseline | None:
        factor = KILOWATT_HOURS[variable.unit]
        before = await self._look(device, variable, midnight - BEFORE_MS, midnight, points=1)
        if before:
            return Baseline(before[-1][1] * factor)
        after = await self._look(device, variable, midnight, self._view.now(), POINTS)
        return Baseline(after[0][1] * factor, after[0][0]) if after else None

    async def _look(
        self, device: str, variable: Variable, begin: int, end: int, points: int
    ) -> list[tuple[int, float]]:
        """Times and greatest values, as far as there are any."""
        if end <= begin:
            return []
        request = SeriesRequest(device=device, variables=(variable.index,), begin=begin, end=end, points=points)
        answer: SeriesAnswer = await self._view.ask(SERIES, request)
        values = answer.series[0].most if answer.series else ()
        return [(time, value) for time, value in zip(answer.times, values, strict=False) if value is not None]
