"""The plant's figures: which variables they are made of, and what is honest when some are missing."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.api.plantfigures import Baseline, Seen, counters, midnight_of, plant_now
from heliograph.api.plantpoints import Points, Role, points_of
from heliograph.contract import DeviceCondition
from heliograph.formats import PlantDevice, parse_definition, read_plant
from support.plausible_set import FILES, UID

NOW = 1_717_243_200_000  # 14:00 in Paris
MIDNIGHT = NOW - 14 * 3_600_000
ZONE = "Europe/Paris"
ENTRIES = {entry.device.index: entry for entry in read_plant(FILES, UID).devices}


def definition(*lines: str, head: str = "modbusTCP;inverter;Make;Model"):
    rows = [f"{n};3;{n * 2};I32;;{line};4" for n, line in enumerate(lines, 1)]
    read, findings = parse_definition("\n".join([head, *rows, ""]).encode(), "x.csv")
    assert read, findings
    return read


def named(points: Points) -> dict[str, str]:
    fields = ("produced", "today", "total", "grid", "imported", "exported")
    return {name: variable.name for name in fields if (variable := getattr(points, name))}


@pytest.mark.parametrize(
    ("head", "lines", "role", "found"),
    [
        pytest.param(
            "modbusTCP;Inverter;A;B",
            ("Total DC power;;1;0;W", "Total active power;RealPower;1;0;W", "Energy produced;EnergyTotal;1;0;kWh"),
            Role.PRODUCER, {"produced": "Total active power", "total": "Energy produced"}, id="tags",
        ),
        pytest.param(
            "modbusTCP;;A;B", ("103_W;;;;W", "103_DCW;;;;W", "103_VA;;;;VA", "103_WH;;;;Wh"),
            Role.PRODUCER, {"produced": "103_W", "total": "103_WH"}, id="SunSpec inverter",
        ),
        pytest.param(
            "modbusTCP;inverter;A;B", ("203_W;;;;W", "203_WphA;;;;W", "203_TotWhImp;;;;Wh", "203_TotWhExp;;;;Wh"),
            Role.METER, {"grid": "203_W", "imported": "203_TotWhImp", "exported": "203_TotWhExp"},
            id="SunSpec meter, which detection calls an inverter",
        ),
        pytest.param(
            "modbusTCP;inverter;A;B", ("103_W;;;;W", "203_W;;;;W"),
            Role.PRODUCER, {"produced": "103_W", "grid": "203_W"}, id="an inverter with a meter of its own",
        ),
        pytest.param(
            "modbusRTU;compteur;A;B", ("Puissance active;RealPower;;;kW", "Energy import;;;;kWh"),
            Role.METER, {"grid": "Puissance active", "imported": "Energy import"}, id="a meter whatever its tag",
        ),
        pytest.param(
            "modbusTCP;inverter;A;B",
            ("AC power;;;;kW", "DC power;;;;kW", "Power limit;;;;kW", "Rated power;;;;kW", "Active power L1;;;;kW"),
            Role.PRODUCER, {"produced": "AC power"}, id="by unit and name",
        ),
        pytest.param(
            "modbusTCP;inverter;A;B", ("Power A;;;;W", "Power B;;;;W"), Role.PRODUCER, {}, id="two may be meant: none",
        ),
        pytest.param(
            "modbusTCP;inverter;A;B", ("Daily yield;;;;kWh", "Total yield;;;;MWh", "Yield last month;;;;kWh"),
            Role.PRODUCER, {"today": "Daily yield", "total": "Total yield"}, id="energy by name",
        ),
        pytest.param(
            "modbusTCP;inverter;A;B", ("Power, 10 min max;RealPower;;;W", "AC power;;;;W"),
            Role.PRODUCER, {"produced": "Power, 10 min max"}, id="a tag goes before a name",
        ),
        pytest.param("modbusTCP;data logger;A;B", ("Plant power;RealPower;;;W",), Role.OTHER, {}, id="a logger's sum"),
        pytest.param("modbusTCP;Battery;A;B", ("Power;RealPower;;;W",), Role.STORAGE, {}, id="a battery"),
        pytest.param("modbusTCP;Sensor;A;B", ("Irradiance;;;;W/m²",), Role.OTHER, {}, id="a sensor"),
        pytest.param(
            "modbusTCP;;A;B", ("Leistung;GridPower;;;W",), Role.METER, {"grid": "Leistung"}, id="by tags alone",
        ),
        pytest.param(
            "modbusRTU;meter;A;B", ("Power fed in;;;;W", "Energy taken;;;;kWh", "Energy fed in;;;;kWh"), Role.METER,
            {"grid": "Power fed in", "imported": "Energy taken", "exported": "Energy fed in"}, id="fed in and taken",
        ),
    ],
)  # fmt: skip
def test_variables_are_found_by_tag_model_category_unit_and_name(head, lines, role, found):
    points = points_of(definition(*lines, head=head))
    assert (points.role, named(points)) == (role, found)


@pytest.mark.parametrize(
    ("line", "is_fed_in"),
    [
        ("Power fed in;;;;W", True), ("Einspeiseleistung;;;;kW", True), ("Export power;;;;W", True),
        ("Power;;;;W", False), ("Import power;;;;W", False), ("Import/export power;;;;W", False),
        ("Export power;GridPower;;;W", False),
    ],
)  # fmt: skip
def test_a_meter_whose_name_says_that_it_counts_what_is_fed_in_is_believed_and_a_tag_more_so(line, is_fed_in):
    assert points_of(definition(line, head="modbusRTU;meter;A;B")).is_fed_in is is_fed_in


def test_the_category_of_the_line_goes_before_that_of_the_definition():
    lines = ("Power;;;;W",)
    assert points_of(definition(*lines), "energy meter").role is Role.METER
    assert points_of(definition(*lines), "").role is Role.PRODUCER


def seen(index: str, raws=None, *, age_seconds: float = 1, condition=DeviceCondition.ANSWERING, **changes) -> Seen:
    entry: PlantDevice = ENTRIES[index]
    time = None if raws is None else round(NOW - age_seconds * 1000)
    points = points_of(entry.definition, entry.device.category)
    return Seen(entry, points, condition, since=changes.get("since"), time=time, raws=raws)


def figures(*devices: Seen, baselines=None):
    return plant_now(devices, baselines or {}, NOW, ZONE)


def test_power_is_summed_over_producers_and_never_over_meters():
    now = figures(seen("1", {"1": 4200}), seen("2", {"1": 1000}), seen("4", {"1": -30_000.0}))
    assert now.power_watts.value == pytest.approx(52_000)
    assert (now.power_watts.counted, now.power_watts.expected, now.power_watts.missing) == (2, 2, ())
    assert now.grid is not None
    assert (now.grid.name, now.grid.watts) == ("grid meter", -30_000)
    assert now.consumption_watts == pytest.approx(22_000)


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param(seen("3", {"1": 4200}, condition=DeviceCondition.RESTING), id="silent"),
        pytest.param(seen("3", {"1": 4200}, condition=None), id="the collector does not report"),
        pytest.param(seen("3", {"1": 4200}, age_seconds=301), id="an old reading"),
        pytest.param(seen("3"), id="never read"),
        pytest.param(seen("3", {"1": None}), id="the value is missing"),
        pytest.param(seen("3", {"1": "text"}), id="no number"),
        pytest.param(seen("3", {"1": math.inf}), id="not finite"),
    ],
)
def test_a_device_that_is_not_known_is_named_and_not_taken_as_nothing(lost):
    now = figures(seen("1", {"1": 4200}), lost, seen("4", {"1": 5.0}))
    assert now.power_watts.value == pytest.approx(42_000)
    assert now.power_watts.missing == ("roof_3",)
    assert now.consumption_watts is None
    assert figures(lost).power_watts.value is None


def test_a_producer_that_sleeps_produces_nothing():
    asleep = seen("1", {"1": 4200}, age_seconds=40_000, condition=DeviceCondition.ASLEEP)
    now = figures(asleep)
    assert (now.power_watts.value, now.power_watts.missing, now.asleep) == (0.0, (), 1)
    assert now.energy_today_kwh.value is None


def test_one_asleep_since_yesterday_made_nothing_today():
    now = figures(seen("1", condition=DeviceCondition.ASLEEP, since=MIDNIGHT - 1))
    assert (now.energy_today_kwh.value, now.energy_today_kwh.counted) == (0.0, 1)


def test_energy_today_is_what_the_counter_counted_since_midnight():
    at_midnight = {("1", "5"): Baseline(1000.0), ("2", "5"): Baseline(900.0, since=NOW - 60_000)}
    now = figures(seen("1", {"5": 10_300}), seen("2", {"5": 9_500}), seen("3", {"5": 4}), baselines=at_midnight)
    assert now.energy_today_kwh.value == pytest.approx(30 + 50)
    assert now.energy_today_kwh.missing == ("roof_3",)
    assert now.energy_since == NOW - 60_000


def test_a_counter_that_runs_backwards_or_was_not_read_today_says_nothing():
    baselines = {("1", "5"): Baseline(1000.0)}
    assert figures(seen("1", {"5": 9_999}), baselines=baselines).energy_today_kwh.value is None
    yesterday = seen("1", {"5": 10_300}, age_seconds=15 * 3600)
    assert figures(yesterday, baselines=baselines).energy_today_kwh.value is None


def test_a_device_that_counts_the_day_by_itself_is_believed_and_needs_no_history():
    entry = PlantDevice(ENTRIES["1"].device, definition("Day;EnergyToday;0.1;0;kWh", "All;EnergyTotal;1;0;kWh"))
    device = Seen(entry, points_of(entry.definition), DeviceCondition.ANSWERING, time=NOW, raws={"1": 123, "2": 9})
    assert figures(device).energy_today_kwh.value == pytest.approx(12.3)
    assert counters([device]) == ()
    assert [(index, variable.name) for index, variable in counters([seen("1"), seen("4")])] == [
        ("1", "Energy total"), ("4", "Energy import"),
    ]  # fmt: skip


def test_of_several_meters_the_one_at_the_grid_is_known_by_its_name_or_not_at_all():
    meter = seen("4", {"1": 1000.0})
    made = [replace(meter, entry=_renamed(meter.entry, name)) for name in ("Halle 1", "Halle 2", "Netz")]
    assert (found := figures(*made).grid) is not None
    assert found.name == "Netz"
    assert figures(*made[:2]).grid is None
    assert len(figures(*made[:2]).meters) == 2
    produced = replace(meter, entry=_renamed(meter.entry, "PV meter"))
    assert figures(produced).grid is None
    assert (found := figures(produced, made[0]).grid) is not None
    assert found.name == "Halle 1"


def _renamed(entry: PlantDevice, name: str) -> PlantDevice:
    return replace(entry, device=replace(entry.device, name=name))


@given(st.lists(st.integers(0, 65_535) | st.none(), max_size=30))
def test_a_sum_holds_what_is_known_and_counts_what_is_not(raws):
    now = figures(*(seen("1", None if raw is None else {"1": raw}) for raw in raws))
    known = [raw for raw in raws if raw is not None]
    power = now.power_watts
    assert (power.counted, power.expected, len(power.missing)) == (len(known), len(raws), len(raws) - len(known))
    assert (power.value is None) is not bool(known)
    assert power.value is None or math.isclose(power.value, sum(known) * 10, abs_tol=1e-6)


@pytest.mark.parametrize(
    ("moment", "zone", "hours"),
    [
        (NOW, ZONE, 14),
        (1_711_861_200_000, ZONE, 6),  # 2024-03-31 07:00, the day that is an hour shorter
        (NOW, "Nowhere/At all", 12),
        (NOW, "../etc/passwd", 12),
    ],
)
def test_today_begins_at_midnight_of_the_plants_zone(moment, zone, hours):
    assert moment - midnight_of(moment, zone) == hours * 3_600_000
