"""The limit on wrong tries: the more of them came from one place or for one name, the longer the next has to wait.

Each key (an address, a name) is a bucket: a wrong try puts a drop in, time takes drops out. What stands above the brim
makes the wait, twice as long with each drop.
"""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Network, ip_address
from math import ceil
from typing import Final

from heliograph.runtime import Clock

FREE_TRIES: Final = 5
DROP_SECONDS: Final = 60.0
"""Time takes one drop out of a bucket in so many seconds."""
LONGEST_SECONDS: Final = 60.0
"""Short enough that nobody can lock somebody else out for long."""
MOST_KEYS: Final = 1024


@dataclass(slots=True)
class _Bucket:
    drops: float
    time: float
    """When it held so many, by the monotonic clock."""
    until: float = 0.0


class Throttle:
    """The buckets of all keys; those that nobody touched the longest go first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_seconds(self, *keys: str) -> int:
        """How long a try with these keys has to wait yet; 0 when it may be made now."""
        now = self._clock.monotonic()
        waits = [self._buckets[key].until - now for key in keys if key in self._buckets]
        return max(0, ceil(max(waits, default=0)))

    def spend(self, *keys: str) -> None:
        """Note a try before it is known to be a right one: of many at a time none comes in between."""
        now = self._clock.monotonic()
        for key in keys:
            bucket = self._buckets.pop(key, None) or _Bucket(0, now)
            bucket.drops = max(0.0, bucket.drops - (now - bucket.time) / DROP_SECONDS) + 1
            bucket.time = now
            above = bucket.drops - FREE_TRIES
            bucket.until = now + min(2.0 ** min(above, 30), LONGEST_SECONDS) if above > 0 else 0.0
            self._buckets[key] = bucket
        while len(self._buckets) > MOST_KEYS:
            self._buckets.popitem(last=False)

    def refund(self, key: str) -> None:
        """Take one try back: it was a right one."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.drops, bucket.until = max(0.0, bucket.drops - 1), 0.0

    def forget(self, key: str) -> None:
        """Forget what was wrong with a key: it proved right."""
        self._buckets.pop(key, None)


def place_of(address: str) -> str:
    """Where a client is, as a key: its address, of IPv6 the network that one household has."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if known.version == 4:
        return str(known)
    return str(known.ipv4_mapped or IPv6Network((int(known) >> 64 << 64, 64)))
