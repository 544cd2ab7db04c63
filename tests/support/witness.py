"""A simulated plant that remembers every value it served, and the proof of files against that memory."""

import itertools
import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from heliograph.demo.simulator import HOLDING_REGISTER, ILLEGAL_ADDRESS, ModbusFault

DEFINITION = """\
{protocol};Meter;Witness;One
1;3;0;U32;;Reads;;1;0;;4
2;3;0;U32;;Reads in the period;;1;0;;2
3;3;2;I16;;Noise;;0.1;0;W;4
4;3;3;U16;;State;;1;0;;8
5;3;4;U16;;Set point;cmdPwrPercent;1;0;%;1
"""
COUNTER, STATISTICS, NOISE, STATE = "1", "2", "3", "4"

STALE_SECONDS = 5.0
"""How long an answer may be under way on a busy machine, and still be taken."""
ANSWER_SECONDS = 0.5
"""Before the end of a period, what is served need not become a reading of it."""
COMMIT_SECONDS = 4.0
"""A collector that is killed may still hold in memory what fell due so shortly before."""
READINGS = 3
"""A period in which so much was served has a record, though one answer may have missed its time limit."""


@dataclass
class Witness:
    """One device: a counter that grows with each read, so that every reading is told from every other."""

    seed: int
    state_seconds: float = 7.0
    """How long the state stays before it changes and raises an alarm."""
    served: list[tuple[float, int, int]] = field(default_factory=list)
    """(time of the answer, counter, noise) of each read."""
    set_point: int = 100

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def read(self, table: int, address: int, count: int) -> list[int]:
        if table != HOLDING_REGISTER or address + count > 5:
            raise ModbusFault(ILLEGAL_ADDRESS)
        if address == 0:
            counter, noise = len(self.served) + 1, self._random.randrange(65536)
            self.served.append((time.time(), counter, noise))
        counter, noise = self.served[-1][1:] if self.served else (0, 0)
        state = int(time.time() / self.state_seconds) % 3
        return [counter >> 16, counter & 0xFFFF, noise, state, self.set_point][address : address + count]

    def write(self, table: int, address: int, values: list[int]) -> None:
        if (table, address, len(values)) != (HOLDING_REGISTER, 4, 1):
            raise ModbusFault(ILLEGAL_ADDRESS)
        self.set_point = values[0]


@dataclass(frozen=True)
class Row:
    """One record as it stands in a file: values by (index, statistic)."""

    device: str
    time: float
    """Seconds since 1970."""
    values: dict[tuple[str, str], float]


def prove(witness: Witness, rows: Iterable[Row], period: float, lives: list[list[float]], until: float) -> list[str]:
    """Return everything that is wrong with the rows of one device, measured against what it served.

    `lives` are the [start, end] of each life of the collector; `until` is when the test stopped looking.
    """
    rows = sorted(rows, key=lambda row: row.time)
    wrong = [f"{a.time} stands twice" for a, b in itertools.pairwise(rows) if a.time == b.time]
    wrong += [text for row in rows for text in _row(witness, row, period)]
    for before, after in itertools.pairwise(rows):
        if after.values[STATISTICS, "min"] <= before.values[STATISTICS, "max"]:
            wrong.append(f"a reading stands in {before.time} and again in {after.time}")
    there = {row.time for row in rows}
    wrong += [f"{date} is missing" for date in _expected(witness, period, lives, until) if date not in there]
    return wrong


def _row(witness: Witness, row: Row, period: float) -> list[str]:
    counter = int(row.values[COUNTER, "instant"])
    served, _, noise = witness.served[counter - 1]
    first = witness.served[int(row.values[STATISTICS, "min"]) - 1][0]
    wrong = []
    if row.time % period:
        wrong.append(f"{row.time} is no multiple of the period")
    if not row.time - period - STALE_SECONDS < first <= served <= row.time:
        wrong.append(f"{row.time} holds readings of {first} to {served}")
    if row.values[STATISTICS, "max"] != counter:
        wrong.append(f"{row.time}: the last reading {counter} is not the greatest {row.values[STATISTICS, 'max']}")
    if not row.values[STATISTICS, "min"] <= row.values[STATISTICS, "mean"] <= counter:
        wrong.append(f"{row.time}: the mean lies outside")
    if int(row.values[NOISE, "instant"]) & 0xFFFF != noise:
        wrong.append(f"{row.time}: noise {row.values[NOISE, 'instant']} was never served with {counter}")
    return wrong


def _expected(witness: Witness, period: float, lives: list[list[float]], until: float) -> Iterable[float]:
    """Every date that must stand in the files: its period has readings of a collector that lived past its end."""
    readings: Counter[float] = Counter()
    for moment, _, _ in witness.served:
        date = -(-moment // period) * period
        if date - moment < ANSWER_SECONDS or date + COMMIT_SECONDS > until:
            continue
        if any(start <= moment and date + COMMIT_SECONDS < end for start, end in lives):
            readings[date] += 1
    return sorted(date for date, count in readings.items() if count >= READINGS)
