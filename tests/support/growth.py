"""How the work on an input grows with its size, measured where nothing but a ratio of the same run can be said."""

import time
from collections.abc import Callable

LEAST_SECONDS = 0.02
TRIES = 5


def grows_in_step(work: Callable[[int], object], size: int) -> bool:
    """Tell whether eight times the size costs less than twenty times the time of the processor.

    Work in step with the square would cost 64 times. A machine that was disturbed is asked again.
    """
    return any(_seconds(work, 8 * size) < 20 * max(_seconds(work, size), LEAST_SECONDS) for _ in range(TRIES))


def _seconds(work: Callable[[int], object], size: int) -> float:
    started = time.process_time()
    work(size)
    return time.process_time() - started
