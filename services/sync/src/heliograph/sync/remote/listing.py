"""What is kept of a listing, the same for every protocol."""

from collections.abc import Callable, Iterable

from heliograph.sync.remote.errors import TooLarge
from heliograph.sync.remote.names import is_plain
from heliograph.sync.remote.store import MAX_ENTRIES, MAX_SCANNED, Entry


def keep(directory: str, entries: Iterable[Entry], match: Callable[[str], bool]) -> list[Entry]:
    """Return the entries with plain names that match. Raises `TooLarge`: half a listing makes files look absent."""
    kept: list[Entry] = []
    for scanned, entry in enumerate(entries, 1):
        if scanned > MAX_SCANNED:
            raise TooLarge(directory, f"{MAX_SCANNED} entries")
        if is_plain(entry.name) and match(entry.name):
            kept.append(entry)
        if len(kept) > MAX_ENTRIES:
            raise TooLarge(directory, f"{MAX_ENTRIES} entries")
    return kept
