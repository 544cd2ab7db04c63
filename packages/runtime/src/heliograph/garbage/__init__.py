"""How Python looks for garbage in a process that loads much and keeps it.

`__main__` of services and commands calls `collect_rarely` before anything heavy is imported: what is being loaded is no
garbage, and to go through it again and again takes a tenth of a start. `run_service` calls `spare_what_is_loaded` when
all is there. Like `heliograph.stopping` it stands outside of `heliograph.runtime`, which imports those libraries.
"""

import atexit
import gc
from typing import Final

_WHILE_LOADING: Final = (20_000, 50, 1000)
_WHILE_RUNNING: Final = (700, 10, 10)
"""Python's own thresholds."""


def collect_rarely() -> None:
    """Look for garbage rarely from now on, and not at all at the end: what a process had goes with it."""
    gc.set_threshold(*_WHILE_LOADING)
    atexit.register(gc.freeze)


def spare_what_is_loaded() -> None:
    """Look for garbage as usual from now on, but never again among what is there now."""
    gc.freeze()
    gc.set_threshold(*_WHILE_RUNNING)
