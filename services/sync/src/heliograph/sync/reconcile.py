"""Reconciliation of the configuration with the main server (spec 1.7), one step of a connection.

    look → what changed there is downloaded → whole candidate → applied as one revision, or rejected and told
         → what is absent there, or changed here, is uploaded

Nothing is downloaded of what stands as remembered, or as it was rejected (`rejections`). A file that cannot be read, or
changes while it is read, leaves the whole candidate for the next connection: half an edit is never applied.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from heliograph.formats import NamedFiles, named_files
from heliograph.formats.findings import Severity
from heliograph.sync.applied import Applied
from heliograph.sync.candidates import Candidate
from heliograph.sync.configuration import Configuration
from heliograph.sync.diary import Diary
from heliograph.sync.looking import Looking
from heliograph.sync.placing import CONFIG, Listings, Placing, by_folder, outgoing_files, written_path
from heliograph.sync.rejections import Rejections
from heliograph.sync.remembered import Remembered, digest_of
from heliograph.sync.remote import FileError, RemoteStore
from heliograph.sync.revisions import differing
from heliograph.sync.telling import RETURN, SERVER


@dataclass(frozen=True, slots=True)
class Gateway:
    """The gateway's side of a reconciliation."""

    configuration: Configuration
    diary: Diary
    set_files: Callable[[], Mapping[str, bytes]]
    """What lies in the set directory: a file that is named only now may lie there already."""
    server_won: Callable[[Mapping[str, bytes]], None]
    """Told of the edits that were taken from the server, by path in the set."""


@dataclass(frozen=True, slots=True)
class Report:
    """Where a reconciliation tells how it goes."""

    refused: Callable[[FileError], None]
    """The server's refusals."""
    stands: Callable[[str], None]
    """What waits for a person, and was told in the log when it came up."""
    moved: Callable[[str], None]
    """What the next try may find settled."""
    taken: Callable[[str, int], None]
    """A file taken from the server: its path in the set, and its bytes."""


class Reconciliation:
    """One reconciliation. `run` is called once, in the connection's thread."""

    def __init__(
        self, gateway: Gateway, applied: Applied, remembered: Remembered, placing: Placing, report: Report
    ) -> None:
        self._gateway = gateway
        self._applied = applied
        self._remembered = remembered
        self._placing = placing
        self._report = report
        self._rejections = Rejections(remembered)
        self._basis = ""

    def run(self, store: RemoteStore, look: Looking, listings: Listings) -> None:
        """Take what changed on the server, then bring it what it lacks. Raises `FileError`, `LinkLost`, `OSError`."""
        configuration = self._gateway.configuration
        self._basis = configuration.basis({**self._gateway.set_files(), **self._applied.set.files}, self._applied.uids)
        look.pass_over(self._rejections.standing(self._basis))
        look.at_config()
        if CONFIG in look.there:
            configuration.reached(self._applied.number)
        kept_back = self._take(look) if CONFIG in look.there else set()
        for error in look.failures:
            self._report.refused(error)
        for old, new in look.overlooked:
            self._report.stands(
                f"CONFIG/{old} was edited and is not read: since GATEWAY_Uid changed it is CONFIG/{new}"
            )
        if CONFIG in look.there:
            self._bring(store, look, listings, kept_back)

    def _take(self, look: Looking) -> set[str]:
        """Apply or reject what changed on the server; return the paths of which nothing is to be uploaded now."""
        if look.changed:
            look.read_rejected()
        named = named_files(self._whole(look.changed), self._applied.prefix)
        held = by_folder({**self._applied.set.files, **dict.fromkeys(look.rejection.named)})
        for folder, names in _folders(named):
            look.at(folder, {*names, *held.get(folder, ())})
        if not look.stands_rejected:
            look.read_rejected()
        self._remembered.keep(look.compared)
        if look.as_rejected:
            return self._recall(look)
        if not look.changed:
            if not look.unsettled and not look.failures:
                self._forget()
            return set(look.unsettled)
        paths = {f"{folder}/{name}" for folder, names in _folders(named) for name in names}
        unknown = {path for path in paths - set(self._whole(look.changed)) if path.partition("/")[0] not in look.there}
        if look.unsettled or unknown:
            self._report.moved("the changed configuration waits until all of it can be read")
            return {*look.unsettled, *look.changed}
        if not look.is_steady():
            self._report.moved("the configuration on the server is being changed just now; it is read again")
            return set(look.changed)
        return {*look.changed, *self._offer(look)}

    def _recall(self, look: Looking) -> set[str]:
        """All of it stands as it was rejected: say so in a line; nothing was downloaded and nothing is judged anew."""
        for text in look.rejection.told:
            self._report.stands(text)
        self._gateway.configuration.recall(SERVER, look.rejection.findings)
        self._rejections.verify(look.compared_rejected)
        return {*look.unsettled, *look.as_rejected}

    def _forget(self) -> None:
        """Nothing that is rejected or refused stands there any more."""
        self._rejections.forget()
        self._gateway.configuration.withdraw(SERVER)
        self._gateway.configuration.end_refusal()

    def _whole(self, changed: Mapping[str, bytes]) -> dict[str, bytes]:
        return {**self._gateway.set_files(), **self._applied.set.files, **changed}

    def _offer(self, look: Looking) -> set[str]:
        """Offer the candidate; return the paths that differ in the revision that came of it."""
        digests = {path: digest_of(content) for path, content in look.changed.items()}
        tried = self._gateway.configuration.not_refused(digests)
        told = [
            f"{path} is as it was when it was taken back; it is refused until its content changes"
            for path in sorted(set(digests) - tried)
        ]
        if not tried:
            self._stands(look, told)
            return set()
        self._tell_conflicts(look, tried)
        changed = {path: look.changed[path] for path in tried}
        sources = {path: digests[path] for path in tried}
        with self._gateway.configuration.steady() as applied:
            # Somebody may have edited on the gateway since this connection began: that edit of another file stays.
            now = applied or self._applied
            files = {**look.lookalikes(), **self._gateway.set_files(), **now.set.files, **changed}
            decision = self._gateway.configuration.offer(Candidate(files, now.prefix, SERVER, sources=sources))
        if decision.applied is None:
            errors = sum(finding.severity is Severity.ERROR for finding in decision.findings)
            told.append(f"the set on the server is rejected for {errors} error(s); the log names each of them")
            self._stands(look, told, self._gateway.configuration.rejection(SERVER))
            return set()
        for text in told:
            self._report.stands(text)
        self._rejections.forget()
        self._taken(look, changed)
        if tried == set(digests):
            self._gateway.configuration.end_refusal()
        return set(differing(self._applied.set.files, decision.applied.set.files))

    def _stands(self, look: Looking, told: Sequence[str], findings: Sequence[str] = ()) -> None:
        """Keep what is rejected or refused, so that it is known again by its listing."""
        for text in told:
            self._report.stands(text)
        self._rejections.keep(self._basis, look.edits(), sorted(look.named), told, findings)

    def _taken(self, look: Looking, changed: Mapping[str, bytes]) -> None:
        edits = look.edits()
        self._remembered.keep({look.places[path]: edits[look.places[path]] for path in changed})
        self._gateway.server_won(changed)
        for path, content in changed.items():
            self._report.taken(path, len(content))

    def _tell_conflicts(self, look: Looking, tried: set[str]) -> None:
        """Say where both sides were edited: the server wins, the local edit stays in the history (spec 1.7)."""
        if self._applied.origin in {SERVER, RETURN}:  # what differs was mended or brought back, by nobody's hand
            return
        known = self._remembered.known()
        for path in sorted(tried & set(self._applied.set.files)):
            remembered = known.get(look.places[path])
            if remembered is not None and remembered.digest != digest_of(self._applied.set.files[path]):
                self._gateway.diary.warning(
                    f"{path} was changed on the main server and on the gateway: the server's is taken, the gateway's "
                    f"stays in revision {self._applied.number} of the history"
                )

    def _bring(self, store: RemoteStore, look: Looking, listings: Listings, kept_back: set[str]) -> None:
        """Upload what is absent on the server or was changed here, of the revision that this connection began with."""
        known, kept_back = self._remembered.known(), {written_path(path, self._applied) for path in kept_back}
        missing: dict[str, bytes] = {}
        for path, content in outgoing_files(self._applied).items():
            folder, _, name = path.partition("/")
            if folder not in look.there or path in kept_back:
                continue
            remembered = known.get(path)
            if name not in look.there[folder] or remembered is None or remembered.digest != digest_of(content):
                missing[path] = content
        swept = self._placing.sweep(store, look.there, missing)
        for error in (*swept, *self._placing.put(store, listings, missing)):
            self._report.refused(error)


def _folders(named: NamedFiles) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (("CERT", named.certificates), ("DEF", named.definitions), ("SCRIPT", named.scripts))
