"""The proxy as a measure: bytes each way, and how often somebody waited for an answer."""

import socket
import threading
from collections.abc import Iterator

import pytest

from heliograph.sync.remote import TooLarge
from support.lines import PROXY_HOST
from support.proxy import Traffic, proxy


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that greets, and answers each line of a client by two of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as file:
                file.write(b"hello\n")
                file.flush()
                for line in file:
                    file.write(line * 2)
                    file.flush()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def test_bytes_and_round_trips_are_counted(echo):
    with proxy(echo) as between:
        with socket.create_connection((PROXY_HOST, echo)) as client, client.makefile("rwb") as file:
            assert file.readline() == b"hello\n"
            greeted = between.traffic
            for n in range(1, 4):
                file.write(b"x" * n + b"\n")
                file.flush()
                assert [file.readline() for _ in range(2)] == [b"x" * n + b"\n"] * 2
            client.shutdown(socket.SHUT_WR)
            assert file.read() == b""
        assert greeted == Traffic(connections=1, round_trips=0, up=0, down=6)
        assert between.traffic - greeted == Traffic(connections=0, round_trips=3, up=9, down=18)
        assert between.traffic.down == 24


def test_a_session_costs_what_it_costs_in_every_protocol(line):
    """Opening and one listing: some round trips each, more bytes with more in the directory, never none."""
    peer, between = line
    directory = peer.directory("CONFIG")
    costs = []
    for name in ("a", "b" * 200):
        before = between.traffic
        with peer.store(address=PROXY_HOST) as store:
            opened = between.traffic
            store.list(directory)
            listed = between.traffic - opened
        assert (between.traffic - before).round_trips > listed.round_trips > 0
        costs.append(listed)
        peer.put(f"{directory}/{name}", b"1")
    assert costs[1].down > costs[0].down > 0
    assert all(cost.up > 0 for cost in costs)


@pytest.mark.parametrize("line", ["sftp"], indirect=True)
def test_a_small_directory_and_a_small_file_cost_two_exchanges_over_sftp(line):
    """Opened, then told whole; closed with whatever comes next. By satellite each costs over half a second."""
    peer, between = line
    directory = peer.directory("CONFIG")
    for number in range(20):
        peer.put(f"{directory}/{number}", b"x" * 1000)
    with peer.store(address=PROXY_HOST) as store:
        costs = []
        for work in (lambda: store.list(directory), lambda: store.read(f"{directory}/7", 10_000)):
            before = between.traffic
            work()
            costs.append((between.traffic - before).round_trips)
    assert costs == [2, 2]


@pytest.mark.parametrize("line", ["sftp"], indirect=True)
def test_large_files_and_directories_are_asked_for_in_growing_pieces(line):
    peer, _ = line
    directory = peer.directory("CONFIG")
    content = bytes(range(250)) * 4000
    peer.put(f"{directory}/large", content)
    for number in range(1500):
        peer.put(f"{directory}/{number}", b"")
    with peer.store(address=PROXY_HOST) as store:
        assert len(store.list(directory)) == 1501
        assert store.read(f"{directory}/large", len(content)) == content
        with pytest.raises(TooLarge):
            store.read(f"{directory}/large", len(content) - 1)
        assert len(store.list(directory, lambda name: name == "7")) == 1
