"""Growing waits between tries, with jitter so that a fleet does not knock in step."""

from dataclasses import dataclass, field
from random import Random


@dataclass(slots=True)
class Backoff:
    """Seconds to wait before the next try: doubling from `first` to `most`, each shortened by up to `jitter` of it."""

    first: float
    most: float
    jitter: float = 0.25
    random: Random = field(default_factory=Random)
    failures: int = 0

    def wait(self) -> float:
        """Count one more failure and return how long to wait before the next try."""
        full: float = min(self.most, self.first * 2.0 ** min(self.failures, 62))
        self.failures += 1
        return full * (1 - self.jitter * self.random.random())

    def reset(self) -> None:
        """Begin anew after a success."""
        self.failures = 0
