"""The script of faults: which of them a device has at an instant of the plant's time. Pure; repeated, and by chance."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from heliograph.demo.simulate.plantfile import Fault
from heliograph.demo.simulate.timeline import Chance
from heliograph.demo.simulator import Faults

RESTART_SECONDS: Final = 10.0
TOSS_SECONDS: Final = 1.0
_SLOWNESS: Final = {"slow": ("late", 2.0), "drip": ("drip", 0.02)}
"""The attribute, and the seconds where the script says none."""
_SPOILING: Final = (
    "wrong_unit", "wrong_function", "bad_crc", "half_frame", "dead", "exception",
    "wrong_count", "other_exception", "empty",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a fault is there; in seconds since the plant's start."""

    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class FaultScript:
    """The whole script. Times are seconds since the plant's start."""

    faults: Sequence[Fault]
    chance: Chance
    _ends: dict[tuple[int, str], tuple[int, float]] = field(default_factory=dict)
    """Of each restart: a time's number, and when the last one before it ended."""

    def at(self, device: str, since: float) -> Faults | None:
        """Return what is wrong with a device, None when nothing is."""
        found: dict[str, Any] = {}
        for number, fault in self._of(device):
            if self._now(number, fault, device, since) is not None:
                found |= _attributes(fault)
        return Faults(**found) if found else None

    def restarted(self, device: str, since: float) -> float:
        """Return when a device last came back from a restart; 0 when it never did."""
        last = 0.0
        for number, fault in self._of(device):
            if fault.fault == "restart":
                last = max(last, self._last_end(number, fault, device, since))
        return last

    def _of(self, device: str) -> Iterator[tuple[int, Fault]]:
        for number, fault in enumerate(self.faults):
            if device in fault.device or "*" in fault.device:
                yield number, fault

    def _now(self, number: int, fault: Fault, device: str, since: float) -> Occurrence | None:
        if since < fault.at:
            return None
        slot = _slot(fault, since)
        found = self._occurrence(number, fault, device, slot)
        return found if found is not None and found.begin <= since < found.end else None

    def _last_end(self, number: int, fault: Fault, device: str, since: float) -> float:
        if since < fault.at:
            return 0.0
        slot = _slot(fault, since)
        found = self._occurrence(number, fault, device, slot)
        if found is not None and found.end <= since:
            return found.end
        return self._end_before(number, fault, device, slot)

    def _end_before(self, number: int, fault: Fault, device: str, slot: int) -> float:
        """Return when the last time before one ended: it always has, since none lasts until the next."""
        known, end = self._ends.get((number, device), (0, 0.0))
        if slot < known:
            known, end = 0, 0.0
        for earlier in range(slot - 1, known - 1, -1):
            found = self._occurrence(number, fault, device, earlier)
            if found is not None:
                end = found.end
                break
        self._ends[number, device] = (slot, end)
        return end

    def _occurrence(self, number: int, fault: Fault, device: str, slot: int) -> Occurrence | None:
        if fault.probability < 1 and self.chance.uniform(f"fault {number}/{device}", slot) >= fault.probability:
            return None
        begin = fault.at + (slot * _period(fault) if slot else 0.0)
        return Occurrence(begin, begin + _lasting(fault))


class ScriptedFaults(defaultdict[int, Faults]):
    """The faults of the units of one port or line: those of the script, else those that were set by hand."""

    def __init__(self, names: Mapping[int, str], look: Callable[[str], Faults | None]) -> None:
        super().__init__(Faults)
        self._names = names
        self._look = look

    def get(self, unit: int, default: Any = None) -> Any:
        """Return what is wrong with a unit now."""
        name = self._names.get(unit)
        found = self._look(name) if name is not None else None
        return super().get(unit, default) if found is None else found


def spoils(fault: Faults | None) -> bool:
    """Tell whether what is answered now is no good answer: it is not served then."""
    return fault is not None and any(getattr(fault, name) for name in _SPOILING)


def _period(fault: Fault) -> float:
    if fault.every is not None:
        return fault.every
    return (fault.lasts or TOSS_SECONDS) if fault.probability < 1 else math.inf


def _lasting(fault: Fault) -> float:
    if fault.lasts is not None:
        return fault.lasts
    if fault.fault == "restart":
        return min(RESTART_SECONDS, _period(fault))
    if fault.every is not None:
        return fault.every / 2
    return TOSS_SECONDS if fault.probability < 1 else math.inf


def _slot(fault: Fault, since: float) -> int:
    period = _period(fault)
    return 0 if math.isinf(period) else int((since - fault.at) // period)


def _attributes(fault: Fault) -> dict[str, Any]:
    match fault.fault:
        case "restart":
            return {"dead": True}
        case "slow" | "drip":
            attribute, usual = _SLOWNESS[fault.fault]
            return {attribute: usual if fault.seconds is None else fault.seconds}
        case "noise" | "trailing":
            return {fault.fault: bytes.fromhex(fault.bytes)}
        case "exception":
            return {"exception": fault.code}
        case "wrong_unit" | "wrong_count":
            return {fault.fault: fault.offset}
    return {fault.fault: True}
