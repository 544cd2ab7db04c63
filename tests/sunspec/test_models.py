"""Every model that pysunspec2 knows, against pysunspec2's own decoding: names, places, types, values, scale factors."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.collector.decode import decode_value
from heliograph.collector.sunspec import Catalogue
from heliograph.formats import Protocol, engineering_values, parse_definition
from heliograph.formats.sunspec import (
    BadModel,
    FoundModel,
    Identity,
    Layout,
    ValueWanted,
    definition_of,
    laid_out,
    laid_out_by_counts,
    read_model,
)
from support.sunspec import Image, image

CATALOGUE = Catalogue()
REPEATING = [160, 705, 707, 714, 803, 64410, 501, 126, 403]
UNSCALED = {"string", "ipaddr", "ipv6addr", "eui48"}


def layout_of(model: Image, length: int | None = None) -> Layout:
    """Lay out what a device holds, giving each register that is asked for."""
    values: dict[int, int] = {}
    while True:
        try:
            return laid_out(CATALOGUE.model(model.number), model.length if length is None else length, values)
        except ValueWanted as wanted:
            values[wanted.offset] = model.registers[wanted.offset]


def made_of(model: Image, base: int = 40002):
    found = FoundModel(model.number, model.length, base, layout_of(model))
    return definition_of([found], Identity("Helio Works", "HW 5000/TL"), Protocol.MODBUS_TCP, "WPM00C44F")


def decoded(model: Image, base: int = 40002):
    """Read the made file back and decode what the device holds; raw values by Index."""
    made = made_of(model, base)
    definition, findings = parse_definition(made.content, made.definition.file)
    assert findings == []
    raw = {}
    for variable in definition.variables:
        start = variable.point.address - base
        words = model.registers[start : start + variable.point.count]
        raw[variable.index] = decode_value(variable.point, b"".join(word.to_bytes(2, "big") for word in words))
    return definition, raw


def is_same(kind: str, ours: object, theirs: object) -> bool:
    if kind.startswith("acc") and theirs is None:  # a file does not tell 0 of an accumulator from 0 of a number
        return ours == 0
    if kind.startswith("acc") and ours is None:
        return theirs in (0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF)
    if kind.startswith("float") and (theirs is None or not math.isfinite(theirs)):
        return ours is None
    if kind == "string":
        return (ours or "") == (theirs or "").strip()
    if kind in UNSCALED:
        return (ours is None) == (theirs in (None, 0, "0.0.0.0")) or isinstance(ours, str)
    return ours == theirs


@pytest.mark.parametrize("number", CATALOGUE.numbers)
def test_a_device_is_read_as_pysunspec2_reads_it(number):
    """Whatever the registers hold, however often blocks repeat: the same points, the same raw values."""
    for seed, repeats in enumerate([(), (2, 3, 2), (3, 1, 1)]):
        model = image(number, repeats, seed)
        definition, raw = decoded(model)
        ours = {v.name: raw[v.index] for v in definition.variables}
        assert ours.pop(f"{number}_tableSize") == model.length
        ours.pop(f"{number}_tableId")
        assert set(ours) == {f"{number}_{name}" for name in model.values}
        wrong = {
            name: (ours[f"{number}_{name}"], value)
            for name, value in model.values.items()
            if not is_same(model.types[name], ours[f"{number}_{name}"], value)
        }
        assert wrong == {}


@pytest.mark.parametrize("number", CATALOGUE.numbers)
def test_scale_factors_give_sunspecs_engineering_values(number):
    model = image(number, (2, 3, 2), seed=7)
    definition, raw = decoded(model)
    ours = engineering_values(definition, raw)
    for variable in definition.variables:
        name = variable.name.removeprefix(f"{number}_")
        if name in ("tableId", "tableSize") or model.types[name] in UNSCALED:
            continue
        value, theirs = ours.get(variable.index), model.scaled[name]
        if model.types[name].startswith(("acc", "float")) and (not value or theirs is None):
            continue
        assert (value is None) == (theirs is None), variable
        assert theirs is None or math.isclose(value, theirs, rel_tol=1e-9, abs_tol=1e-9), variable


@settings(max_examples=60)
@given(
    st.sampled_from(CATALOGUE.numbers),
    st.integers(0, 400),
    st.integers(0, 65_000),
    st.randoms(use_true_random=False),
)
def test_whatever_length_and_counts_a_device_tells_the_file_is_sound(number, length, base, source):
    """Lying lengths, absurd counts: bounded, inside the model, without a finding of our own parser."""
    registers = [source.choice([0, 1, 2, 5, 300, 0xFFFF]) for _ in range(length + 2)]
    layout = layout_of(Image(number, registers), length)
    assert all(place.offset >= 2 and place.offset + place.point.size <= length + 2 for place in layout.places)
    made = definition_of(
        [FoundModel(number, length, base, layout)], Identity("a;b\n", "ü ?"), Protocol.MODBUS_RTU, "WPM00C44F"
    )
    definition, findings = parse_definition(made.content, made.definition.file)
    assert findings == []
    assert all(v.point.address + v.point.count <= 65_536 for v in definition.variables)


@pytest.mark.parametrize("number", REPEATING)
def test_a_model_alone_is_laid_out_as_a_device_with_these_blocks_has_it(number):
    counts = (2, 3)
    theirs = image(number, counts, seed=random.Random(number).randrange(100))
    ours = laid_out_by_counts(CATALOGUE.model(number), counts)
    assert ours.length == theirs.length
    assert {place.name for place in ours.places} == set(theirs.values)
    assert ours.places == layout_of(theirs).places


def test_the_head_of_another_number_is_no_model(tmp_path):
    (tmp_path / "model_7.json").write_text('{"id": 8, "group": {"name": "x", "points": []}}')
    (tmp_path / "model_9.json").write_text("{not json")
    catalogue = Catalogue(tmp_path)
    assert catalogue.numbers == (7, 9)
    assert [catalogue.model(number) for number in (7, 9, 10)] == [None, None, None]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no SunSpec model: the file"),
        ('{"id": 5}', "group: Field required"),
        ('{"id": 0, "group": {"name": "x"}}', "id: Input should be greater than or equal to 1"),
        ('{"id": 5, "group": {"name": "x", "points": [{"name": "ID", "type": "uint16", "size": 1}]}}', "begins with"),
        ('{"id": 5, "group": {"name": "x", "points": [{"name": "a;b", "type": "uint16", "size": 1}]}}', "name"),
        ('{"id": 5, "group": {"name": "x", "points": [{"name": "a", "type": "int24", "size": 1}]}}', "type"),
    ],
    ids=["empty", "no-group", "number-0", "no-head", "name", "type"],
)
def test_what_is_no_model_says_why(text, said):
    with pytest.raises(BadModel, match=said):
        read_model(text.encode(), "model_5.json")
