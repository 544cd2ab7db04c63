"""The simulated plant: the same seed says the same, and what its devices say agrees."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.demo.devices import CARPORT, INVERTERS, METER, ROOF_SOUTH, ROOF_WEST, SENSOR, SERIAL
from heliograph.demo.plant import (
    DAWN_HOUR,
    DAY_SECONDS,
    DUSK_HOUR,
    FAULT,
    MODELS,
    OFF,
    UNDERVOLTAGE,
    Counters,
    Plant,
    clear_sky,
    hour_of_day,
)
from heliograph.demo.points import PlantBank, Served, image
from heliograph.demo.simulator import COIL, HOLDING_REGISTER, INPUT_REGISTER, ModbusFault
from heliograph.formats import engineering_values, parse_definition

DESCRIPTIONS = [description for _, description in INVERTERS] + [description for *_, description in SERIAL]


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def at(second: float, seed: int = 1) -> Plant:
    return Plant(lambda: second, seed)


@pytest.fixture(scope="module")
def day() -> list:
    """Every snapshot of one simulated day."""
    hands = Hands()
    plant = Plant(hands)
    snapshots = []
    for second in range(DAY_SECONDS):
        hands.seconds = second
        snapshots.append(plant.snapshot())
    return snapshots


def test_one_seed_one_plant_however_often_it_is_asked(day):
    assert at(200).snapshot() == day[200]
    assert at(200, seed=2).snapshot() != day[200]


def test_the_sun_rises_stands_high_at_noon_and_sets(day):
    dark = [s for s in day if s.hour < 6 or s.hour > 18]
    noon = max(day, key=lambda s: clear_sky(s.hour))
    assert dark
    assert all(s.irradiance == 0 and all(i.power == 0 and i.state == OFF for i in s.inverters) for s in dark if
               not any(i.alarms for i in s.inverters))  # fmt: skip
    assert abs(noon.hour - 12) < 0.1
    assert 300 < noon.irradiance <= 1000


def test_power_follows_the_sun_and_never_exceeds_what_is_rated(day):
    for snapshot in day:
        for model, inverter in zip(MODELS, snapshot.inverters, strict=True):
            assert 0 <= inverter.power <= model.rated_watts * 1.001
            assert inverter.power == pytest.approx(inverter.dc_power * model.efficiency)
            if not inverter.alarms and inverter.power:
                sun = model.peak_watts * model.share * snapshot.irradiance / 1000
                assert 0.75 * sun * model.efficiency <= inverter.power <= 1.15 * sun or inverter.state == 3


def test_the_meter_sees_what_the_inverters_make_less_what_the_site_takes(day):
    for snapshot in day:
        made = sum(inverter.power for inverter in snapshot.inverters)
        assert snapshot.grid_power == pytest.approx(made - snapshot.load)


def test_counters_only_grow_and_are_the_sum_of_the_power(day):
    for before, after in pairwise(day):
        assert after.imported >= before.imported
        assert after.exported >= before.exported
        net = (after.exported - before.exported) - (after.imported - before.imported)
        assert net == pytest.approx(after.grid_power / 3600, abs=1e-3)
        for old, new in zip(before.inverters, after.inverters, strict=True):
            assert new.energy - old.energy == pytest.approx(new.power / 3600, abs=1e-3)


def test_todays_energy_begins_anew_each_morning(day):
    nights = [second for second in range(1, DAY_SECONDS) if day[second].hour < day[second - 1].hour]
    assert len(nights) == 1
    assert day[nights[0] - 1].inverters[0].energy_today > 1000
    assert day[nights[0]].inverters[0].energy_today == 0


def test_an_alarm_comes_within_the_first_half_minute_and_goes_again(day):
    alarms = [snapshot.inverters[1].alarms for snapshot in day[:60]]
    assert alarms[0] == 0
    assert alarms[30] == UNDERVOLTAGE
    assert alarms[55] == 0
    assert day[30].inverters[1].state == FAULT
    assert day[30].inverters[1].power == 0


def test_counters_go_on_where_the_last_run_ended():
    first = at(100)
    kept = first.read_counters()
    second = Plant(lambda: 50, counters=kept).snapshot()
    assert second.exported >= kept.exported
    assert all(i.energy >= energy for i, energy in zip(second.inverters, kept.inverters, strict=True))


def test_a_limit_takes_effect_and_can_be_read_back():
    hands = Hands()
    plant = Plant(hands)
    bank = PlantBank("carport", CARPORT, plant)
    hands.seconds = 100
    free = plant.snapshot().inverters[2].power
    bank.write(HOLDING_REGISTER, 100, [250])
    assert bank.read(HOLDING_REGISTER, 100, 1) == [250]
    hands.seconds = 101
    limited = plant.snapshot().inverters[2]
    assert limited.power <= 0.251 * MODELS[2].rated_watts < free
    assert limited.limit == 25
    assert bank.read(HOLDING_REGISTER, 100, 1) == [250]


def test_a_coil_switches_an_inverter_off():
    hands = Hands()
    plant = Plant(hands)
    bank = PlantBank("roof_west", ROOF_WEST, plant)
    bank.write(COIL, 0, [0])
    hands.seconds = 5
    assert plant.snapshot().inverters[1].power == 0
    assert bank.read(COIL, 0, 1) == [0]


@pytest.mark.parametrize(("address", "values"), [(100, [1001]), (0, [1]), (100, [1, 2]), (9999, [1])])
def test_what_cannot_be_written_is_refused(address, values):
    bank = PlantBank("carport", CARPORT, at(10))
    with pytest.raises(ModbusFault):
        bank.write(HOLDING_REGISTER, address, values)
    with pytest.raises(ModbusFault):
        bank.read(HOLDING_REGISTER, 9000, 2)


def test_every_answer_is_told():
    served: list[Served] = []
    bank = PlantBank("weather", SENSOR, at(30), served.append)
    words = bank.read(INPUT_REGISTER, 0, 3)
    assert [(s.device, s.table, s.address, s.words) for s in served] == [("weather", INPUT_REGISTER, 0, tuple(words))]


@pytest.mark.parametrize("description", DESCRIPTIONS, ids=lambda d: d.file)
def test_definitions_are_without_findings(description):
    definition, findings = parse_definition(description.definition.encode(), description.file)
    assert findings == []
    assert [v.index for v in definition.variables] == [str(point.index) for point in description.points]


@pytest.mark.parametrize("description", DESCRIPTIONS, ids=lambda d: d.file)
@pytest.mark.parametrize("second", [0, 40, 170, 800])
def test_no_register_is_claimed_twice_and_every_value_fits(description, second):
    """`Bits` alone may share a register."""
    snapshot = at(second).snapshot()
    cells = image(description.points, snapshot)
    claimed = [
        (point.table, cell)
        for point in description.points
        if point.kind != "Bits"
        for cell in range(point.address, point.address + len(point.words(point.raw(snapshot))))
    ]
    assert len(claimed) == len(set(claimed))
    assert all(0 <= word <= 0xFFFF for word in cells.values())


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 3 * DAY_SECONDS))
def test_the_hour_stays_within_the_day(second):
    assert DAWN_HOUR <= hour_of_day(second) < DUSK_HOUR


@pytest.mark.parametrize(("description", "index", "value"), [
    (ROOF_SOUTH, "16", lambda s: s.inverters[0].power),
    (ROOF_WEST, "11", lambda s: s.inverters[1].temperature),
    (METER, "4", lambda s: s.grid_power),
    (SENSOR, "1", lambda s: s.irradiance),
])  # fmt: skip
def test_the_definition_gives_back_what_the_plant_meant(description, index, value):
    """Raw registers, read with coefficients and scale factors, are the plant's engineering values."""
    snapshot = at(120).snapshot()
    definition, _ = parse_definition(description.definition.encode(), description.file)
    raw = {str(point.index): point.raw(snapshot) for point in description.points}
    meant = value(snapshot)
    assert math.isclose(engineering_values(definition, raw)[index], meant, rel_tol=0.01, abs_tol=0.1)


@pytest.mark.parametrize(("description", "power", "energy"), [
    (ROOF_SOUTH, "16", "20"), (ROOF_WEST, "3", "4"), (ROOF_WEST, "3", "5"), (CARPORT, "1", "5"), (METER, "4", "7"),
])  # fmt: skip
def test_a_counter_grows_by_the_power_in_the_units_of_the_definition(day, description, power, energy):
    definition, _ = parse_definition(description.definition.encode(), description.file)
    units = {
        v.index: {"W": 1.0, "Wh": 1.0, "kWh": 1000.0}[v.unit]
        for v in definition.variables
        if v.index in (power, energy)
    }
    morning = day[DAY_SECONDS // 4 : DAY_SECONDS // 2]
    read = [
        engineering_values(definition, {str(p.index): p.raw(snapshot) for p in description.points})
        for snapshot in morning
    ]
    counted = (read[-1][energy] - read[0][energy]) * units[energy]
    made = sum(max(0.0, values[power]) * units[power] for values in read[1:]) / 3600
    assert counted == pytest.approx(made, rel=0.02, abs=2)


def test_counters_have_one_for_each_inverter():
    assert len(Counters().inverters) == len(INVERTERS) == len(MODELS)
