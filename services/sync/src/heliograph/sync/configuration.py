"""The configuration in force: every candidate validated as a whole, applied as one revision or not at all (spec 1.7).

Candidates come from the set directory, from the main server, from REST. A set with errors changes nothing: the last
good revision stays in force, the findings are told once for each content. A revision that changes how a server is
reached is on trial until the main server was reached with it; one that a service rejects is taken back.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from heliograph.contract import Trial
from heliograph.formats import read_set
from heliograph.formats.findings import Finding
from heliograph.formats.sets import ConfigurationSet
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync.applied import Applied, Reach, reach
from heliograph.sync.candidates import Candidate, Decision, applied_of, read_candidate
from heliograph.sync.diary import Diary
from heliograph.sync.refusals import Refusal, read_refusal
from heliograph.sync.remembered import digest_of
from heliograph.sync.revisions import KEPT, Revisions, Stored, differing
from heliograph.sync.spool import Spool
from heliograph.sync.telling import (
    RETURN,
    SERVER,
    SET_DIRECTORY,
    identity_of,
    place_of,
    tell_rejected,
    tell_return,
    told,
)
from heliograph.sync.trial import TRIAL_SECONDS, TRIES, TrialState, read_trial
from heliograph.sync.wayback import WayBack, rebased, trial_of_return

_ORIGINS: Final = {SERVER, SET_DIRECTORY}
"""Where a refused set stays until somebody changes it; the others ask once."""
_TRIAL: Final = "trial"
_REFUSAL: Final = "refusal"
_SOURCES: Final = "sources"
_REACHED: Final = "reached"
LASTING_FACTS: Final = (_REACHED, _REFUSAL)
"""What holds for the set in force whatever its number."""
_NOTE_SECONDS: Final = 60.0
"""A trial's clock is put on the disk so often: a power cut gives it no more time than this."""


class Configuration:
    """Keeps what is in force. For any thread; `news` is called, in the caller's thread, when that changed."""

    def __init__(
        self, revisions: Revisions, spool: Spool, diary: Diary, clock: Clock, news: Callable[[], None] = lambda: None
    ) -> None:
        self._revisions = revisions
        self._spool = spool
        self._diary = diary
        self._clock = clock
        self._news = news
        self._lock = threading.RLock()
        self._trial: TrialState | None = None
        self._noted_seconds = 0.0
        self._was_reached = False
        """Whether a main server was ever reached: before that there is no confirmed way to go back to."""
        self._rejections: dict[str, tuple[str, ...]] = {}
        """Findings by the origin of the set that is refused."""
        self._warnings: tuple[str, ...] = ()
        self.applied: Applied | None = None

    @property
    def rejected(self) -> bool:
        """Whether a newer set than the one in force is refused."""
        return bool(self._rejections)

    @property
    def findings(self) -> tuple[str, ...]:
        """For people: of the sets that are refused, else of the one in force."""
        return tuple(line for lines in self._rejections.values() for line in lines) or self._warnings

    def load(self) -> None:
        """Take the last good revision, and the trial under way, from the disk."""
        self._was_reached = bool(self._revisions.fact(_REACHED))
        for stored in self._revisions.page(KEPT, None):
            found, findings = read_set(stored.files, stored.uid)
            if found is None:
                self._diary.error(f"revision {stored.number} of the configuration can no longer be read")
                self._warnings = self._warnings or told(findings)
                continue
            self._warnings = told(findings)
            self._trial = read_trial(self._revisions.fact(_TRIAL))
            self.applied = applied_of(stored, found, provisional=self._trial is not None)
            return

    @contextmanager
    def steady(self) -> Iterator[Applied | None]:
        """Give what is in force, for making a candidate of it: nobody else changes it meanwhile."""
        with self._lock:
            yield self.applied

    def offer(self, candidate: Candidate) -> Decision:
        """Validate a candidate; put it in force when it is good and differs from what is."""
        with self._lock:
            found, findings = read_candidate(candidate)
            if found is None:
                return Decision(None, tuple(findings), is_new=self._reject(candidate, findings))
            self.withdraw(candidate.origin)
            self._warnings = told(findings)
            if self.applied is not None and self.applied.set.files == found.files:
                return Decision(self.applied, tuple(findings))
            return Decision(self._put_in_force(candidate, found), tuple(findings), is_new=True)

    def check(self, candidate: Candidate) -> Decision:
        """Say what would come of a candidate, and change nothing; `applied` is what would be in force."""
        with self._lock:
            found, findings = read_candidate(candidate)
            if found is None:
                return Decision(None, tuple(findings))
            number = self._revisions.next_number()
            trial = self._trial_of(found, number, milliseconds(self._clock), candidate.sources)
            stored = Stored(number, candidate.origin, milliseconds(self._clock), candidate.uid, dict(found.files))
            return Decision(applied_of(stored, found, provisional=trial is not None), tuple(findings))

    def withdraw(self, origin: str) -> None:
        """Nothing from this origin is refused any more."""
        if self._rejections.pop(origin, None) is not None:
            self._diary.info(f"the configuration set from the {place_of(origin)} is no longer rejected")

    def rejection(self, origin: str) -> tuple[str, ...]:
        """Return the findings of the set from this origin that is refused; empty when none is."""
        return self._rejections.get(origin, ())

    def recall(self, origin: str, findings: Sequence[str]) -> None:
        """A set from this origin is still refused, with these findings, and was told before."""
        if findings:
            self._rejections.setdefault(origin, tuple(findings))

    def basis(self, files: Mapping[str, bytes], uids: Sequence[str]) -> str:
        """Return a digest of what decides about the main server's files: the gateway's own, its uids, its refusals."""
        own = (f"{path} {digest_of(content)}" for path, content in sorted(files.items()))
        return digest_of("\n".join((*own, *uids, self._revisions.fact(_REFUSAL))).encode(errors="replace"))

    def return_to(self, number: int, origin: str, message: str = "") -> Decision | None:
        """Put an older revision in force again, as a new one; None when it is not kept any more."""
        stored = self._revisions.find(number)
        if stored is None:
            return None
        note = f"return to revision {number}"
        return self.offer(Candidate(stored.files, stored.uid, origin, note=note, message=message))

    def reached(self, number: int) -> None:
        """The main server was reached with this revision: a trial ends well."""
        if self._was_reached and self._trial is None:
            return
        with self._lock:
            if not self._was_reached:
                self._revisions.note(_REACHED, "1")
                self._was_reached = True
            if self._trial is None or self.applied is None or number < self._trial.number:
                return
            trial = self._trial
            self._revisions.note(_TRIAL, "")  # first: where the disk refuses, the next connection confirms
            self._trial = None
            self.applied = replace(self.applied, provisional=False)
            self._diary.info(f"the trial of revision {trial.number} ended well: it is confirmed")
            self._news()

    def missed(self, number: int, cause: str) -> None:
        """A connection to the main server failed with this revision: a trial may end by it."""
        with self._lock:
            if self._trial is None or number < self._trial.number:
                return
            trial = self._trial.after_failure(cause)
            if not trial.has_failed:
                self._diary.warning(f"trial of revision {trial.number}: {trial.failures} of {TRIES} tries failed")
            self._go_on(trial)

    def pass_time(self, seconds: float) -> None:
        """Let the clock of a trial run."""
        with self._lock:
            if self._trial is None:
                return
            trial = self._trial.after(seconds)
            if trial.has_failed or trial.seconds - self._noted_seconds >= _NOTE_SECONDS:
                self._go_on(trial)
            else:
                self._trial = trial

    def take_back(self, number: int, service: str, why: str) -> None:
        """Undo the revision in force because a service rejects it (spec 1.7): one rejection takes all back."""
        with self._lock:
            applied = self.applied
            before = self._revisions.before(number)
            if applied is None or applied.number != number or applied.origin == RETURN or before is None:
                return
            trial = self._trial
            if trial is not None and trial.number == number:
                before, trial = self._revisions.find(trial.back_to) or before, None
            elif trial is None:
                trial = trial_of_return(before, applied, self._revisions.next_number(), milliseconds(self._clock))
            text = f"{service} rejects it: {why}"
            # The alarm comes first: after a power cut both come again, and an alarm of the same identity only once.
            self._spool.raise_alarm("CONFIGURATION REJECTED", identity=f"taken-back-{number}-{applied.time}")
            self._return(before, {}, number, text, trial, self._refused_now(applied))
            self._rejections[service] = (f"revision {number} was taken back: {text}",)

    def distrusted(self) -> frozenset[str]:
        """Return the files of the set that were taken back: what stands of them on the server is no state of ours."""
        return frozenset(self._refusal().sources)

    def not_refused(self, changed: Mapping[str, str]) -> set[str]:
        """Return which files of the main server may be tried: path → digest in, paths out."""
        return set(changed) - (self._refusal().left_out(changed) or set())

    def end_refusal(self) -> None:
        """Nothing of what is refused stands on the main server any more, or it came in with what mended it.

        Not before: what fell with a wrong file, and is forgotten, would be taken for a state of ours and overwritten.
        """
        with self._lock:
            if self._revisions.fact(_REFUSAL):
                self._revisions.note(_REFUSAL, "")

    def trial(self) -> Trial | None:
        """Say how the trial stands, if one is under way. Never waits: the loop asks while a set is validated."""
        state, applied = self._trial, self.applied
        if state is None or applied is None:
            return None
        left = max(0.0, TRIAL_SECONDS - state.seconds)
        return Trial(
            revision=applied.number,
            back_to=state.back_to,
            since=state.since,
            until=milliseconds(self._clock) + int(left * 1000),
            failures=state.failures,
            tries=TRIES,
        )

    def _put_in_force(self, candidate: Candidate, found: ConfigurationSet) -> Applied:
        now, number = milliseconds(self._clock), self._revisions.next_number()
        trial = self._trial_of(found, number, now, candidate.sources)
        sources = Refusal(dict(candidate.sources), is_trial=False)
        facts = {_TRIAL: trial.as_text() if trial else "", _SOURCES: sources.as_text()}
        stored = self._revisions.keep(
            candidate.origin, now, candidate.uid, found.files,
            note=candidate.note, message=candidate.message, facts=facts, least=trial.back_to if trial else None,
            instead_of=self._given_up(trial, number),
        )  # fmt: skip
        self._trial, self._noted_seconds = trial, 0.0
        self.applied = applied_of(stored, found, provisional=trial is not None)
        self._tell_applied(stored, trial)
        self._news()
        return self.applied

    def _trial_of(
        self, found: ConfigurationSet, number: int, now: int, sources: Mapping[str, str]
    ) -> TrialState | None:
        """Return the trial that a set begins, or goes on with; None where it needs none."""
        applied = self.applied
        wanted = reach(found)
        if applied is None or not self._was_reached or wanted == self._confirmed_reach(applied):
            return None
        if self._trial is not None and wanted == reach(applied.set):
            return self._trial
        back_to = self._trial.back_to if self._trial else applied.number
        return TrialState(number=number, back_to=back_to, since=now, sources=dict(sources))

    def _given_up(self, trial: TrialState | None, number: int) -> tuple[int, str] | None:
        """Return the first revision of a trial that ends unconfirmed by this one, and why: none must come back."""
        if self._trial is None or (trial is not None and trial.number == self._trial.number):
            return None
        return self._trial.number, f"never confirmed: revision {number} came in its place"

    def _confirmed_reach(self, applied: Applied) -> Reach | None:
        if self._trial is None:
            return reach(applied.set)
        base = self._revisions.find(self._trial.back_to)
        found = read_set(base.files, base.uid)[0] if base else None
        return reach(found) if found else None

    def _tell_applied(self, stored: Stored, trial: TrialState | None) -> None:
        self._rejections = {o: lines for o, lines in self._rejections.items() if o in _ORIGINS}
        for line in self._warnings:
            self._diary.warning(line)
        of = "".join(f" ({words})" for words in (stored.note, stored.message) if words)
        self._diary.info(f"configuration revision {stored.number} applied, from the {place_of(stored.origin)}{of}")
        self._tell_trial(stored, trial)

    def _tell_trial(self, stored: Stored, trial: TrialState | None) -> None:
        if trial is not None and trial.number == stored.number:
            self._diary.warning(
                f"revision {stored.number} changes how a server is reached: it is on trial. Revision {trial.back_to} "
                f"comes back after {TRIES} failed connections to the main server, or {TRIAL_SECONDS / 60:g} minutes"
            )

    def _reject(self, candidate: Candidate, findings: Sequence[Finding]) -> bool:
        """Tell once for each content why it was not taken; return whether it was told now."""
        if candidate.origin not in _ORIGINS:  # whoever edits over REST has the findings as the answer
            self._diary.warning(f"an edit over {candidate.origin} was refused: {len(findings)} findings")
            return True
        self._rejections[candidate.origin] = told(findings)
        digests = candidate.sources or {path: digest_of(content) for path, content in candidate.files.items()}
        identity = identity_of(digests, findings)
        if self._spool.knows_alarm(identity):
            return False
        tell_rejected(self._diary, candidate.origin, findings, self.applied.number if self.applied else 0)
        self._diary.flush()  # before it counts as told: a power cut between them has it told again
        return self._spool.raise_alarm("CONFIGURATION REJECTED", identity=identity)

    def _go_on(self, trial: TrialState) -> None:
        """Put a trial's state on the disk; end it where it has failed."""
        self._revisions.note(_TRIAL, trial.as_text())
        self._trial, self._noted_seconds = trial, trial.seconds
        if trial.has_failed:
            self._roll_back(trial)

    def _roll_back(self, trial: TrialState) -> None:
        """Go back to the last confirmed revision, with the later edits that stand without the trial's."""
        base, tried = self._revisions.find(trial.back_to), self._revisions.find(trial.number)
        if base is None or self.applied is None:
            self._diary.error(f"revision {trial.back_to} is not kept any more: the trial goes on")
            return
        files = self.applied.set.files
        later = {path: files.get(path) for path in differing(tried.files if tried else files, files)}
        refusal = Refusal(trial.sources) if trial.sources else self._refusal()
        self._spool.raise_alarm("CONFIGURATION ROLLED BACK", identity=f"rolled-back-{trial.number}-{trial.since}")
        self._return(base, later, trial.number, f"trial failed: {trial.why}", None, refusal)

    def _return(
        self, base: Stored, later: Mapping[str, bytes | None], number: int, why: str, trial: TrialState | None,
        refusal: Refusal,
    ) -> None:  # fmt: skip
        """Put an earlier revision in force again as a new one, and say so."""
        found, kept = rebased(base, later)
        if found is None:
            self._diary.error(f"revision {number} cannot be undone: revision {base.number} can no longer be read")
            return
        back = WayBack(number, why, base.number, tuple(kept), tuple(sorted(set(later) - set(kept))), refusal)
        facts = {_TRIAL: trial.as_text() if trial else "", _REFUSAL: refusal.as_text()}
        stored = self._revisions.keep(
            RETURN, milliseconds(self._clock), base.uid, found.files, note=back.note, facts=facts,
            instead_of=(number, why), least=trial.back_to if trial else None,
        )  # fmt: skip
        self._trial = trial
        self.applied = applied_of(stored, found, provisional=trial is not None)
        tell_return(self._diary, back, stored.number)
        self._tell_trial(stored, trial)
        self._diary.flush()
        self._news()

    def _refused_now(self, applied: Applied) -> Refusal:
        """Return what is refused once the revision in force is taken back: beside it, what was refused before."""
        before, sources = self._refusal(), read_refusal(self._revisions.fact(_SOURCES))
        if not before.sources or applied.origin != SERVER:
            return before if before.sources else sources
        return Refusal({**before.sources, **sources.sources}, is_trial=before.is_trial)

    def _refusal(self) -> Refusal:
        return read_refusal(self._revisions.fact(_REFUSAL))
