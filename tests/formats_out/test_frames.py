"""Rows as frames (polars is among the development requirements; pandas where it is installed)."""

import datetime as dt

import pytest

from heliograph.formats import Row, frames, pandas_frame, polars_frame

MOMENT = dt.datetime.fromisoformat("2024-06-01T10:00:00")
ROWS = [
    Row(MOMENT, "1", "3", "Power", "mean", 108.5, 10.85, "kW"),
    Row(MOMENT, "1", "6", "Counter", "instant", 2**64 - 1, 2**64 - 1, "Wh"),
    Row(MOMENT, "TIC1", "2", "Period", "instant", "HP..", "HP..", ""),
    Row(MOMENT, "1", "7", "Scaled", "instant", 5, None, "W"),
]
RAW = ["108.5", "18446744073709551615", "HP..", "5"]


def test_polars_has_exact_raw_values_and_numbers_to_calculate_with():
    frame = polars_frame(ROWS)
    assert frame.columns == list(Row._fields)
    assert frame["raw"].to_list() == RAW
    assert frame["value"].to_list() == [10.85, float(2**64 - 1), None, None]
    assert frame["timestamp"].to_list() == [MOMENT] * 4


def test_polars_keeps_the_zone():
    moment = dt.datetime.fromisoformat("2024-06-01T10:00:00+02:00")
    frame = polars_frame([ROWS[0]._replace(timestamp=moment)], "Europe/Paris")
    assert str(frame.schema["timestamp"].time_zone) == "Europe/Paris"
    assert frame["timestamp"].dt.hour().to_list() == [10]
    assert frame["timestamp"].to_list() == [moment]


def test_an_empty_frame_has_its_columns():
    import polars as pl

    frame = polars_frame([])
    assert frame.columns == list(Row._fields)
    assert frame.schema["value"] == pl.Float64


def test_many_rows_are_taken_in_parts(monkeypatch):
    monkeypatch.setattr(frames, "_CHUNK", 3)
    assert polars_frame(ROWS * 5).height == 20
    assert polars_frame(ROWS * 3)["raw"].to_list() == RAW * 3


def test_pandas_has_the_same():
    pd = pytest.importorskip("pandas", reason="pip install pandas")
    frame = pandas_frame(ROWS)
    assert list(frame.columns) == list(Row._fields)
    assert list(frame["raw"]) == RAW
    assert list(frame["value"].dropna()) == [10.85, float(2**64 - 1)]
    assert frame["timestamp"][0] == pd.Timestamp(MOMENT)
    aware = pandas_frame([ROWS[0]._replace(timestamp=MOMENT.replace(tzinfo=dt.UTC))], "Europe/Paris")
    assert aware["timestamp"][0].isoformat() == "2024-06-01T12:00:00+02:00"
    assert list(pandas_frame([]).columns) == list(Row._fields)
