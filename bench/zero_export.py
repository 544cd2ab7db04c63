"""Power control: how far and how long a plant feeds in too much, under `zero_export.lua` and under a naive script.

In virtual time, on the simulated plant of `examples/plants/zero_export.yaml` without its noise: three inverters that
obey 1 to 2 s after they were told, with a lag of 2 to 3 s. The unit T is the plant's own dead time and lag: what passes
from a step of the load to the meter's poll, the script's tick, the write, and two thirds of the inverter's answer. The
naive script moves the limit each second by the whole of what the meter is off, as is often written first.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import Row

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.closed_loop import Inverter, Loop, Moment, Site, zero_export

FIGURE = "Power control: a feed-in limit of 0 W with 50 kW of inverters, against the naive script of the same run"

INVERTERS = (
    Inverter(sun=0.9), Inverter(sun=0.8, phase=0.5), Inverter(rated=10_000, sun=0.9, delay=2, lag=3, phase=0.25),
)  # fmt: skip
HOLD_SECONDS = 180.0
BAND = 0.03
"""Of all ratings: so far below the limit a plant has settled; what whole percents and the margin leave."""
NAIVE = """
local percent = 100
local function tick()
  local kilowatts = wd.get("meter", "Power")
  if kilowatts == nil then return end
  percent = math.max(0, math.min(100, percent - 100 * kilowatts * 1000 / 50000))
  for _, point in ipairs(wd.tags("WMaxLim_Ena")) do wd.set(point.device, point.variable, 1) end
  for _, point in ipairs(wd.tags("cmdPwrPercent")) do
    wd.set(point.device, point.variable, math.floor(percent), 60, 0)
  end
end
function wsInit() wd.every(1, tick) end
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one step."""

    excess: float
    """W, the most above the limit."""
    above: int
    """Seconds in which more than the limit was fed in."""
    settled: int | None
    """Seconds until the feed-in stays in the band below the limit; None: never."""
    swing: float
    """W between the least and the most of the last minute."""
    lost: float
    """Wh that could have been made and were not."""


def answer(site: Site, moments: list[Moment], sky: float) -> Answer:
    has = sum(i.rated * i.sun * sky for i in site.inverters)
    settled = 0
    for number, moment in enumerate(moments, 1):
        could = min(has, moment.load)
        if moment.feed_in > 0 or sum(moment.produced) < could - BAND * site.rated:
            settled = number
    last = [moment.feed_in for moment in moments[-60:]]
    return Answer(
        max(moment.feed_in for moment in moments),
        sum(moment.feed_in > 0 for moment in moments),
        settled if settled < len(moments) else None,
        max(last) - min(last),
        sum(max(0.0, min(has, moment.load) - sum(moment.produced)) for moment in moments) / 3600,
    )


STEPS = {
    "start-up in full sun": ((14_000,), (1.0,), 0),
    "the load falls by 8 kW": ((22_000, 14_000), (1.0,), 1),
    "the load rises by 8 kW": ((14_000, 22_000), (1.0,), 1),
    "a cloud goes: sun from 25 % to 100 %": ((14_000,), (0.25, 1.0), 1),
    "a cloud goes while the load falls by 8 kW": ((22_000, 14_000), (0.25, 1.0), 1),
}


def answers(source_of, load, sky, number: int) -> tuple[Site, Answer]:
    site = Site(INVERTERS, load=load, sky=sky, every=HOLD_SECONDS)
    loop = Loop(site, source_of(site))
    loop.start()
    for _ in range(number):
        loop.run(HOLD_SECONDS)
    moments = loop.run(HOLD_SECONDS)[:-1]
    return site, answer(site, moments, sky[number % len(sky)])


def said(found: Answer, reaction: float) -> str:
    settled = "never settles" if found.settled is None else f"settled after {found.settled / reaction:.1f} T"
    seconds = "" if found.settled is None else f" = {found.settled} s"
    return (
        f"{found.excess / 1000:.1f} kW above at most, above for {found.above / reaction:.1f} T = {found.above} s, "
        f"{settled}{seconds}, swings {found.swing / 1000:.2f} kW, {found.lost:.0f} Wh lost"
    )


def run() -> Iterator[Row]:
    for what, (load, sky, number) in STEPS.items():
        site, ours = answers(zero_export, load, sky, number)
        _, theirs = answers(lambda _: NAIVE, load, sky, number)
        reaction = site.reaction
        yield Row(f"{what}: naive script", said(theirs, reaction))
        is_quick = ours.above <= 3 * reaction and ours.settled is not None and ours.swing <= 0.01 * site.rated
        yield Row(f"{what}: zero_export.lua", said(ours, reaction), "above ≤ 3 T, settles, swings ≤ 0.5 kW", is_quick)
    yield Row("T, the plant's own dead time and lag", f"{reaction:.1f} s")
