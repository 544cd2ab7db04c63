"""The script of faults: when each is there, how often it comes, and that chance is the seed's alone."""

from dataclasses import fields
from typing import get_args

import pytest

from heliograph.demo.simulate.faultscript import FaultScript, spoils
from heliograph.demo.simulate.plantfile import Fault, FaultName
from heliograph.demo.simulate.timeline import Chance
from heliograph.demo.simulator import Faults


def script(*faults: dict, seed: int = 1) -> FaultScript:
    return FaultScript([Fault.model_validate({"device": "roof", **fault}) for fault in faults], Chance(seed))


def seconds(found: FaultScript, until: int = 200) -> list[int]:
    return [at for at in range(until) if found.at("roof", at) is not None]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"fault": "dead"}, list(range(200))),
        ({"fault": "dead", "at": 190}, list(range(190, 200))),
        ({"fault": "dead", "at": 10, "lasts": 5}, [10, 11, 12, 13, 14]),
        ({"fault": "dead", "at": "1m", "lasts": "2s", "every": "1m"}, [60, 61, 120, 121, 180, 181]),
        ({"fault": "dead", "at": 100, "every": 60}, [*range(100, 130), *range(160, 190)]),
        ({"fault": "restart", "at": 50}, list(range(50, 60))),
        ({"fault": "dead", "probability": 0}, []),
    ],
    ids=["ever", "from", "once", "again", "half", "restart", "never"],
)
def test_a_fault_is_there_when_the_script_says(fault, expected):
    assert seconds(script(fault)) == expected


def test_chance_comes_as_often_as_said_and_the_same_with_the_same_seed():
    fault = {"fault": "noise", "probability": 0.25}
    found = seconds(script(fault), 4000)
    assert 850 < len(found) < 1150
    assert seconds(script(fault), 4000) == found
    assert seconds(script(fault, seed=2), 4000) != found
    longer = seconds(script({**fault, "lasts": 10}), 4000)
    assert {at // 10 for at in longer} == {at // 10 for at in longer if at % 10 == 0}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"fault": "dead"}, Faults(dead=True)),
        ({"fault": "slow", "seconds": "300ms"}, Faults(late=0.3)),
        ({"fault": "noise", "bytes": "0A ff"}, Faults(noise=b"\x0a\xff")),
        ({"fault": "exception", "code": 6}, Faults(exception=6)),
        ({"fault": "wrong_unit", "offset": 3}, Faults(wrong_unit=3)),
        ({"fault": "wrong_function"}, Faults(wrong_function=True)),
        ({"fault": "bad_crc"}, Faults(bad_crc=True)),
        ({"fault": "half_frame"}, Faults(half_frame=True)),
        ({"fault": "echo"}, Faults(echo=True)),
        ({"fault": "restart"}, Faults(dead=True)),
        ({"fault": "twice"}, Faults(twice=True)),
        ({"fault": "drip"}, Faults(drip=0.02)),
        ({"fault": "drip", "seconds": "5ms"}, Faults(drip=0.005)),
        ({"fault": "wrong_count", "offset": 2}, Faults(wrong_count=2)),
        ({"fault": "other_exception"}, Faults(other_exception=True)),
        ({"fault": "empty"}, Faults(empty=True)),
        ({"fault": "trailing", "bytes": "AB CD"}, Faults(trailing=b"\xab\xcd")),
    ],
    ids=lambda value: value["fault"] if isinstance(value, dict) else "",
)
def test_each_fault_is_one_of_the_simulator(fault, expected):
    assert script(fault).at("roof", 5) == expected


def test_every_odd_behaviour_of_the_simulator_can_be_scripted():
    """One that is added to the simulator is to be had in a plant file as well."""
    named = [script({"fault": name}).at("roof", 5) for name in get_args(FaultName)]
    switched = {field.name for field in fields(Faults) for found in named if getattr(found, field.name)}
    assert switched == {field.name for field in fields(Faults)}


def test_faults_come_together_and_only_to_the_devices_named():
    found = script({"fault": "echo"}, {"fault": "slow", "device": ["roof", "meter"]}, {"fault": "noise", "device": "*"})
    assert found.at("roof", 0) == Faults(echo=True, late=2.0, noise=b"\x00\xff\x55")
    assert found.at("meter", 0) == Faults(late=2.0, noise=b"\x00\xff\x55")
    assert found.at("other", 0) == Faults(noise=b"\x00\xff\x55")


def test_when_a_device_came_back_last_is_known_at_any_time():
    fault = {"fault": "restart", "at": 100, "lasts": 10, "every": 100, "probability": 0.5}
    found, fresh = script(fault), script(fault)
    ends = [found.restarted("roof", at) for at in range(0, 5000, 7)]
    assert ends == sorted(ends)
    assert len(set(ends)) > 10
    assert [fresh.restarted("roof", at) for at in reversed(range(0, 5000, 7))] == ends[::-1]


def test_what_is_late_or_noisy_is_still_a_good_answer():
    assert not spoils(None)
    assert not spoils(Faults(late=1.0, noise=b"x", echo=True, twice=True, trailing=b"x", drip=0.01))
    assert spoils(Faults(half_frame=True))
    assert spoils(Faults(wrong_unit=1))
    assert all(spoils(Faults(**{name: 1})) for name in ("wrong_count", "other_exception", "empty"))
