"""One poll of a device: every request of its plan that does not rest, one after the other (spec 2.3).

What the device refuses is read in parts at once; silence ends the round, so that a device never holds its line for more
than one time limit. A request that alone fails, while others are answered, rests by itself.
"""

from collections.abc import Callable

from heliograph.collector.asking import Asker
from heliograph.collector.condition import FAILURES_TO_REST, probe_seconds
from heliograph.collector.fetch import Fetch, Reading, Request
from heliograph.collector.links import Busy, Illegal, ModbusException, NoAnswer, NobodyBehind
from heliograph.collector.patience import Patience
from heliograph.runtime import Clock

Note = Callable[[Request, ModbusException | NoAnswer], str]
"""Counts a failed request, says so, and returns it as a cause for people."""


class Round:
    """One poll; what came of it stands in it after `run`."""

    def __init__(self, fetch: Fetch, asker: Asker, patience: Patience, clock: Clock, note: Note) -> None:
        self.heard = False
        """Whether the device answered anything, be it that it refuses or has no time."""
        self.silent = False
        """Whether it ended by silence."""
        self.cause = ""
        """The newest failure, for people."""
        self.learnt = fetch.learnt
        """What is known of the device after it; the plan has not changed yet."""
        self._fetch = fetch
        self._values = list(fetch.blanks)
        self._asker = asker
        self._patience = patience
        self._clock = clock
        self._note = note

    @property
    def reading(self) -> Reading:
        """What was read."""
        return self._fetch.arranged(self._values)

    async def run(self, failures: int, *, shared: bool) -> None:
        """Ask, after so many polls in a row that gave nothing; `shared` when others wait. Raises `LinkDown`."""
        for place in self._fetch.order:
            request = self._fetch.requests[place]
            if request.rests_until and request.rests_until > self._clock.monotonic():
                continue
            self._asker.seconds = self._seconds(request, failures, shared=shared)
            await self._ask(place, request)
            if self.silent:
                return

    async def _ask(self, place: int, request: Request) -> None:
        began = self._clock.monotonic()
        try:
            self._values[place] = await request.read(self._asker)
        except Illegal as refusal:
            self.heard = True
            self.cause = self._note(request, refusal)
            await self._rescue(place, request, refusal)
        except (ModbusException, NoAnswer) as failure:
            self.cause = self._note(request, failure)
            self.silent = isinstance(failure, NoAnswer | NobodyBehind)
            self._rest_alone(request, failure)
            self.heard = self.heard or isinstance(failure, Busy)
        else:
            self.heard = True
            request.failures = 0
            self._patience.answered(self._clock.monotonic() - began)

    async def _rescue(self, place: int, request: Request, refusal: Illegal) -> None:
        """Read the parts of a refused request."""
        self._asker.seconds = self._patience.limit
        rescued = await self._fetch.rescue(self._asker, request, refusal, self.learnt)
        self._values[place], self.learnt = rescued.values, rescued.learnt
        if rescued.ended is not None:
            self.silent = True
            self._note(request, rescued.ended)

    def _seconds(self, request: Request, failures: int, *, shared: bool) -> float:
        """Return how long to wait for a request's answer."""
        if request.failures:
            return self._patience.of_probe(request.failures, shared=shared)
        return self._patience.of_poll(0 if self.heard else failures, shared=shared)

    def _rest_alone(self, request: Request, failure: ModbusException | NoAnswer) -> None:
        """Let a request rest that fails by itself, again and again, while the device answers others."""
        if not self.heard or isinstance(failure, Busy):
            return
        request.failures += 1
        if request.failures >= FAILURES_TO_REST:
            request.rests_until = self._clock.monotonic() + probe_seconds(request.failures - FAILURES_TO_REST)
