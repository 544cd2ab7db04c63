"""Memory that a large connection took and let go: given back to the system, which has other use for it on a gateway."""

import ctypes
from typing import Final


def give_back() -> None:
    """Return free pages to the system. glibc keeps what its threads freed; other C libraries return it themselves."""
    if _TRIM is not None:
        _TRIM(0)


_TRIM: Final = getattr(ctypes.CDLL(None), "malloc_trim", None)
