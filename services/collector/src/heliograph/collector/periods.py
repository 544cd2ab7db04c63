"""When records fall due: on multiples of the acquisition period since midnight UTC (spec 2.1). Pure.

All instants and periods are whole milliseconds. A record dated T covers what was completed after the due instant before
T, up to T itself. Where a period does not divide the day, the day's last one is shorter: midnight is always due.
"""

from typing import Final

DAY: Final = 86_400_000


def period_end(instant: int, period: int) -> int:
    """Return the date of the record that covers this instant."""
    midnight, since = instant - instant % DAY, instant % DAY
    return midnight + min(-(-since // period) * period, DAY)


def previous_end(end: int, period: int) -> int:
    """Return the due instant before this due instant."""
    last = end - 1
    since = last % DAY
    return last - since + since // period * period


def next_end(instant: int, period: int) -> int:
    """Return the first due instant after this instant."""
    return period_end(instant + 1, period)
