"""Messages of records and alarms: what is written reads back, sizes keep their limit, order is kept (spec 3.5)."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.contract import Alarm, AlarmSource, Column
from heliograph.formats import parse_definition
from heliograph.formats.dates import LocalDates
from heliograph.formats.engineering import engineering_value
from heliograph.sync.telemetry.payloads import (
    Item,
    Scaling,
    Unfit,
    alarm_item,
    keys_of,
    pack_alarms,
    pack_records,
    record_text,
)
from heliograph.sync.telemetry.scaling import whole_scaling

NAMES = st.text(st.characters(codec="utf-8", exclude_characters=";\r\n"), min_size=1, max_size=12)
NUMBERS = st.integers(-(2**63), 2**64) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.dictionaries(NAMES.filter(lambda n: n not in {"date", "timestamp"}), NUMBERS | NAMES, max_size=6)
DATES = LocalDates("Europe/Berlin")
HEAD = "modbusTCP;Inverter;Witness;One\n"


def definition(*lines: str):
    found, findings = parse_definition((HEAD + "\n".join(lines) + "\n").encode(), "inv.csv")
    assert found is not None, findings
    return found


def columns(found) -> list[Column]:
    return [Column(index=v.index, fields=v.fields) for v in found.recorded]


@given(st.lists(st.tuples(NAMES, VALUES), max_size=30), st.integers(64, 2000))
def test_every_record_stands_in_one_message_in_order_and_sizes_keep_their_limit(records, limit):
    items = [
        Item(number, name, record_text(values, number * 1000, DATES))
        for number, (name, values) in enumerate(records, 1)
    ]
    messages = list(pack_records(items, limit))
    found: dict[str, list] = {}
    for message in messages:
        read = json.loads(message.payload)
        assert sum(len(objects) for objects in read.values()) == message.items
        assert message.too_large == (len(message.payload) > limit)
        assert not message.too_large or message.items == 1
        for name, objects in read.items():
            found.setdefault(name, []).extend(objects)
    expected: dict[str, list] = {}
    for number, (name, values) in enumerate(records, 1):
        date = DATES.text(number * 1000)
        expected.setdefault(name, []).append({**values, "date": date, "timestamp": number * 1000})
    assert found == expected
    assert [message.last for message in messages] == sorted({message.last for message in messages})
    assert not records or messages[-1].last == len(records)


@given(st.lists(st.integers(10, 90), min_size=1, max_size=40), st.integers(100, 400))
def test_no_message_could_have_taken_the_next_record(sizes, limit):
    items = [Item(number, "d", b'"' + b"x" * (size - 2) + b'"') for number, size in enumerate(sizes, 1)]
    messages = list(pack_records(items, limit))
    for before, after in pairwise(messages):
        first = sizes[before.last]
        assert len(before.payload) + 1 + first > limit
        assert after.last > before.last


@given(st.lists(st.tuples(st.booleans(), NAMES, NAMES), max_size=30), st.integers(1024, 3000))
def test_every_alarm_stands_in_one_message_of_its_kind_in_order(alarms, limit):
    made = [
        Alarm(identity="x", source=AlarmSource.GATEWAY, time=n * 1000, info=info)
        if is_gateway
        else Alarm(identity="x", source=AlarmSource.IO, time=n * 1000, variable=text, value=info, device_name=text)
        for n, (is_gateway, info, text) in enumerate(alarms, 1)
    ]
    found = []
    for message in pack_alarms([alarm_item(n, alarm, DATES) for n, alarm in enumerate(made, 1)], limit):
        assert len(message.payload) <= limit
        read = json.loads(message.payload)
        assert list(read) == ["alarms", "alarmsDevice"]
        assert sum(part is not None for part in read.values()) == 1
        found += [(True, a["type"], a["timestamp"]) for a in read["alarmsDevice"] or []]
        found += [(False, a["value"], a["timestamp"]) for a in read["alarms"] or []]
    assert found == [(is_gateway, info, n * 1000) for n, (is_gateway, info, _) in enumerate(alarms, 1)]


def test_rows_of_which_nothing_is_sent_still_move_the_cursor():
    (message,) = pack_records([Item(1), Item(2)], 1024)
    assert (message.payload, message.last) == (b"", 2)
    (message,) = pack_records([Item(1), Item(2, "d", b"{}"), Item(3)], 1024)
    assert (message.payload, message.last) == (b'{"d":[{}]}', 3)


def test_actions_and_their_sums_give_their_keys():
    found = definition(*(f"{a};3;{a};U16;;v{a};;1;0;;{a}" for a in (0, 1, 2, 4, 6, 7, 8, 9)))
    assert keys_of(found) == [
        "v2_min", "v2_max", "v2_avg", "v4", "v6_min", "v6_max", "v6_avg", "v6", "v7_min", "v7_max", "v7_avg", "v7",
        "v8", "v9",
    ]  # fmt: skip


def test_a_key_never_stands_twice_in_an_object():
    found = definition(
        "1;3;1;U16;;P;;1;0;;2", "2;3;2;U16;;P_min;;1;0;;4", "3;3;3;U16;;date;;1;0;;4", "4;3;4;U16;;timestamp;;1;0;;4"
    )
    assert keys_of(found) == ["P_min", "P_max", "P_avg", "P_min_2", "date_3", "timestamp_4"]


def test_values_are_scaled_and_missing_ones_left_out():
    found = definition(
        "1;3;1;U16;sf;P;;0.1;0;W;4", "2;3;2;I16;;sf;;1;0;;4", "3;3;3_8;String;;Serial;;1;0;;4", "4;3;9;U64;;E;;1;0;;4"
    )
    scaling = Scaling(found, columns(found))
    assert scaling.values([3, 2, "SN 1", 2**64 - 1]) == {"P": 30.0, "sf": 2, "Serial": "SN 1", "E": 2**64 - 1}
    assert scaling.values([3, None, "", None]) == {}


@given(st.integers(0, 65535), st.integers(0, 65535), st.floats(-1000, 1000).filter(lambda a: a != 0))
def test_the_least_engineering_value_is_the_minimum_whatever_the_sign_of_the_coefficient(low, high, coefficient):
    low, high = sorted((low, high))
    found = definition(f"1;3;1;U16;;P;;{coefficient!r};0;W;2".replace("e-", "e-"))
    values = Scaling(found, columns(found)).values([low, high, (low + high) / 2])
    assert values["P_min"] <= values["P_avg"] <= values["P_max"] or values["P_min"] == pytest.approx(values["P_max"])
    assert {values["P_min"], values["P_max"]} == {engineering_value(found.recorded[0], raw) for raw in (low, high)}


@given(
    st.integers(-(2**63), 2**64),
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-1000, 1000).map(float)
    | st.sampled_from([0.1, 1e-3]),
    st.floats(-1e6, 1e6) | st.sampled_from([0.0, -273.15, 0.05]),
)
def test_the_fast_way_to_scale_gives_the_same_values(raw, factor, offset):
    (variable,) = definition("1;3;1;I64;;P;;1;0;W;4").recorded
    variable = replace(variable, coef_a=factor, coef_b=offset)
    fast = whole_scaling(variable)
    if fast is not None:
        slow = engineering_value(variable, raw)
        assert (fast(raw), type(fast(raw))) == (slow, type(slow))


def test_columns_of_another_definition_are_never_named_by_this_one():
    found = definition("1;3;1;U16;;P;;1;0;;4", "2;3;2;U16;;Q;;1;0;;4")
    for wrong in (columns(found)[::-1], columns(found)[:1], [Column(index="1", fields=3), Column(index="2")]):
        with pytest.raises(Unfit):
            Scaling(found, wrong)
