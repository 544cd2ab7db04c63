"""The list of devices: filtered and sorted as its address says, and small enough for a phone with 200 of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.api.bounds import bounds_of
from heliograph.api.models import Device
from heliograph.api.pages.devicelist import ORDERS, STATES, DeviceFilter, chosen
from heliograph.contract import DeviceCondition, VariableLimit
from heliograph.formats import parse_definition
from support.markup import Markup
from support.plausible_set import FILES, UID

HEAD = "index;interface;name;address;acqPeriod(s);defFile\n"


def device(index: int, condition: DeviceCondition | None = DeviceCondition.ANSWERING, **changes) -> Device:
    made = Device(
        index=str(index), name=f"roof_{index}", interface=f"10.0.0.{index}:502", address=1, period_seconds=600,
        category="inverter", model="SUN-50K", definition="inv.csv", condition=condition, age_seconds=1.0,
    )  # fmt: skip
    return made.model_copy(update=changes)


DEVICES = [
    device(1, errors={"timeout": 3}),
    device(2, DeviceCondition.RESTING, age_seconds=900.0),
    device(3, DeviceCondition.ASLEEP, name="Attic", age_seconds=90.0),
    device(4, None, age_seconds=None, model="UMG 96"),
    device(5, DeviceCondition.ABSENT, errors={"crc": 1, "late": 9}),
]


@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        ({}, "12345"),
        ({"text": "umg"}, "4"),
        ({"text": "10.0.0.5"}, "5"),
        ({"text": "nothing"}, ""),
        ({"state": "trouble"}, "245"),
        ({"state": "asleep"}, "3"),
        ({"state": "unknown"}, "4"),
        ({"state": "answering", "text": "roof"}, "1"),
        ({"sort": "name"}, "31245"),
        ({"sort": "state"}, "25431"),
        ({"sort": "age"}, "42315"),
        ({"sort": "errors"}, "51234"),
        ({"sort": "no such order", "state": "no such state"}, "12345"),
    ],
)
def test_devices_are_chosen_and_ordered(query, indexes):
    assert "".join(device.index for device in chosen(DEVICES, DeviceFilter.of_query(query))) == indexes


@given(st.text(max_size=80), st.sampled_from([*STATES, "x"]), st.sampled_from([*ORDERS, "x"]), st.booleans())
def test_an_address_holds_the_filter(text, state, sort, whole):
    wanted = DeviceFilter.of_query({"text": text, "state": state, "sort": sort, "whole": "true" if whole else ""})
    assert DeviceFilter.of_query(wanted.query) == wanted
    assert all(device in DEVICES for device in chosen(DEVICES, wanted))


async def test_of_many_devices_fifty_are_shown_and_the_others_are_one_step_away(serve, peers):
    rows = "".join(f"{n};10.0.{n // 250}.{n % 250 + 1};roof_{n};1;600;inv.csv\n" for n in range(200))
    await peers.configure(3, {f"CONFIG/{UID}_daq.csv": HEAD + rows, "DEF/inv.csv": FILES["DEF/inv.csv"]})
    api = await serve()
    page = (await api.get("/devices")).text
    assert page.count("<tr data-device=") == 50
    assert "show 150 more" in page.replace("\u202f", " ")
    assert "/devices?whole=true" in Markup(page).loaded
    assert (await api.get("/devices?whole=true")).text.count("<tr data-device=") == 200
    assert (await api.get("/devices?text=roof_19")).text.count("<tr data-device=") == 11
    assert "No device fits" in (await api.get("/devices?text=cellar")).text


async def test_a_hostile_filter_stays_text(api):
    page = (await api.get("/devices", params={"text": '"><img src=x onerror=alert(1)>'})).text
    assert "img" not in Markup(page).tags
    assert Markup(page).inline == []


LIMITS = [VariableLimit(device="1", variable="1", least=0, most=100), VariableLimit(device="2", variable="1", most=5)]


@pytest.mark.parametrize(
    ("line", "bounds"),
    [
        ("1;3;0;U16;;Limit;;0.1;0;%;4", (0, 100)),
        ("1;3;0_1;U8;;Limit;;;;%;4", (0, 100)),
        ("1;3;0_0;I8;;Limit;;-1;0;%;4", (0, 100)),
        ("1;3;0;F32;;Limit;;;;%;4", (0, 100)),
        ("2;3;0_1;U8;;Other;;2;10;%;4", (10, 520)),
        ("2;3;0;I16;;Other;;-0.5;0;V;4", (-16383.5, 16384)),
        ("2;3;0;F32;;Other;;;;V;4", (None, None)),
        ("2;3;0_8;String;;Other;;;;;4", (None, None)),
        ("2;1;0;;;Coil;;;;;4", (0, 1)),
    ],
)
def test_what_may_be_written_is_bounded_by_limits_and_by_what_registers_hold(line, bounds):
    definition, findings = parse_definition(f"modbusTCP;a;b;c\n{line}\n".encode(), "x.csv")
    assert definition, findings
    assert bounds_of("1", definition.variables[0], LIMITS) == bounds
