"""Which links a plan needs, and how long the devices behind each may take. Pure, but for `open_link`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from heliograph.collector.links import Link, RtuLink, TcpLink
from heliograph.collector.revision import Plan, Station
from heliograph.formats.daq import SerialLine, TcpInterface


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """What a link is made of; another spec is another link."""

    serial: SerialLine | None = None
    port: str = ""
    tcp: TcpInterface | None = None
    keep_alive: bool = True


OpenLink = Callable[[LinkSpec], Link]


def open_link(spec: LinkSpec) -> Link:
    """Make the link of a spec; it connects at its first call."""
    if spec.tcp is not None:
        return TcpLink(spec.tcp.host, spec.tcp.port, keep_alive=spec.keep_alive)
    return RtuLink(spec.serial or SerialLine(1), spec.port)


def links_of(plan: Plan) -> dict[str, LinkSpec]:
    """Return the links that a plan needs. A socket is kept alive where one of its devices wants it."""
    specs = {line.serial.name: _serial(line.serial, line.device) for line in plan.forwarded if line.device}
    for station in plan.stations:
        device, name = station.device, station.link
        if isinstance(device.interface, TcpInterface):
            before = specs.get(name)
            keep_alive = device.keep_alive or (before is not None and before.keep_alive)
            tcp = before.tcp if before is not None else device.interface
            specs[name] = LinkSpec(tcp=tcp, keep_alive=keep_alive)
        elif station.serial is not None:
            specs[name] = _serial(station.serial, station.port)
    return specs


def limits_of(stations: Iterable[Station]) -> dict[str, dict[int, float]]:
    """Return the time limits of the devices in seconds, by link and unit."""
    limits: dict[str, dict[int, float]] = {}
    for station in stations:
        limits.setdefault(station.link, {})[station.device.address] = station.device.timeout_ms / 1000
    return limits


def _serial(line: SerialLine, device: str) -> LinkSpec:
    """Return the link of a serial line, which stays the same whatever port is forwarded to it."""
    return LinkSpec(serial=replace(line, forwarded_port=None), port=device)
