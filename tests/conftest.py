"""Fixtures that every test may ask for. Peers of one kind live in `support/<peer>.py`."""

pytest_plugins = ["support.nats"]
