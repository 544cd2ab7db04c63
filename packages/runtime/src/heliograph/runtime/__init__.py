"""How a service lives: the bus, settings, time, retries, logs, and the run from start to orderly stop."""

from heliograph.runtime.bus import Bus, BusError, BusUnavailable, NoAnswer, Outgoing, StoreFull, TooLarge, Unreadable
from heliograph.runtime.clock import Clock, SystemClock
from heliograph.runtime.files import write_atomically
from heliograph.runtime.inforce import PlantInForce
from heliograph.runtime.logs import EventLog
from heliograph.runtime.retry import Backoff
from heliograph.runtime.service import Context, Main, run_service
from heliograph.runtime.settings import ServiceSettings

__all__ = [
    "Backoff",
    "Bus",
    "BusError",
    "BusUnavailable",
    "Clock",
    "Context",
    "EventLog",
    "Main",
    "NoAnswer",
    "Outgoing",
    "PlantInForce",
    "ServiceSettings",
    "StoreFull",
    "SystemClock",
    "TooLarge",
    "Unreadable",
    "run_service",
    "write_atomically",
]
