"""The way back from a revision that failed: to what, with which later edits, and whether that is tried first. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from heliograph.formats import read_set
from heliograph.formats.sets import ConfigurationSet
from heliograph.sync.applied import Applied, reach
from heliograph.sync.refusals import Refusal
from heliograph.sync.revisions import Stored
from heliograph.sync.trial import TrialState


@dataclass(frozen=True, slots=True)
class WayBack:
    """An earlier revision that comes back, as a new one."""

    failed: int
    """The revision that is taken back."""
    why: str
    base: int
    """The revision that comes back."""
    kept: tuple[str, ...]
    """Paths of later edits that are applied again."""
    fallen: tuple[str, ...]
    """Paths of later edits that do not stand without what failed."""
    refusal: Refusal

    @property
    def note(self) -> str:
        """Say what the new revision is."""
        return f"back to revision {self.base}" + (f" with {', '.join(self.kept)}" if self.kept else "")


def rebased(base: Stored, later: Mapping[str, bytes | None]) -> tuple[ConfigurationSet | None, list[str]]:
    """Return an earlier set with later edits where they validate and change nothing of the way to the servers."""
    plain, _ = read_set(base.files, base.uid)
    if not later or plain is None:
        return plain, []
    edited = {path: content for path, content in {**base.files, **later}.items() if content is not None}
    found, _ = read_set(edited, base.uid)
    return (plain, []) if found is None or reach(found) != reach(plain) else (found, sorted(later))


def trial_of_return(before: Stored, applied: Applied, number: int, now: int) -> TrialState | None:
    """Return the trial of an earlier way that comes back in place of a confirmed one: its servers may be gone."""
    found, _ = read_set(before.files, before.uid)
    if found is None or reach(found) == reach(applied.set):
        return None
    return TrialState(number=number, back_to=applied.number, since=now)
