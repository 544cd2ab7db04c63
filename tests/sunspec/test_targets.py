"""What people name to be searched: hosts, ranges, networks, lines, units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.formats.sunspec import HOSTS_LIMIT, read_targets, read_units

WRITTEN = st.text("0123456789.-/:[], SERIALserial fdxy", max_size=40)


def hosts(*texts: str, port: int = 502) -> list[str]:
    return [str(interface) for target in read_targets(texts, port) for interface in target.interfaces]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.168.1.10", ["192.168.1.10:502"]),
        ("192.168.1.10:1502", ["192.168.1.10:1502"]),
        ("192.168.1.10-12", ["192.168.1.10:502", "192.168.1.11:502", "192.168.1.12:502"]),
        ("192.168.1.254-2.1:99", ["192.168.1.254:99", "192.168.1.255:99", "192.168.2.0:99", "192.168.2.1:99"]),
        ("10.0.0.1-10.0.0.2", ["10.0.0.1:502", "10.0.0.2:502"]),
        ("10.0.0.5/30", ["10.0.0.5:502", "10.0.0.6:502"]),
        ("10.0.0.4/30:7", ["10.0.0.5:7", "10.0.0.6:7"]),
        ("inverter-1.local", ["inverter-1.local:502"]),
        ("fd00::7", ["[fd00::7]:502"]),
        ("[fd00::7]:1502", ["[fd00::7]:1502"]),
        ("[fd00::/126]:9", ["[fd00::1]:9", "[fd00::2]:9", "[fd00::3]:9"]),
        ("SERIAL1, serial3", ["SERIAL1", "SERIAL3"]),
        ("10.0.0.1 10.0.0.1,10.0.0.0/30", ["10.0.0.1:502", "10.0.0.2:502"]),
    ],
    ids=range(13),
)
def test_targets_are_read_as_people_write_them(text, found):
    assert hosts(text) == found


def test_the_port_stands_for_those_that_name_none():
    assert hosts("10.0.0.1", "10.0.0.2:7", "10.0.0.3-4", port=1502) == [
        "10.0.0.1:1502", "10.0.0.2:7", "10.0.0.3:1502", "10.0.0.4:1502",
    ]  # fmt: skip
    assert [target.text for target in read_targets(["10.0.0.3-4", "10.0.0.9"], 1502)] == [
        "10.0.0.3-4:1502", "10.0.0.9:1502",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing to search"),
        ("10.0.0.0/8", "at most 1024"),
        ("10.0.0.0-10.9.9.9", "at most 1024"),
        ("10.0.0.0/22,10.1.0.0/29", "at most 1024"),
        ("10.0.0.9-3", "ends before it begins"),
        ("10.0.0.300-301", "is no range"),
        ("10.0.0.0/99", "is no network"),
        ("10.0.0.1:0", "is not a port"),
        ("SERIAL9", "is none of SERIAL1"),
        ("a_b!", "is neither a host name nor an IP address"),
    ],
    ids=range(10),
)
def test_what_is_wrong_is_said(text, said):
    with pytest.raises(ValueError, match=said):
        read_targets([text])


@given(st.lists(WRITTEN, max_size=4))
def test_whatever_is_written_is_read_within_the_limit_or_refused(texts):
    try:
        targets = read_targets(texts)
    except ValueError:
        return
    found = [str(interface) for target in targets for interface in target.interfaces]
    assert 0 < len(found) <= HOSTS_LIMIT
    assert len({text.casefold() for text in found}) == len(found)
    assert hosts(*found) == found


def test_units_are_ranges_and_lists():
    assert read_units("7, 1-3,2", serial=True) == (1, 2, 3, 7)
    assert read_units("0,255", serial=False) == (0, 255)
    assert read_units("", serial=False) == (1,)
    assert read_units(" ", serial=True) == tuple(range(1, 33))


@pytest.mark.parametrize("text", ["0", "241", "5-1", "x", "1-", "-1", "1-300"])
def test_units_of_a_serial_line_that_are_none(text):
    with pytest.raises(ValueError, match=r"unit|range"):
        read_units(text, serial=True)


@given(st.text("0123456789-, ", max_size=30), st.booleans())
def test_whatever_units_are_written_they_are_units_or_refused(text, serial):
    try:
        units = read_units(text, serial=serial)
    except ValueError:
        return
    assert units == tuple(sorted(set(units)))
    assert all(1 <= unit <= 240 for unit in units) if serial else all(0 <= unit <= 255 for unit in units)
