"""A search for SunSpec devices without a gateway, and all that it told."""

from dataclasses import dataclass, field

from heliograph.collector.links import RtuLink, TcpLink
from heliograph.collector.sunspec import Catalogue, Found, OwnLink, Search, SearchPlan, Tell
from heliograph.formats.daq import SerialInterface, SerialLine
from heliograph.formats.sunspec import read_targets, read_units
from heliograph.runtime import SystemClock
from heliograph.runtime.retry import Backoff

UID = "WPM00C44F"
CATALOGUE = Catalogue()


@dataclass
class Heard:
    """What a search told."""

    lines: list[str] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    asked: int = 0
    total: int = 0

    def tables(self, address: int) -> list[int]:
        """The models of the device at an address."""
        (device,) = [found for found in self.found if found.address == address]
        return [model.number for model in device.chain.models]

    def notes(self) -> str:
        (device,) = self.found
        return "\n".join((*device.chain.notes, *device.made.notes))


def make_search(
    *targets: str, units: str = "", device: str = "", seconds: float = 5.0, most: int = 1000
) -> tuple[Search, Heard]:
    """A search that is not begun yet; `device` is the port behind `SERIAL1`."""
    heard = Heard()
    read = read_targets(targets)
    plan = SearchPlan(read, {t.text: read_units(units, serial=t.is_serial) for t in read}, UID, seconds, most)

    def count(number: int) -> None:
        heard.asked += number

    def link(interface):
        backoff = Backoff(0.05, 0.2)
        if isinstance(interface, SerialInterface):
            return RtuLink(SerialLine(interface.number, baudrate=115200), device, backoff=backoff)
        return TcpLink(interface.host, interface.port, backoff=backoff)

    tell = Tell(heard.lines.append, heard.found.append, heard.problems.append, count)
    heard.total = plan.total
    return Search(plan, lambda i: OwnLink(lambda: link(i)), CATALOGUE, SystemClock(), tell), heard


async def search(*targets: str, **more) -> Heard:
    """Search to the end."""
    made, heard = make_search(*targets, **more)
    await made.run()
    assert heard.asked == heard.total
    return heard
