"""The configuration as the services get it: one revision, without secrets."""

from typing import Literal

from heliograph.contract.identifiers import DeviceKey, Milliseconds, Payload


class ServerSummary(Payload):
    """What may be known of a server outside of sync: never a password."""

    number: Literal[1, 2]
    type: str
    mode: str
    address: str
    port: int | None = None
    directory: str = "/"


class DeviceSummary(Payload):
    """One line of `_daq.csv` for people and programs."""

    device: DeviceKey
    name: str
    interface: str
    address: int | None = None
    period_seconds: float
    category: str = ""
    model: str = ""
    definition: str


class Revision(Payload):
    """One applied configuration set (spec 1.7). Files are texts by their path relative to the set.

    Only what other services need travels: `_daq.csv`, definitions, scripts, `_scl.ini`. Server settings and passwords
    stay in sync; their summary is in `servers`.
    """

    version: Literal[1] = 1
    number: int
    time: Milliseconds
    origin: str
    """`set directory`, `server`, `web page`, `REST`, `command`, or `return` to an earlier revision."""
    uid: str
    site: str = ""
    time_zone: str = "UTC"
    latitude: float | None = None
    longitude: float | None = None
    log_level: str = "info"
    servers: tuple[ServerSummary, ...] = ()
    files: dict[str, str] = {}
