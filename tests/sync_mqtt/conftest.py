"""Fixtures of the tests of MQTT."""

from collections.abc import Iterator

import pytest

from support.mosquitto import Mosquitto, Operator, mosquitto, operator
from support.telemetry import Telemetry


@pytest.fixture
def mosquitto_broker() -> Iterator[Mosquitto]:
    """A running broker that lets anybody in and keeps its store."""
    with mosquitto() as broker:
        yield broker


@pytest.fixture
def listening(mosquitto_broker: Mosquitto) -> Iterator[Operator]:
    """An operator who hears everything."""
    with operator(mosquitto_broker.port) as heard:
        yield heard


@pytest.fixture
def telemetry(tmp_path) -> Iterator[Telemetry]:
    """Sync's parts with MQTT tasks, not running yet."""
    found = Telemetry(tmp_path)
    yield found
    found.close()
