"""How much memory this process takes, as the kernel counts it."""

import os
from pathlib import Path
from typing import Final

_STATM: Final = Path("/proc/self/statm")


def resident_bytes(statm: Path = _STATM) -> int | None:
    """Return the bytes of this process that are in memory now; None where the system does not tell."""
    try:
        pages = int(statm.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
