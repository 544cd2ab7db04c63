"""Fixtures that every test may ask for. Peers of one kind live in `support/<peer>.py`."""

import asyncio

from hypothesis import HealthCheck, settings

from support.loops import PatientPolicy

pytest_plugins = ["support.containers", "support.nats", "support.whole"]

# Machines of CI are busy: time is no property of an example.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")
asyncio.set_event_loop_policy(PatientPolicy())


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: what was packed holds the time, and workers that collect a second apart differ."""
    return argname if isinstance(val, bytes) else None
