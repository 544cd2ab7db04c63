"""Which destination a server is, whatever its number: what waits for it follows the place (decision 0011)."""

from dataclasses import replace

import pytest

from heliograph.formats.config import Directory, Server, ServerMode, ServerType
from heliograph.sync.places import Destination, assign, place_of
from support.syncing import file_server
from support.telemetry import mqtt_server

A = file_server(1, ServerMode.MAIN, address="alpha", login="plant")
M = mqtt_server(1883, address="broker")
PLACES: dict[str, Server] = {
    "a": A,
    "b": replace(A, address="beta"),
    "c": replace(A, address="gamma"),
    "m": M,
    "n": replace(M, client_id="other"),
}


def servers(standing: str) -> list[Server]:
    """`ab` is server a as number 1 and b as number 2, `-b` has no server 1."""
    return [replace(PLACES[name], number=number) for number, name in enumerate(standing, 1) if name != "-"]


def known(standing: str, out: str = "") -> list[Destination]:
    """The destinations that a revision left: 1 and 2 by their numbers, those that are out from 3 on."""
    found = [Destination(s.number, s.number, place_of(s), configured=True) for s in servers(standing)]
    gone = [Destination(i, 2, place_of(PLACES[name]), configured=False) for i, name in enumerate(out, 3)]
    return [*found, *gone]


@pytest.mark.parametrize(
    ("before", "out", "after", "expected"),
    [
        ("ab", "", "ab", {1: 1, 2: 2}),
        ("ab", "", "ba", {1: 2, 2: 1}),
        ("am", "", "ma", {1: 2, 2: 1}),
        ("mn", "", "nm", {1: 2, 2: 1}),
        ("ab", "", "ca", {2: 1}),
        ("ab", "", "bc", {1: 2}),
        ("ab", "", "-a", {2: 1}),
        ("ab", "", "b-", {1: 2}),
        ("ab", "", "cb", {1: 1, 2: 2}),
        ("ab", "", "mb", {1: 1, 2: 2}),
        ("a-", "", "ab", {1: 1}),
        ("a-", "b", "ab", {1: 1, 2: 3}),
        ("ac", "b", "ab", {1: 1, 2: 2}),
        ("a-", "b", "b-", {1: 1}),
        ("a-", "b", "-b", {2: 3}),
        ("", "", "ab", {}),
    ],
    ids=[
        "nothing moves", "exchange", "exchange with MQTT", "exchange of two clients of one broker",
        "1 moves to 2 and a new one takes its place", "2 moves to 1 and a new one takes its place", "1 moves to 2",
        "2 moves to 1", "changed address", "changed type", "a new one", "one comes back",
        "a changed address goes before one that is out", "also under another number", "one comes back alone",
        "the first revision",
    ],
)  # fmt: skip
def test_the_place_decides_then_the_number(before, out, after, expected):
    found = assign(known(before, out), servers(after))
    assert {number: destination.id for number, destination in found.items()} == expected


@pytest.mark.parametrize(
    ("name", "change", "same"),
    [
        ("a", {"password": "x", "mode": ServerMode.BACKUP, "key_file": "k", "header": False}, True),
        ("a", {"type": ServerType.WEBDAV}, False),
        ("a", {"login": "other"}, False),
        ("a", {"port": 2222}, False),
        ("a", {"root": "/plant"}, False),
        ("a", {"directories": {**A.directories, Directory.DATA: "/D"}}, False),
        ("m", {"password": "x", "login": "x", "type": ServerType.MQTTS, "topic_data": "t"}, True),
        ("m", {"port": 8883}, False),
        ("m", {"client_id": "x"}, False),
    ],
    ids=[
        "password and mode",
        "type",
        "login",
        "port",
        "root",
        "directory",
        "broker's login",
        "broker's port",
        "client",
    ],
)
def test_what_makes_it_the_very_same_server(name, change, same):
    assert (place_of(PLACES[name]) == place_of(replace(PLACES[name], **change))) is same


def test_a_place_that_is_not_known_yet_is_that_of_the_number():
    """As earlier versions left it."""
    before = [Destination(number, number, "", configured=True) for number in (1, 2)]
    assert {number: d.id for number, d in assign(before, servers("ba")).items()} == {1: 1, 2: 2}
