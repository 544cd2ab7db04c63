"""What the REST API says of the plant as a whole: models at its border (decision 0033)."""

from heliograph.api.models import Answer
from heliograph.contract import DeviceKey
from heliograph.contract.identifiers import Milliseconds


class SumNow(Answer):
    """A sum over devices, and how many of them it holds."""

    value: float | None = None
    """`null` where not one of them is known."""
    counted: int = 0
    expected: int = 0
    missing: tuple[str, ...] = ()
    """Names of the devices that are not in it."""


class MeterNow(Answer):
    """One meter."""

    device: DeviceKey
    name: str
    watts: float | None = None
    """From the grid; negative where it flows there. `null` while the meter is not read."""
    imported_today_kwh: float | None = None
    exported_today_kwh: float | None = None


class PlantNow(Answer):
    """The plant at a glance."""

    time: Milliseconds
    midnight: Milliseconds
    """When today began, in the plant's time zone."""
    time_zone: str
    power_watts: SumNow
    """Of all producing devices; one that sleeps counts as 0."""
    energy_today_kwh: SumNow
    """Of all producing devices."""
    energy_since: Milliseconds | None = None
    """Set where a counter is known only from then on, so that the energy of today is at least this."""
    asleep: int = 0
    """Producing devices that are silent where silence is expected."""
    grid: MeterNow | None = None
    """The meter at the point of connection: the only one, or the one whose name says so."""
    consumption_watts: float | None = None
    """Produced and drawn from the grid, less what is fed in; `null` unless all of it is known."""
    meters: tuple[MeterNow, ...] = ()
