"""The trial of a revision that changes how a server is reached (spec 1.7): its count and its clock. Pure.

What it holds lies on the disk after every step, so that it goes on after a restart and a power cut.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from pydantic import TypeAdapter

TRIES: Final = 3
"""Failed connections to the main server after which the gateway goes back."""
TRIAL_SECONDS: Final = 30 * 60.0
"""Time without success after which the gateway goes back."""


@dataclass(frozen=True, slots=True)
class TrialState:
    """A trial under way."""

    number: int
    """The revision on trial; later ones made on top of it may be in force."""
    back_to: int
    """The last confirmed revision."""
    since: int
    """Milliseconds since 1970, for people."""
    seconds: float = 0.0
    """How long it has lasted while the gateway ran, whatever happened to the wall clock."""
    failures: int = 0
    cause: str = ""
    """Why the last connection failed."""
    sources: dict[str, str] = field(default_factory=dict)
    """The server's files that the revision was made from: path → digest of the content. They are refused afterwards."""

    @property
    def has_failed(self) -> bool:
        """Whether it is time to go back."""
        return self.failures >= TRIES or self.seconds >= TRIAL_SECONDS

    @property
    def why(self) -> str:
        """Say why the gateway goes back."""
        cause = f": {self.cause}" if self.cause else ""
        if self.failures >= TRIES:
            return f"{self.failures} connections to the main server failed{cause}"
        return f"the main server was not reached within {TRIAL_SECONDS / 60:g} minutes{cause}"

    def after_failure(self, cause: str) -> "TrialState":
        """Count a failed connection to the main server."""
        return replace(self, failures=self.failures + 1, cause=cause)

    def after(self, seconds: float) -> "TrialState":
        """Let time pass."""
        return replace(self, seconds=self.seconds + seconds)

    def as_text(self) -> str:
        """Return what the disk keeps."""
        return _TRIAL.dump_json(self).decode()


_TRIAL: Final = TypeAdapter(TrialState)


def read_trial(text: str) -> TrialState | None:
    """Read what the disk kept; None when no trial is under way. Raises `ValueError`."""
    return _TRIAL.validate_json(text) if text else None
