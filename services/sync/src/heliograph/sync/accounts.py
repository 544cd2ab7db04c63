"""How much waits on disk, by device and in all, and who is full (spec 3.6). Only arithmetic: the spool has the rows."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

FREE_SHARE: Final = 0.95
"""A full device takes records again when no more than this share of its limit is used."""
WHOLE: Final = ""
"""Stands for the whole storage beside the devices' keys."""


class Accounts:
    """Bytes that wait, uncompressed, against the limit of each device and of all together."""

    def __init__(self, device_limit: int, total_limit: int, used: Mapping[str, int], full: Iterable[str]) -> None:
        self.device_limit = device_limit
        self.total_limit = total_limit
        self._used = Counter(used)
        self._total = sum(used.values())
        self.full = frozenset(full)

    @property
    def total(self) -> int:
        """Bytes that wait, of all devices."""
        return self._total

    def copy(self) -> "Accounts":
        """Return accounts that change on their own, for a transaction that may fail."""
        return Accounts(self.device_limit, self.total_limit, self._used, self.full)

    def take(self, device: str, size: int) -> bool:
        """Count one record in, or mark what is full and tell that it must be refused."""
        if self.full & {device, WHOLE}:
            return False
        if self._total + size > self.total_limit:
            self.full |= {WHOLE}
            return False
        if self._used[device] + size > self.device_limit:
            self.full |= {device}
            return False
        self._used[device] += size
        self._total += size
        return True

    def release(self, device: str, size: int) -> None:
        """Count out what left the disk."""
        self._used[device] -= size
        self._total -= size
        if self._used[device] <= 0:
            del self._used[device]

    def reopen(self) -> None:
        """Take records again where enough was released."""
        self.full = frozenset(name for name in self.full if not self._is_free(name))

    def _is_free(self, name: str) -> bool:
        if name == WHOLE:
            return self._total <= FREE_SHARE * self.total_limit
        return self._used[name] <= FREE_SHARE * self.device_limit
