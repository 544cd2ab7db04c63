"""Where the uid comes from (spec 1.3)."""

import re

import pytest

from heliograph.sync.uid import choose_uid, prefixes

SET = ["CONFIG/plant_7_daq.csv", "CONFIG/plant_7_config.ini", "DEF/WPM000001_inv.csv"]


@pytest.mark.parametrize(
    ("given", "files", "mac", "kept", "expected"),
    [
        ("box-1", SET, "00:8D:00:00:BD:E4", "WPM111111", "box-1"),
        ("no good", SET, "00:8D:00:00:BD:E4", "WPM111111", "plant_7"),
        ("", [], "00:8D:00:00:BD:E4", "WPM111111", "WPM00BDE4"),
        ("", [], "nonsense", "WPM111111", "WPM111111"),
    ],
)
def test_the_order_of_its_sources(given, files, mac, kept, expected):
    assert choose_uid(given, files, mac, kept, pytest.fail) == expected


def test_without_any_source_it_is_made_once():
    made: list[str] = []
    uid = choose_uid("", [], "", "", made.append)
    assert made == [uid]
    assert re.fullmatch("WPM[0-9A-F]{6}", uid)


def test_prefixes_are_those_of_the_configuration_alone():
    assert prefixes(SET) == ["plant_7"]
    assert prefixes(["CONFIG/a_var.ini", "CONFIG/b_scl.ini", "CONFIG/readme.txt", "CONFIG/_x.ini"]) == ["a", "b"]
