"""What may be written to a variable: its limits, within what it can hold (`LIMIT_Params[n]`, spec 2.2). Pure.

For people who type a value. The collector judges by the same limits, whoever asks.
"""

from collections.abc import Callable, Iterable

from heliograph.contract import VariableLimit
from heliograph.formats import Variable, engineering_value
from heliograph.formats.engineering import raw_range

Bounds = tuple[float | None, float | None]


def bounds_of(device: str, variable: Variable, limits: Iterable[VariableLimit]) -> Bounds:
    """The least and the greatest engineering value; None where there is no bound that is known."""
    least, most = _held(variable)
    for limit in limits:
        if (limit.device, limit.variable) == (device, variable.index):
            least = _tighter(max, least, limit.least)
            most = _tighter(min, most, limit.most)
    return least, most


def _held(variable: Variable) -> Bounds:
    """What the registers can hold; not known under a scale factor, which the device may change."""
    point = variable.point
    if point is None or point.kind.is_text or point.kind.is_float or variable.scale_factor:
        return None, None
    ends = [engineering_value(variable, raw) for raw in raw_range(point)]
    numbers = sorted(float(end) for end in ends if isinstance(end, int | float))
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (None, None)


def _tighter(choose: Callable[[float, float], float], held: float | None, limit: float | None) -> float | None:
    if held is None or limit is None:
        return limit if held is None else held
    return choose(held, limit)
