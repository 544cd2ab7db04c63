"""What stands rejected on the main server, known again by its listing: nothing of it is downloaded again (spec 1.7).

A rejection holds as long as all that it came from is as it was: each file there, the gateway's half of the set, what is
refused, and the rules. The last one lies on the disk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Final

from pydantic import TypeAdapter

from heliograph.sync.remembered import Known, Remembered, digest_of, known_now
from heliograph.sync.remote import Entry
from heliograph.sync.tables import MetaRow

_REJECTED: Final = "rejected"
_RULES: Final = version("heliograph-formats")
"""Another version may take what this one rejects."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Files of the main server that were rejected or are refused."""

    basis: str = ""
    """Digest of what beside the files decided."""
    files: dict[str, Known] = field(default_factory=dict)
    """By path on the server: how each was listed, and its content."""
    named: tuple[str, ...] = ()
    """Paths of the definitions, scripts and certificates that were looked for."""
    told: tuple[str, ...] = ()
    """What every connection recalls of it."""
    findings: tuple[str, ...] = ()
    """For the status."""


class Rejections:
    """The rejection that stands on one server; empty when none does."""

    def __init__(self, remembered: Remembered) -> None:
        self._remembered = remembered

    def standing(self, basis: str) -> Rejection:
        """Return what was rejected on this basis. One of another basis is to be looked at anew."""
        kept = self._kept()
        return kept if kept.basis == self._whole(basis) else Rejection()

    def keep(
        self, basis: str, found: Mapping[str, tuple[Entry, str]], named: Sequence[str], told: Sequence[str],
        findings: Sequence[str],
    ) -> None:  # fmt: skip
        """Keep a rejection: the files' listings and digests by path on the server, as they were read just now."""
        before, clock = self._kept().files, self._remembered.clock
        files = {path: known_now(before.get(path), entry, digest, clock) for path, (entry, digest) in found.items()}
        self._write(Rejection(self._whole(basis), files, tuple(named), tuple(told), tuple(findings)))

    def verify(self, compared: Mapping[str, tuple[Entry, str]]) -> None:
        """Note that the content of some of the files was compared again just now, and is the same."""
        if compared:
            kept, clock = self._kept(), self._remembered.clock
            again = {path: known_now(kept.files.get(path), *one, clock) for path, one in compared.items()}
            self._write(replace(kept, files={**kept.files, **again}))

    def forget(self) -> None:
        """Nothing stands rejected any more."""
        if self._kept() != Rejection():
            self._write(Rejection())

    def _whole(self, basis: str) -> str:
        return digest_of(f"{self._remembered.endpoint}\n{_RULES}\n{basis}".encode())

    def _kept(self) -> Rejection:
        with self._remembered.database.read() as session:
            row = session.get(MetaRow, _REJECTED)
        return _ADAPTER.validate_json(row.value) if row is not None else Rejection()

    def _write(self, rejection: Rejection) -> None:
        with self._remembered.database.write() as session:
            session.merge(MetaRow(key=_REJECTED, value=_ADAPTER.dump_json(rejection).decode()))


_ADAPTER: Final = TypeAdapter(Rejection)
