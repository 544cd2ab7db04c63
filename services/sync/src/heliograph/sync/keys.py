"""Private keys that were given on the gateway: each a file of its own in the state directory, read by its owner alone.

`KeyFile` names one. They are no part of the set: they go to no server, into no bundle, and are never shown. A name is
given once, so that every revision finds the key that it was made with.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from heliograph.runtime import write_atomically


class Keys:
    """For any thread; whoever changes the configuration calls it one at a time."""

    def __init__(self, directory: Path, others: Iterable[Path] = ()) -> None:
        self.directories = (*others, directory)
        """Where `file:NAME` of a key is looked for: first where a person put secrets by hand, last here."""
        self.directory = directory

    def known(self, names: Iterable[str]) -> dict[str, bytes | None]:
        """The keys that are found under plain names, None where there is none."""
        return {name: self._read(name) for name in names}

    def keep(self, keys: Mapping[str, str]) -> list[str]:
        """Keep keys that were found good; return the names of those that are new. Raises `OSError`."""
        new = [name for name, content in self.known(keys).items() if content is None]
        if new:
            self.directory.mkdir(mode=0o700, exist_ok=True)
        for name in new:
            write_atomically(self.directory / name, keys[name].encode(), 0o600)
        return new

    def forget(self, names: Iterable[str]) -> None:
        """Delete keys."""
        for name in names:
            (self.directory / name).unlink(missing_ok=True)

    def keep_only(self, named: Collection[str]) -> None:
        """Delete the keys that nothing names any more."""
        if self.directory.is_dir():
            self.forget(path.name for path in self.directory.iterdir() if path.name not in named)

    def _read(self, name: str) -> bytes | None:
        if not name or "/" in name or name.startswith("."):
            return None
        for directory in self.directories:
            with suppress(OSError, ValueError):
                return (directory / name).read_bytes()
        return None
