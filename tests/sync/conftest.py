"""Fixtures of sync's tests."""

from collections.abc import Iterator

import pytest

from heliograph.formats.config import ServerMode
from support.site import Site, closed, copy_of, site_at
from support.syncing import Bench, applied, device, file_server

MAIN = file_server(1, ServerMode.MAIN)
BACKUP = file_server(2, ServerMode.BACKUP)


@pytest.fixture
def bench(tmp_path) -> Iterator[Bench]:
    """Main server 1 and backup server 2, devices 1 and 2."""
    bench = Bench(tmp_path / "sync")
    bench.configure(applied([MAIN, BACKUP], [device("1"), device("2")]))
    yield bench
    bench.close()


@pytest.fixture
def site(tmp_path) -> Iterator[Site]:
    """A gateway with a set in force, and an empty tree on both servers."""
    site = site_at(tmp_path / "sync")
    yield site
    site.close()


@pytest.fixture(scope="session")
def once_settled(tmp_path_factory) -> Site:
    site = site_at(tmp_path_factory.mktemp("settled") / "sync")
    for _ in range(3):
        site.connect()
    assert site.quiet() == []
    return closed(site)


@pytest.fixture
def settled(once_settled, tmp_path) -> Iterator[Site]:
    """A gateway after a few connections: everything is on the server and remembered."""
    site = copy_of(once_settled, tmp_path / "sync")
    yield site
    site.close()
