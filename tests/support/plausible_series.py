"""Sync's records, played: counters as a test sets them, and waves for whoever looks at a plot."""

import math

from heliograph.contract import Series, SeriesAnswer, SeriesRequest

POINTS = 48


class Counters:
    """One value of each counter by device: of before a midnight, and of the day that began then."""

    def __init__(self, midnight: int, before: dict[str, float], today: dict[str, float]) -> None:
        self.midnight, self.before, self.today = midnight, before, today
        self.asked: list[SeriesRequest] = []

    async def answer(self, request: SeriesRequest) -> SeriesAnswer:
        self.asked.append(request)
        known = self.before if request.end <= self.midnight else self.today
        if request.device not in known:
            return SeriesAnswer(device=request.device)
        value = (known[request.device],)
        series = Series(variable=request.variables[0], name="", least=value, mean=value, most=value)
        return SeriesAnswer(device=request.device, times=(request.begin + 1,), series=(series,))


async def waves(request: SeriesRequest) -> SeriesAnswer:
    """A wave for each variable, with a gap in the middle."""
    step = (request.end - request.begin) // POINTS
    times = tuple(request.begin + step * (number + 1) for number in range(POINTS))
    mean = tuple(None if number == POINTS // 2 else 40 + 10 * math.sin(number / 8) for number in range(POINTS))
    series = tuple(
        Series(variable=variable, name="", least=mean, mean=mean, most=mean) for variable in request.variables
    )
    return SeriesAnswer(device=request.device, times=times, series=series)
