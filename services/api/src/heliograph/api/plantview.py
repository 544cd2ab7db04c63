"""The plant's figures for those who ask: made of the view, and of the counters as today began."""

import asyncio
from contextlib import suppress
from typing import Final

from heliograph.api.energytoday import EnergyToday
from heliograph.api.plantfigures import counters, midnight_of, plant_now
from heliograph.api.plantnow import PlantNow
from heliograph.api.view import View

LOOK_SECONDS: Final = 2.0
"""For counters that are not known yet; the figures are given without them after that."""

MOST_A_TURN: Final = 16
"""Counters that are asked for at once beside other questions."""
MOST: Final = 1000


class PlantView:
    """Gives the figures; looks for what is missing in them."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._energy = EnergyToday(view)

    def now(self) -> PlantNow:
        """The figures with what is known."""
        zone, moment = self._view.time_zone, self._view.now()
        return plant_now(self._view.seen(), self._energy.known(midnight_of(moment, zone)), moment, zone)

    async def look(self) -> PlantNow:
        """The figures, after looking for what is missing for a short while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self.refresh(MOST)
        return self.now()

    async def refresh(self, most: int = MOST_A_TURN) -> None:
        """Look for what is missing; of many devices for some."""
        midnight = midnight_of(self._view.now(), self._view.time_zone)
        await self._energy.refresh(counters(self._view.seen()), midnight, most)
