"""Contents of the main server's files that were in force, failed, and are not tried again until they change. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a revision that was taken back was made from."""

    sources: dict[str, str] = field(default_factory=dict)
    """Path in the set → digest of the content on the server."""
    is_trial: bool = True
    """A trial failed; else a service rejected the whole."""

    def left_out(self, changed: Mapping[str, str]) -> set[str] | None:
        """Return which of the changed files (path → digest) are still refused; None when the refusal is over.

        A failed trial is over as soon as a file that may say how a server is reached is another one: then all that
        fell with it is looked at anew. What a service rejected is over as soon as anything is different.
        """
        same = {path for path, digest in self.sources.items() if changed.get(path) == digest}
        deciding = {path for path in self.sources if not self.is_trial or _may_reach(path)}
        if deciding - same or (not self.is_trial and set(changed) - same):
            return None
        return same

    def as_text(self) -> str:
        """Return what the disk keeps."""
        return _ADAPTER.dump_json(self).decode()


def read_refusal(text: str) -> Refusal:
    """Read what the disk kept. Raises `ValueError`."""
    return _ADAPTER.validate_json(text) if text else Refusal()


def _may_reach(path: str) -> bool:
    return path.endswith("_config.ini") or path.startswith("CERT/")


_ADAPTER: Final = TypeAdapter(Refusal)
