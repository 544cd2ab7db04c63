"""The script that limits the feed-in, in a closed loop with plants of every temper: the Lua itself, in virtual time."""

import itertools
import math
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lupa.lua54 import LuaError

from support.closed_loop import Inverter, Loop, Moment, Site, zero_export

MARGIN = 0.02
"""As a share of all ratings."""
STEP_PERCENT = 1


def patience(site: Site) -> float:
    """What an integrator sets `wait` to: the slowest poll, and what an inverter needs until it has obeyed."""
    return math.ceil(max(i.poll + i.write + i.delay + 2 * i.lag for i in site.inverters) + site.meter_poll)


def controlled(site: Site, **changes: float) -> Loop:
    loop = Loop(site, zero_export(site, margin=MARGIN * site.rated, **({"wait": patience(site)} | changes)))
    loop.start()
    return loop


def available(site: Site, sky: float) -> list[float]:
    return [i.rated * i.sun * sky for i in site.inverters]


def most(moments: Sequence[Moment]) -> float:
    return max(moment.feed_in for moment in moments)


def swing(moments: Sequence[Moment]) -> float:
    """How far the limits of any inverter lie apart, in percent."""
    each = zip(*(moment.limits for moment in moments), strict=True)
    return max(max(limits) - min(limits) for limits in each)


inverters = st.builds(
    Inverter,
    rated=st.sampled_from([5_000, 8_000, 20_000, 50_000]),
    delay=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    lag=st.sampled_from([0.0, 0.5, 2.0, 4.0]),
    sun=st.floats(0.5, 1.0),
    obeys=st.sampled_from([0.97, 1.0, 1.0, 1.02]),
    poll=st.sampled_from([0.5, 1.0, 2.0]),
    phase=st.sampled_from([0.0, 0.25, 0.75]),
    write=st.sampled_from([0.25, 0.75]),
    noise=st.sampled_from([0.0, 0.0, 10.0]),
)


@st.composite
def sites(draw: st.DrawFn) -> Site:
    chosen = draw(st.lists(inverters, min_size=1, max_size=4))
    rated = sum(each.rated for each in chosen)
    shares = draw(st.lists(st.floats(0.05, 0.9), min_size=2, max_size=3))
    site = Site(
        inverters=chosen,
        load=[round(share * rated) for share in shares],
        sky=draw(st.lists(st.sampled_from([0.2, 0.5, 1.0]), min_size=1, max_size=3)),
        noise=draw(st.sampled_from([0.0, 0.002])) * rated,
        meter_poll=draw(st.sampled_from([0.5, 1.0, 2.0])),
        meter_phase=draw(st.sampled_from([0.0, 0.25, 0.5])),
    )
    return Site(**{**vars(site), "every": 17 * patience(site) + 60})


ON_THE_EDGE = Site(
    inverters=[Inverter(rated=5_000, delay=0, lag=0, sun=sun, obeys=0.97, poll=0.5) for sun in (0.5, 0.97, 0.5, 0.5)],
    load=[12_634, 5_348], sky=[0.2], every=94, meter_poll=0.5,
)  # fmt: skip
"""One inverter makes just between its share and what of it can be set."""
OUT_OF_THE_SHADE = Site(
    inverters=[Inverter(rated=5_000, delay=0, lag=0, sun=0.5, obeys=0.97, poll=0.5)],
    load=[2_734, 1_250], every=94, meter_poll=0.5, meter_phase=0.25,
)  # fmt: skip
"""The sun holds it back nearly as the limit does; then less is consumed."""


@settings(max_examples=10)
@given(sites())
@example(ON_THE_EDGE)
@example(OUT_OF_THE_SHADE)
def test_whatever_the_plant_it_comes_under_the_limit_in_its_own_time_and_stays_at_rest(site):
    loop = controlled(site)
    for number in range(max(len(site.load), len(site.sky)) + 1):
        moments = loop.run(site.every)[:-1]
        comes_under_the_limit(site, moments)
        rests_where_it_should(site, moments[-40:], site.sky[number % len(site.sky)])


def comes_under_the_limit(site: Site, moments: Sequence[Moment]) -> None:
    """Within dead time, and the lag that an exponential needs to come from what there was to what is tolerated."""
    disobedience = max(0.0, *(i.obeys - 1 for i in site.inverters))
    tolerated = (MARGIN / 2 + disobedience) * site.rated + 4 * site.scatter
    poll, lag = max(i.poll for i in site.inverters), max(i.lag for i in site.inverters)
    dead = site.reaction - lag + poll + 1
    excess = max(tolerated, most(moments))
    allowed = dead + lag * math.log(excess / tolerated * 4)
    assert most(moments[math.ceil(allowed) :]) <= tolerated


def rests_where_it_should(site: Site, moments: Sequence[Moment], sky: float) -> None:
    last = moments[-1]
    assert swing(moments) <= 2 * STEP_PERCENT
    assert most(moments) <= 4 * site.scatter
    has = available(site, sky)
    shade = sum(i.rated for i, watts in zip(site.inverters, has, strict=True) if watts < 0.95 * limit_of(i, last, site))
    slack = (MARGIN + 0.035) * site.rated + 0.06 * shade + 4 * site.scatter
    assert sum(last.produced) >= min(sum(has), last.load) - slack
    held = [
        limit for limit, i, watts in zip(last.limits, site.inverters, has, strict=True) if watts > i.rated * limit / 100
    ]
    assert not held or max(held) - min(held) <= 2 * STEP_PERCENT


def limit_of(inverter: Inverter, moment: Moment, site: Site) -> float:
    return inverter.rated * moment.limits[list(site.inverters).index(inverter)] / 100


def test_a_silent_meter_brings_the_safe_limit_at_once_and_its_return_ends_it():
    site = Site(load=(30_000,))
    loop = controlled(site, safe=12)
    loop.run(120)
    loop.silent.add("meter")
    silent = loop.run(40)
    assert [moment.limits for moment in silent[20:]] == [[12, 12, 12]] * 20
    assert loop.alarms == ["the meter meter is silent: inverters at the safe limit of 12 %"]
    loop.silent.clear()
    back = loop.run(200)
    assert most(back) <= 0
    assert back[-1].produced == pytest.approx([11_600, 11_600, 5_800], abs=300)
    assert len(loop.alarms) == 1


def test_without_a_meter_from_the_beginning_nothing_but_the_safe_limit_is_set():
    loop = controlled(Site(), safe=12)
    loop.silent.add("meter")
    assert loop.run(60)[-1].limits == [12, 12, 12]
    assert len(loop.alarms) == 1


def test_the_others_take_over_for_an_inverter_that_falls_silent_and_never_feed_in_too_much():
    """The silent one goes on as it was told until its lifetime ends; nobody knows whether it does."""
    site = Site(load=(25_000,))
    loop = controlled(site, safe=0)
    before = loop.run(150)[-1]
    loop.silent.add("roof_1")
    moments = loop.run(59)
    assert most(moments) <= 0
    assert moments[-1].limits[0] == before.limits[0]
    loop.silent.clear()
    loop.run(1)
    loop.silent.add("roof_1")  # the collector has written the fallback in the second between
    loop.lifetimes.pop(("roof_1", "2"), None)
    away = loop.run(150)
    assert most(away) <= 0
    assert sum(away[-1].produced) == pytest.approx(25_000, abs=1_500)


def test_an_inverter_that_comes_back_begins_at_the_safe_limit_and_gets_its_share_again():
    site = Site(load=(25_000,))
    loop = controlled(site, safe=5)
    loop.run(100)
    loop.silent.add("roof_1")
    loop.run(90)
    loop.silent.clear()
    back = loop.run(240)
    assert min(moment.limits[0] for moment in back[3:20]) == 5
    assert back[-1].limits[0] == pytest.approx(back[-1].limits[1], abs=2)
    assert most(back[25:]) <= 0


def test_an_inverter_that_refuses_its_limit_is_told_once_and_asked_again():
    site = Site(load=(25_000,))
    loop = controlled(site)
    loop.run(60)
    loop.refusing.add("roof_3")
    loop.run(120)
    assert sum("roof_3 does not take its limit: refused" in line for line in loop.log) == 1
    loop.refusing.clear()
    last = loop.run(150)[-1]
    assert "roof_3 takes its limit again" in loop.log
    assert last.feed_in <= 0
    assert last.limits[2] == pytest.approx(last.limits[0], abs=2)


def test_a_restart_of_the_script_goes_on_from_the_limits_that_hold():
    loop = controlled(Site(load=(30_000,)))
    before = loop.run(150)[-1]
    loop.stop()
    loop.run(10)
    loop.start()
    after = loop.run(60)
    assert swing([before, *after]) <= STEP_PERCENT
    assert most(after) <= 0


@pytest.mark.parametrize("poll", [0.5, 2.0, 5.0])
@pytest.mark.parametrize("phase", [0.0, 0.25, 1.75])
def test_limits_go_up_by_small_steps_and_none_of_them_is_taken_back(poll, phase):
    """The meter sees the inverters rise before they are read again: that is no consumption that ended."""
    inverters = [Inverter(poll=poll, phase=phase), Inverter(poll=poll, phase=phase + 0.25, lag=0.5)]
    site = Site(inverters=inverters, load=(5_000, 13_000), every=100)
    loop = controlled(site, rise=6)
    loop.run(99.5)
    limits = [moment.limits for moment in loop.run(99)]
    for before, after in itertools.pairwise(limits):
        assert all(0 <= new - old <= 6 for old, new in zip(before, after, strict=True))
    assert limits[-1] > limits[0]


def test_a_cloud_winds_nothing_up():
    """For minutes less is made than allowed; when the sun is back nothing of that is made up for."""
    site = Site(load=(20_000,), sky=(0.3, 1.0), every=400)
    loop = controlled(site)
    loop.run(399)
    assert most(loop.run(200)) <= 0


def test_what_has_not_shown_yet_is_not_corrected():
    """The slow end of an exponential is above the limit for longer than it takes until most has obeyed."""
    slow = [Inverter(lag=8.0), Inverter(lag=8.0, phase=0.5)]
    site = Site(inverters=slow, load=(30_000, 8_000), every=200)
    loop = controlled(site, wait=8)
    loop.run(200)
    moments = loop.run(120)
    assert min(moment.feed_in for moment in moments) >= -(MARGIN + 0.02) * site.rated


def test_inverters_that_make_less_of_a_limit_are_allowed_more_within_bounds():
    site = Site(inverters=[Inverter(obeys=0.92), Inverter(obeys=0.92)], load=(30_000,))
    loop = controlled(site)
    assert loop.run(300)[-1].feed_in >= -(MARGIN + 0.03) * site.rated
    assert controlled(site, correct=1).run(300)[-1].feed_in < -(MARGIN + 0.03) * site.rated


@pytest.mark.parametrize("obeys", [1.25, 3.0])
def test_an_inverter_that_makes_more_of_its_limit_is_made_up_for_by_the_others(obeys):
    site = Site(inverters=[Inverter(obeys=obeys), Inverter(), Inverter()], load=(25_000,))
    loop = controlled(site)
    loop.run(200)
    moments = loop.run(100)
    assert most(moments) <= 0
    assert swing(moments) <= STEP_PERCENT


def test_what_one_in_the_shade_cannot_use_the_others_get():
    """The roof to the east in the morning: the western one makes a tenth."""
    site = Site(inverters=(Inverter(sun=0.9), Inverter(sun=0.1, phase=0.5)), load=(12_000,))
    last = controlled(site).run(240)[-1]
    assert last.produced[0] == pytest.approx(8_800, abs=1_000), "the load less 2 kW, margin and reserve"
    assert -2_500 <= last.feed_in <= 0


def test_every_limit_has_a_lifetime_and_is_written_again_before_it_ends_and_seldom_else():
    site = Site(load=(20_000,))
    loop = controlled(site)
    loop.run(120)
    loop.writes = 0
    loop.run(600)
    assert loop.unlimited == 0
    assert loop.lapsed == 0
    assert loop.writes <= 3 * 2 * 600 / 30 + 6, "limit and enabling of each of three inverters, each 30 s"


def test_limits_that_are_renewed_more_often_than_it_waits_still_go_up():
    loop = controlled(Site(load=(30_000,)), lifetime=4, wait=6, safe=5)
    loop.silent.add("meter")
    loop.run(20)
    loop.silent.clear()
    assert loop.run(120)[-1].limits == [58, 58, 58]


def test_when_the_script_dies_the_fallback_of_every_limit_is_the_safe_one():
    loop = controlled(Site(load=(20_000,)), safe=7)
    loop.run(100)
    loop.stop()
    assert loop.run(61)[-1].limits == [7, 7, 7]


def test_an_inverter_that_forgot_its_limit_is_told_again():
    """It was restarted faster than anybody could see, or somebody turned it by hand."""
    loop = controlled(Site(load=(20_000,)))
    loop.run(100)
    loop.turn("roof_1", 100)
    moments = loop.run(60)
    assert moments[0].limits[0] == 100
    assert moments[5].limits[0] == loop.moments[90].limits[0]
    assert most(moments[15:]) <= 0


def test_a_clock_that_is_set_back_a_little_hides_no_reading():
    loop = controlled(Site(load=(30_000, 5_000), every=120))
    loop.run(115)
    loop.clock_offset = -40
    assert most(loop.run(60)[25:]) <= 0


def test_a_clock_that_is_set_back_does_not_stop_it():
    site = Site(load=(30_000, 5_000), every=250)
    loop = controlled(site)
    loop.run(100)
    loop.clock_offset = -7200
    moments = loop.run(290)
    assert loop.lapsed == 0
    assert most(moments[170:]) <= 0
    assert moments[-1].load == 5_000


def test_another_limit_by_command_is_kept_and_a_wrong_one_refused():
    loop = controlled(Site(load=(10_000,)))
    loop.run(60)
    assert loop.call("setLimit", watts=8_000) == 8_000
    assert loop.run(120)[-1].feed_in == pytest.approx(6_500, abs=1_000)
    for wrong in (-1, 50_001, float("nan"), "much", None, True):
        with pytest.raises(LuaError, match="watts: a number from 0 to 50000"):
            loop.call("setLimit", watts=wrong)
    loop.start()
    assert loop.call("status")["limit"] == 8_000


def test_a_pause_is_the_safe_limit_also_after_a_restart_until_it_is_resumed():
    loop = controlled(Site(load=(30_000,)), safe=10)
    loop.run(60)
    assert loop.call("pause") == "OK"
    assert loop.run(10)[-1].limits == [10, 10, 10]
    loop.start()
    assert loop.run(30)[-1].limits == [10, 10, 10]
    assert loop.call("status")["condition"] == "paused"
    loop.call("resume")
    assert loop.run(150)[-1].limits[0] > 50
    assert not loop.alarms


def test_the_status_says_what_is_known():
    loop = controlled(Site(load=(30_000,)))
    empty = loop.call("status")
    assert (empty["limit"], empty["feed_in"], empty["inverters"][1]["watts"]) == (0, None, None)
    loop.run(100)
    status = loop.call("status")
    assert status["condition"] == "controls"
    assert status["consumption"] == pytest.approx(30_000, abs=100)
    assert status["inverters"][1]["device"] == "roof_1"
    assert status["inverters"][3]["percent"] == loop.moments[-1].limits[2]


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("settings.ratings names no watts for roof_1", ("roof_1 =", "roof_9 =")),
        ("no device has a variable with the tag cmdPwr", ('"cmdPwrPercent"', '"cmdPwr"')),
        ("roof_1 has no variable with the tag Real", ('"RealPower"', '"Real"')),
    ],
)
def test_settings_that_do_not_fit_the_plant_are_told_at_the_start(text, change):
    site = Site()
    source = zero_export(site).replace(*change)
    with pytest.raises(LuaError, match=text):
        Loop(site, source).start()
