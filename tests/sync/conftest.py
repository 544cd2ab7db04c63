"""Fixtures of sync's tests."""

from collections.abc import Iterator

import pytest

from heliograph.formats.config import ServerMode
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
