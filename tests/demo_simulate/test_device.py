"""Simulated devices as a client sees them: registers, scale factors, set points, SunSpec's frame, plausible values."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.collector.decode import decode_value
from heliograph.demo.simulate.device import SimulatedDevice
from heliograph.demo.simulate.registers import raw_of_engineering, raw_of_words, whole_range, words_of_raw
from heliograph.demo.simulate.served import ServedValue
from heliograph.demo.simulator import COIL, HOLDING_REGISTER, INPUT_REGISTER, ModbusFault
from heliograph.formats import parse_definition, shortest_single
from heliograph.formats.definition import Kind
from support.plants import plant, signals

ROOT = Path(__file__).parents[2]
SUNSPEC = (ROOT / "examples" / "plants" / "sunspec_inverter.csv").read_text(encoding="utf-8")
ALL_KINDS = "modbusTCP;c;m;m\n" + "".join(
    f"{index};3;{10 * index}{more};{kind};;V{index};;1;0;;4\n"
    for index, (kind, more) in enumerate(
        [
            ("U16", ""), ("I16", ""), ("U32", ""), ("I32_W", ""), ("F32_B", ""), ("U64_WB", ""), ("I64", ""),
            ("F64_W", ""), ("U8", "_0"), ("I8", "_1"), ("Bits", "_3_5"), ("String", "_9"), ("IP", ""), ("IPV6", ""),
            ("MAC", ""),
        ],
        1,
    )
)  # fmt: skip
VALUES = (
    "values: {Power: 4321, Limit: {writable: {start: 100, min: 10, max: 100}}, Energy: 70000, Temperature: -12.34,"
    " Serial number: AB-12, State: 5, Alarm: 1, Voltage L1: 230.5, Run: {writable: {start: 1, max: 1}}, Scale: -1,"
    " Scaled: 23.05}"
)


def device(spec, name="roof", **options):
    found = signals(spec)
    entry = next(each for each in spec.devices if each.name == name)
    return SimulatedDevice(entry, found, **options), found


def test_registers_hold_the_values_by_type_coefficients_and_scale_factor():
    bank, _ = device(plant(VALUES))
    assert bank.read(HOLDING_REGISTER, 0, 10) == [4321, 1000, 1, 4464, 65413, 0x4142, 0x2D31, 0x3200, 0, 0x15]
    assert bank.read(INPUT_REGISTER, 0, 2) == [0x4366, 0x8000]
    assert bank.read(COIL, 0, 1) == [1]
    assert bank.read(HOLDING_REGISTER, 20, 2) == [65535, 230]


def test_what_no_variable_names_is_refused_or_zero():
    bank, _ = device(plant(VALUES))
    with pytest.raises(ModbusFault) as fault:
        bank.read(HOLDING_REGISTER, 9, 3)
    assert fault.value.code == 2
    bank, _ = device(plant(f"holes: zero, {VALUES}"))
    assert bank.read(HOLDING_REGISTER, 10, 3) == [0, 0, 0]


def test_a_set_point_is_taken_within_its_limits_and_nothing_else_is_written():
    bank, found = device(plant(VALUES))
    bank.write(HOLDING_REGISTER, 1, [455])
    assert found.value(("roof", "2"), found.timeline.time()) == 45.5
    assert bank.read(HOLDING_REGISTER, 1, 1) == [455]
    for address, values, code in ((1, [99], 3), (1, [1001], 3), (0, [1], 2), (0, [1, 455], 2), (30, [1], 2)):
        with pytest.raises(ModbusFault) as fault:
            bank.write(HOLDING_REGISTER, address, values)
        assert fault.value.code == code
    assert bank.read(HOLDING_REGISTER, 1, 1) == [455]
    bank.write(COIL, 0, [0])
    assert bank.read(COIL, 0, 1) == [0]


def test_every_value_of_a_good_answer_is_noted_and_none_of_a_spoiled_one():
    heard: list[ServedValue] = []
    spoiled = [False]
    bank, _ = device(plant(VALUES), served=heard.extend, spoiled=lambda: spoiled[0])
    bank.read(HOLDING_REGISTER, 1, 3)
    assert [(v.device, v.variable, v.raw, v.engineering) for v in heard] == [
        ("roof", "2", 1000, 100.0), ("roof", "3", 70000, 70000),
    ]  # fmt: skip
    bank.read(HOLDING_REGISTER, 2, 1)
    assert len(heard) == 2, "half a variable is none"
    spoiled[0] = True
    bank.read(HOLDING_REGISTER, 1, 3)
    assert len(heard) == 2


@given(st.data())
def test_registers_read_back_the_value_and_the_gateway_reads_the_same(data: st.DataObject):
    definition, _ = parse_definition(ALL_KINDS.encode(), "all.csv")
    variable = data.draw(st.sampled_from(definition.variables))
    point = variable.point
    if point.kind is Kind.STRING:
        raw = data.draw(st.text("abcXYZ-12", min_size=1, max_size=9))
    elif point.kind is Kind.IP:
        raw = str(data.draw(st.ip_addresses(v=4)))
    elif point.kind is Kind.IPV6:
        address = data.draw(st.ip_addresses(v=6))
        raw = f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else str(address)
    elif point.kind is Kind.MAC:
        raw = data.draw(st.binary(min_size=6, max_size=6)).hex(":").upper()
    elif point.kind.is_float:
        raw = data.draw(st.floats(allow_nan=False, allow_infinity=False, width=32).map(shortest_single))
    else:
        raw = data.draw(st.integers(*whole_range(point)))
    words = words_of_raw(point, raw)
    assert len(words) == point.count
    assert raw_of_words(point, words) == raw
    content = b"".join(word.to_bytes(2) for word in words)
    decoded = decode_value(point, content)
    shown = shortest_single(decoded) if point.kind is Kind.F32 else decoded
    assert shown == raw, "the gateway's own decoder, which shares no code with ours"


@pytest.mark.parametrize("value", [-1e30, -1.0, 0.4, 65535.6, 1e30])
def test_a_value_beyond_the_range_is_held_at_its_end(value):
    definition, _ = parse_definition(ALL_KINDS.encode(), "all.csv")
    raw = raw_of_engineering(definition.variables[0], value, 0)
    assert raw == min(65535, max(0, round(value)))


def sunspec():
    spec = plant(
        "values: {}", "  - {name: sun, definition: sun.csv, tcp: 0, unit: 1, rated: 20000}", {"sun.csv": SUNSPEC}
    )
    bank, found = device(spec, "sun")
    return spec, bank, found


def test_a_sunspec_definition_alone_is_a_sunspec_device():
    """Mark, chain of models with their true lengths, end; every register between them is there."""
    _, bank, _ = sunspec()
    assert bank.read(HOLDING_REGISTER, 40000, 4) == [0x5375, 0x6E53, 1, 66]
    assert bank.read(HOLDING_REGISTER, 40070, 2) == [103, 50]
    assert bank.read(HOLDING_REGISTER, 40122, 2) == [123, 24]
    assert bank.read(HOLDING_REGISTER, 40148, 2) == [0xFFFF, 0]
    assert len(bank.read(HOLDING_REGISTER, 40000, 125)) == 125
    assert (
        bytes(b for w in bank.read(HOLDING_REGISTER, 40004, 16) for b in w.to_bytes(2)).strip(b"\0") == b"Example Solar"
    )


def test_unknown_values_are_plausible_for_their_unit_and_fit_their_registers():
    spec, _, found = sunspec()
    noon = found.timeline.start + 6 * 3600
    sun = next(each for each in spec.devices if each.name == "sun")

    def said(name: str) -> float:
        variable = next(v for v in sun.definition.variables if v.name == name)
        return found.value(("sun", variable.index), noon)

    assert 15_000 < said("103_W") <= 20_100
    assert 225 < said("103_PhVphA") < 235
    assert 49.9 < said("103_Hz") < 50.1
    assert said("103_A") == pytest.approx(20_000 / 690, rel=0.25)
    assert 30 < said("103_TmpCab") < 45
    assert said("103_WH") > 20_000_000
    assert said("123_WMaxLimPct") == 100
    assert said("103_W_SF") == 0
    assert said("103_V_SF") == -1


def is_definition(path: Path) -> bool:
    return path.read_text(encoding="utf-8").startswith(("modbusTCP;", "modbusRTU;"))


DEFINITIONS = sorted(
    filter(is_definition, [*(ROOT / "examples").rglob("*.csv"), *(ROOT / "definitions").glob("*.csv")])
)


@pytest.mark.parametrize("example", DEFINITIONS, ids=lambda path: path.stem)
def test_each_definition_of_the_library_makes_a_device_that_can_be_read(example):
    text = example.read_text(encoding="utf-8")
    spec = plant("values: {}", "  - {name: other, definition: other.csv, tcp: 0}", {"other.csv": text})
    bank, found = device(spec, "other")
    for variable in bank.spec.definition.variables:
        point = variable.point
        words = bank.read(int(point.table), point.address, point.count)
        raw = raw_of_words(point, words)
        value = found.value(("other", variable.index), found.timeline.time())
        if isinstance(value, float) and value and not point.kind.is_float and not variable.scale_factor:
            scaled = (value - variable.coef_b) / variable.coef_a
            assert abs(raw - scaled) <= 0.5, f"{variable.name} does not fit"
