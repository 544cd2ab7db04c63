"""Devices that were silent when somebody asked on demand: not asked again on demand before they had their rest.

A command for a dead device costs its line one time limit, and the next ones nothing until it answers a poll or a probe,
or a wait has passed that grows as the probes' do (spec 2.3). The answer says since when it is silent.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from heliograph.collector.account import Account
from heliograph.collector.condition import probe_seconds
from heliograph.collector.errors import NotNow
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds


@dataclass(slots=True)
class _Silence:
    since: int
    """Milliseconds since 1970."""
    cause: str
    noted_at: float
    failures: int = 0

    @property
    def again_at(self) -> float:
        return self.noted_at + probe_seconds(self.failures)


class Silences:
    """By the device's index."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, _Silence] = {}

    def holds(self, device: str, account: Account) -> bool:
        """Tell whether a device is known to be silent, so that others go before it."""
        return not account.condition.is_polled or self._silence(device, account) is not None

    def check(self, name: str, device: str, account: Account) -> None:
        """Raise `NotNow` where a device is not to be asked now."""
        silence = self._silence(device, account)
        if silence is None:
            return
        wait = silence.again_at - self._clock.monotonic()
        if wait > 0:
            since = datetime.fromtimestamp(silence.since / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
            raise NotNow(
                f"{name} is silent since {since} UTC: {silence.cause}; it was not asked, and is again in {wait:.0f} s"
            )

    def note(self, device: str, account: Account, cause: str) -> None:
        """Learn that a device did not answer."""
        now, silence = self._clock.monotonic(), self._silence(device, account)
        if silence is None:
            rests = not account.condition.is_polled
            since = account.condition.since if rests else milliseconds(self._clock)
            self._known[device] = _Silence(since, cause, now)
        else:
            silence.cause, silence.noted_at, silence.failures = cause, now, silence.failures + 1

    def end(self, device: str) -> None:
        """Learn that a device answered, or is gone."""
        self._known.pop(device, None)

    def _silence(self, device: str, account: Account) -> _Silence | None:
        """Return the silence that still lasts: it ends when the device answers anybody."""
        silence = self._known.get(device)
        if silence is not None and account.heard_at > silence.noted_at:
            del self._known[device]
            return None
        return silence
