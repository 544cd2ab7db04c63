"""Registers become the values that a document or a device says they mean: read and decoded as the collector does it.

`examples/` holds one file a definition: `registers` by `table:address`, in hexadecimal as sent on the wire, and
`values`, the engineering values of all variables by their names. Nothing else may be read.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from heliograph.collector.blocks import Block, Rules, plan
from heliograph.collector.decode import compile_block
from heliograph.formats import Definition, engineering_values, raw_value
from heliograph.formats.definition_parser import parse_definition

EXAMPLES = Path(__file__).with_name("examples")
FOLDER = Path(__file__).parents[2] / "definitions"
NAMES = sorted(path.stem for path in FOLDER.glob("*_*.csv"))
FEW = 40
"""A plan with small requests reads the same values."""

ALIKE = {"goodwe_dt_mt": {80.6}}
"""What a device really sent."""

Registers = dict[tuple[int, int], bytes]


def example(name: str) -> tuple[Registers, dict[str, float | int | str]]:
    content = tomllib.loads((EXAMPLES / f"{name}.toml").read_text(encoding="utf-8"))
    assert content["from"]
    registers: Registers = {}
    for place, words in content["registers"].items():
        table, first = map(int, place.split(":"))
        sent = [bytes.fromhex(word) for word in words.split()]
        assert {len(word) for word in sent} == {2}
        registers |= {(table, first + number): word for number, word in enumerate(sent)}
    return registers, content["values"]


def definition_of(name: str) -> Definition:
    definition, _ = parse_definition((FOLDER / f"{name}.csv").read_bytes(), f"{name}.csv")
    assert definition is not None
    return definition


def read(block: Block, registers: Registers) -> dict[str, object]:
    """Answer the requests of a block from the example; a register that it does not have is a KeyError."""
    addresses = [(block.table, span.address + n) for span in block.spans for n in range(span.count)]
    data = b"".join(registers[place] for place in addresses)
    return {v.index: value for v, value in zip(block.variables, compile_block(block)(data), strict=True)}


def raw_values(definition: Definition, registers: Registers, max_registers: int) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for block in plan(definition.variables, Rules(max_registers)):
        raw |= read(block, registers)
    return raw


def values(definition: Definition, registers: Registers, max_registers: int) -> dict[str, object]:
    found = engineering_values(definition, raw_values(definition, registers, max_registers))
    return {variable.name: found[variable.index] for variable in definition.variables if variable.index in found}


def texts(named: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in named.items() if isinstance(value, str)}


def numbers(named: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in named.items() if not isinstance(value, str)}


def test_there_is_an_example_of_each_definition():
    assert sorted(path.stem for path in EXAMPLES.iterdir()) == NAMES


@pytest.mark.parametrize("most", [125, FEW])
@pytest.mark.parametrize("name", NAMES)
def test_the_registers_of_an_example_become_its_values(name: str, most: int):
    registers, expected = example(name)
    found = values(definition_of(name), registers, most)
    assert texts(found) == texts(expected)
    assert numbers(found) == pytest.approx(numbers(expected), rel=1e-9)


def test_a_limit_is_written_as_the_register_that_reads_as_this_limit():
    limited = []
    for name in NAMES:
        registers, expected = example(name)
        definition = definition_of(name)
        raw = raw_values(definition, registers, FEW)
        by_name = {variable.name: raw[variable.index] for variable in definition.variables}
        for variable in definition.variables:
            if variable.tag == "cmdPwrPercent":
                limited.append(name)
                wanted = raw_value(definition, variable, expected[variable.name], by_name.get(variable.scale_factor))
                assert wanted == raw[variable.index]
    assert limited == [
        "fronius_sunspec", "growatt_max_mid", "huawei_sun2000", "sma_sunny_tripower", "solaredge_sunspec", "sungrow_sg",
    ]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_values_of_an_example_differ_so_that_a_mixed_up_address_shows(name: str):
    """Zeros, states and scale factors may recur; among the measured values, two alike would hide an exchange."""
    _, expected = example(name)
    definition = definition_of(name)
    measured = [expected[v.name] for v in definition.variables if v.unit in {"V", "A", "W", "°C"}]
    alike = {value for value in measured if value and measured.count(value) > 1}
    assert alike <= ALIKE.get(name, set())
