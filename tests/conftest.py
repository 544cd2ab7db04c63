"""Fixtures that every test may ask for. Peers of one kind live in `support/<peer>.py`."""

from hypothesis import settings

pytest_plugins = ["support.containers", "support.nats", "support.whole"]

settings.register_profile("project", deadline=None)  # machines of CI are busy: time is no property of an example
settings.load_profile("project")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: what was packed holds the time, and workers that collect a second apart differ."""
    return argname if isinstance(val, bytes) else None
