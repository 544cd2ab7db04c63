"""What arrives on the demo's servers, seen as a person sees it: by looking into their directories."""

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

WATCHED = ("DATA", "ALARM", "LOG", "CMD")


@dataclass(slots=True)
class Arrivals:
    """Files that came since this was made, on one server."""

    root: Path
    counts: Counter[str] = field(default_factory=Counter)
    """How many came, by directory."""
    _known: set[Path] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._known = set(self._files())

    def fresh(self) -> list[Path]:
        """Return the whole files that came since the last look, in the order of their names."""
        new = sorted(file for file in self._files() if file not in self._known and _is_whole(file))
        self._known.update(new)
        self.counts.update(file.parent.name for file in new)
        return new

    def _files(self) -> Iterator[Path]:
        for name in WATCHED:
            yield from (file for file in (self.root / name).glob("*.*") if file.suffix in (".gz", ".json"))


def _is_whole(file: Path) -> bool:
    """Whether a file has arrived completely: WebDAV has no rename that tells."""
    if file.suffix != ".gz":
        return True
    try:
        with gzip.open(file) as content:
            while content.read(1 << 20):
                pass
    except (OSError, EOFError, zlib.error):
        return False
    return True
