"""Fixtures that every test may ask for. Peers of one kind live in `support/<peer>.py`."""

import asyncio
import gc
import os
import tempfile
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from support.disks import MEMORY, holds_tests
from support.loops import PatientPolicy

pytest_plugins = ["support.nats", "support.whole"]

# Machines of CI are busy: time is no property of an example.
settings.register_profile("project", deadline=None, max_examples=45, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")
gc.disable()  # until all is collected: next to nothing of it is garbage, and to look for some takes an eighth of it
asyncio.set_event_loop_policy(PatientPolicy())
if "TMPDIR" not in os.environ and holds_tests(MEMORY):
    # A disk would be waited for at each of a hundred thousand commits, the longer the more tests run.
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the pictures of the documents be taken anew by the tests in the browser."""
    parser.addoption("--screenshots", metavar="DIR", help="keep the browser's pictures of the pages here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the long tests out to the heads of what each worker gets: one begun at the end would be waited for alone."""
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items.clear()
    for worker in range(workers):
        size = (len(long) + len(others)) // (workers - worker)
        mine, long = long[:: workers - worker], [item for n, item in enumerate(long) if n % (workers - worker)]
        rest = max(0, size - len(mine))
        items += [*mine, *others[:rest]]
        others = others[rest:]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage again when all is collected, in what comes after it alone."""
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: what was packed holds the time, and workers that collect a second apart differ."""
    return argname if isinstance(val, bytes) else None
