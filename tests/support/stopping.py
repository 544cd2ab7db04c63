"""What a process does with a stop signal, as the kernel sees it."""

import signal
from contextlib import suppress
from pathlib import Path


def heeds_stop(pid: int) -> bool:
    """Tell whether a process has a handler for SIGTERM by now."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
    return False


def has_loaded(pid: int, library: str) -> bool:
    """Tell whether a process has mapped a library of this name."""
    with suppress(OSError):
        return library in Path(f"/proc/{pid}/maps").read_text()
    return False
