"""Putting files of the configuration set on a server, and remembering how they stand there (spec 1.4, 1.7)."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from heliograph.formats.config import Directory, FileServer
from heliograph.sync.applied import Applied
from heliograph.sync.remembered import Remembered, digest_of
from heliograph.sync.remote import ASIDE, TEMPORARY, Entry, FileError, RemoteStore, Upload, join

CONFIG: Final = "CONFIG"
KINDS: Final = ("config.ini", "var.ini", "daq.csv", "scl.ini", "sci.ini")
"""The files of `CONFIG`, by what follows the uid."""
FOLDERS: Final = {
    "CONFIG": Directory.CONFIG, "DEF": Directory.DEF, "SCRIPT": Directory.SCRIPT, "CERT": Directory.CERT,
}  # fmt: skip
"""The folders of a set and where they lie on a server."""

Listing = Mapping[str, Entry]
Placed = Callable[[str, int], None]
"""Told of each file that arrived: its path in the tree (`DEF/inv.csv`) and its bytes."""


class Listings:
    """The listings of one connection: each directory is listed once, and again only after something was sent there."""

    def __init__(self, store: RemoteStore, server: FileServer) -> None:
        self._store = store
        self._server = server
        self._known: dict[str, Listing] = {}

    def of(self, folder: str, names: frozenset[str]) -> Listing:
        """Return what a folder holds of these names, in whatever case, and what uploads of them left behind.

        Raises `FileError`.
        """
        if folder not in self._known:
            self._known[folder] = self.fresh(folder, names)
        return self._known[folder]

    def fresh(self, folder: str, names: frozenset[str]) -> Listing:
        """List a folder anew. Raises `FileError`."""
        wanted = {name.casefold() for name in names}
        entries = self._store.list(
            self._server.path(FOLDERS[folder]),
            lambda name: name.casefold().removesuffix(ASIDE).removesuffix(TEMPORARY) in wanted,
        )
        return {entry.name: entry for entry in entries}


class Placing:
    """Sends files of the set to one server. `put` and `sweep` belong to the connection's thread."""

    def __init__(self, remembered: Remembered, server: FileServer, outgoing: Path, placed: Placed) -> None:
        self._remembered = remembered
        self._server = server
        self._local = outgoing / "copies" / str(server.number)
        self._placed = placed

    def put(self, store: RemoteStore, listings: Listings, files: Mapping[str, bytes]) -> list[FileError]:
        """Send files, by their paths in the tree; return what the server refused. Raises `OSError`, `LinkLost`."""
        if not files:
            return []
        self._remembered.begin_sending(files)
        paths: dict[str, str] = {}
        refused, arrived = [], []

        def uploads() -> Iterator[Upload]:
            for path, content in files.items():
                upload = self._upload(path, content)
                paths[upload.path] = path
                yield upload

        try:
            for uploaded in store.upload(uploads(), lambda _: None):
                path = paths[uploaded.upload.path]
                uploaded.upload.local.unlink(missing_ok=True)
                if uploaded.error:
                    refused.append(uploaded.error)
                    continue
                arrived.append(path)
                self._placed(path, uploaded.size)
        finally:  # also of a link that was lost: nothing else would ever remove what is not sent again
            shutil.rmtree(self._local, ignore_errors=True)
        self._remember(listings, {path: files[path] for path in arrived})
        return refused

    def sweep(self, store: RemoteStore, listings: Mapping[str, Listing], about: Mapping[str, bytes]) -> list[FileError]:
        """Remove what interrupted uploads left behind, but what is sent anew now; return what the server refused.

        A file that a replacement moved aside goes in any case: where the name is free now, nothing else removes it.
        """
        refused: list[FileError] = []
        for path in self._remembered.sending():
            folder, _, name = path.partition("/")
            if folder not in listings:
                continue
            endings = (ASIDE,) if path in about else (TEMPORARY, ASIDE)
            try:
                for left in (name + ending for ending in endings if name + ending in listings[folder]):
                    store.remove(join(self._server.path(FOLDERS[folder]), left))
            except FileError as error:
                refused.append(error)
                continue
            if path not in about:
                self._remembered.end_sending([path])
        return refused

    def _remember(self, listings: Listings, arrived: Mapping[str, bytes]) -> None:
        """Remember the listing after the transfer; where it shows another size, somebody wrote since."""
        found: dict[str, tuple[Entry, str]] = {}
        clean = set(arrived)
        for folder in sorted({path.partition("/")[0] for path in arrived}):
            names = frozenset(path.partition("/")[2] for path in arrived if path.startswith(folder + "/"))
            there = listings.fresh(folder, names)
            for name in names:
                content, entry = arrived[f"{folder}/{name}"], there.get(name)
                if name + ASIDE in there:  # its removal failed: the next connection sweeps it
                    clean.discard(f"{folder}/{name}")
                if entry is not None and entry.size == len(content):
                    found[f"{folder}/{name}"] = entry, digest_of(content)
        self._remembered.keep(found)
        self._remembered.end_sending(clean)

    def _upload(self, path: str, content: bytes) -> Upload:
        folder, _, name = path.partition("/")
        local = self._local / folder / name
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_bytes(content)
        two_steps = not self._server.two_steps_disabled
        return Upload(local=local, directory=self._server.path(FOLDERS[folder]), name=name, two_steps=two_steps)


def by_folder(paths: Mapping[str, object]) -> dict[str, frozenset[str]]:
    """Return the names of some paths by their folder."""
    folders: dict[str, set[str]] = {}
    for path in paths:
        folder, _, name = path.partition("/")
        folders.setdefault(folder, set()).add(name)
    return {folder: frozenset(names) for folder, names in folders.items()}


def outgoing_files(applied: Applied) -> dict[str, bytes]:
    """Return the files of the set that go to servers, by their paths there.

    `GATEWAY_Uid` names what is written (spec 1.3); private keys never leave the gateway (spec 1.9, `KeyFile`).
    """
    keys = {server.key_file.removeprefix("file:") for server in applied.set.config.servers}
    files = {path: content for path, content in applied.set.files.items() if path.partition("/")[2] not in keys}
    return {written_path(path, applied): content for path, content in files.items()}


def written_path(path: str, applied: Applied) -> str:
    """Return where a file of the set is written on a server."""
    head = f"CONFIG/{applied.prefix}_"
    return f"CONFIG/{applied.set.uid}_{path.removeprefix(head)}" if path.startswith(head) else path
