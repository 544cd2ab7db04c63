"""Fixtures that every test may ask for. Peers of one kind live in `support/<peer>.py`."""

from hypothesis import settings

pytest_plugins = ["support.containers", "support.nats", "support.whole"]

settings.register_profile("project", deadline=None)  # machines of CI are busy: time is no property of an example
settings.load_profile("project")
