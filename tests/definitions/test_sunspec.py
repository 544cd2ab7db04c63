"""The files of SunSpec inverters against SunSpec's own models, as pysunspec2 carries them."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import sunspec2

MODELS = Path(sunspec2.__file__).parent / "models" / "json"
SOURCES = Path(__file__).parents[2] / "definitions" / "sources.csv"
STARTS = {1: 40002, 103: 40069, 123: 40227}
"""Where the models lie in both makes; SolarEdge has the first two."""
KINDS = {
    "string": "String",
    "uint16": "U16",
    "int16": "I16",
    "sunssf": "I16",
    "enum16": "U16",
    "acc32": "U32",
    "bitfield32": "U32",
}


def rows() -> list[dict[str, str]]:
    """The rows that name a model, wherever they name it."""
    with SOURCES.open(encoding="utf-8", newline="") as lines:
        found = []
        for row in csv.DictReader(lines, delimiter=";"):
            for source, where in (("source", "where"), ("second_source", "second_where")):
                if row[source] == "sunspec-models":
                    found.append(row | {"place": row[where]})
        return found


def points(model: int) -> dict[str, tuple[int, dict[str, Any]]]:
    """Each point of a model with its distance from the model's first register, its ID."""
    group = json.loads((MODELS / f"model_{model}.json").read_text(encoding="utf-8"))["group"]
    found, at = {}, 0
    for point in group["points"]:
        found[point["name"]] = (at, point)
        at += point["size"]
    return found


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['file'].partition('_')[0]}-{row['index']}")
def test_a_variable_lies_where_the_model_has_its_point(row: dict[str, str]):
    _, model, name = row["place"].split()
    distance, point = points(int(model))[name]
    address, _, length = row["address"].partition("_")
    assert int(address) == STARTS[int(model)] + distance
    assert row["type"] == KINDS[point["type"]]
    if length:
        assert int(length) == 2 * point["size"]


def test_each_scaled_point_has_the_scale_factor_of_its_model():
    factors = {(row["file"], row["name"]): row["place"].split()[2] for row in rows()}
    for row in rows():
        _, model, name = row["place"].split()
        definition = (SOURCES.parent / row["file"]).read_text(encoding="utf-8").splitlines()
        line = next(line.split(";") for line in definition[1:] if line.startswith(f"{row['index']};"))
        wanted = points(int(model))[name][1].get("sf")
        assert (factors[row["file"], line[4]] if line[4] else None) == wanted, row
