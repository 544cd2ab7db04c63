"""What an operator changed on the main server: listings compared with what is remembered, downloads of what differs.

Reads, never writes. One look a connection; each directory is listed once, and again only to see that nothing moved
while it was read.
"""

from collections.abc import Iterable

from heliograph.formats.config import FileServer
from heliograph.runtime.setdirectory import FILE_LIMIT, SET_LIMIT
from heliograph.sync.applied import Applied
from heliograph.sync.placing import CONFIG, FOLDERS, KINDS, Listing, Listings, by_folder
from heliograph.sync.rejections import Rejection
from heliograph.sync.remembered import Known, Remembered, Standing, digest_of, standing
from heliograph.sync.remote import Entry, FileError, RemoteFailure, RemoteStore, TooLarge, join


class Looking:
    """A look at the set on one server. Paths in the set and in the server's tree may differ in the uid."""

    def __init__(
        self, store: RemoteStore, server: FileServer, listings: Listings, remembered: Remembered, applied: Applied,
        distrusted: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self._store = store
        self._server = server
        self._listings = listings
        self._remembered = remembered
        self._applied = applied
        self._distrusted = distrusted
        """Paths in the set that are read whatever is remembered, and are edits unless they are as ours."""
        self._known = remembered.known()
        self._bytes = 0
        self._contents: dict[str, bytes] = {}
        """By path on the server: contents that turned out to be as they were rejected."""
        self.rejection = Rejection()
        """What is passed over while it stands as it was rejected."""
        self.as_rejected: dict[str, tuple[Entry, str]] = {}
        """Path in the set → listing and digest: what is passed over."""
        self.named: set[str] = set()
        """Paths beside the configuration directory that were looked for."""
        self.there: dict[str, Listing] = {}
        """Listings by folder, of the folders that could be listed."""
        self.changed: dict[str, bytes] = {}
        """Path in the set → content: what is an edit."""
        self.compared: dict[str, tuple[Entry, str]] = {}
        """Path on the server → listing and digest: contents that were looked at."""
        self.places: dict[str, str] = {}
        """Path in the set → path on the server, of what stands there."""
        self.unsettled: set[str] = set()
        """Paths in the set that stand on the server and could not be read."""
        self.failures: list[FileError] = []
        self.overlooked: list[tuple[str, str]] = []
        """Files under an earlier uid that were written later than those that are read, and the names of these."""
        self._edited: dict[str, tuple[Entry, str]] = {}

    def pass_over(self, rejection: Rejection) -> None:
        """Read nothing that stands as it was rejected."""
        self.rejection = rejection

    def read_rejected(self) -> None:
        """Read what was passed over: something that it was rejected with is another one now."""
        passed, self.as_rejected, self.rejection = self.as_rejected, {}, Rejection()
        for path, (entry, _) in passed.items():
            self._compare(path, self.places[path], entry)

    @property
    def stands_rejected(self) -> bool:
        """Whether all that was rejected stands as it was, and nothing else is there to be taken."""
        return {self.places[path] for path in self.as_rejected} == set(self.rejection.files) and not self.changed

    @property
    def compared_rejected(self) -> dict[str, tuple[Entry, str]]:
        """Of what is passed over, what had to be read to know it, by path on the server."""
        places = {path: self.places[path] for path in self.as_rejected}
        return {place: self.as_rejected[path] for path, place in places.items() if place in self._contents}

    def list_config(self) -> Listing:
        """List the configuration directory."""
        return self.list(CONFIG, frozenset(f"{uid}_{kind}" for uid in self._applied.uids for kind in KINDS))

    def at_config(self) -> None:
        """Look at the four files of the gateway. Files of the uid in force come first, then those of the prefix."""
        listing = self.list_config()
        for kind in KINDS:
            names = [f"{uid}_{kind}" for uid in self._applied.uids]
            found = [name for name in names if name in listing]
            if found:
                self._compare(f"{CONFIG}/{self._applied.prefix}_{kind}", f"{CONFIG}/{found[0]}", listing[found[0]])
            self.overlooked += [(old, found[0]) for old in found[1:] if _is_later(listing[old], listing[found[0]])]

    def at(self, folder: str, names: Iterable[str]) -> None:
        """Look at files of another folder."""
        wanted = frozenset(names)
        self.named.update(f"{folder}/{name}" for name in wanted)
        listing = self.list(folder, wanted) if wanted else {}
        for name in sorted(wanted & set(listing)):
            self._compare(f"{folder}/{name}", f"{folder}/{name}", listing[name])

    def lookalikes(self) -> dict[str, bytes]:
        """Return names on the server that differ in case only from what is named, without content: for the findings."""
        return {
            f"{folder}/{name}": b""
            for folder, listing in self.there.items()
            for name in listing
            if folder != CONFIG and f"{folder}/{name}" not in self.places
        }

    def is_steady(self) -> bool:
        """List again where edits were read; tell whether everything stands as it was listed first."""
        for folder, names in by_folder(self._edited).items():
            listing = self._listings.fresh(folder, names)
            if any(listing.get(name) != self._edited[f"{folder}/{name}"][0] for name in names):
                return False
        return True

    def list(self, folder: str, names: frozenset[str]) -> Listing:
        """List a folder, once; one that cannot be listed is told and looks empty."""
        if folder not in self.there:
            try:
                self.there[folder] = self._listings.of(folder, names)
            except FileError as error:
                self.failures.append(error)
                return {}
        return self.there[folder]

    def _compare(self, path: str, place: str, entry: Entry) -> None:
        """Find out whether a file on the server is an edit."""
        self.places[path] = place
        known, rejected = self._known.get(place), self.rejection.files.get(place)
        is_trusted = path not in self._distrusted
        if rejected is not None and standing(rejected, entry) is Standing.SAME:
            self.as_rejected[path] = entry, rejected.digest
            return
        if standing(known, entry) is Standing.SAME and (is_trusted or self._is_ours(path, known)):
            return
        try:
            content = self._read(place, entry)
        except FileError as error:
            self.failures.append(error)
            self.unsettled.add(path)
            return
        digest = digest_of(content)
        if rejected is not None and rejected.digest == digest:
            self.as_rejected[path] = entry, digest
            self._contents[place] = content
            return
        is_known = known.digest == digest if known is not None else self._was_ours(path, place, digest)
        if (is_trusted and is_known) or self._applied.set.files.get(path) == content:
            self.compared[place] = entry, digest
        else:
            self.changed[path] = content
            self._edited[place] = entry, digest

    def edits(self) -> dict[str, tuple[Entry, str]]:
        """Return the edits' listings and digests by path on the server."""
        return dict(self._edited)

    def _is_ours(self, path: str, known: Known | None) -> bool:
        """Whether what is remembered of a file is what is in force: then even one that is distrusted is no edit."""
        content = self._applied.set.files.get(path)
        return known is not None and content is not None and known.digest == digest_of(content)

    def _was_ours(self, path: str, place: str, digest: str) -> bool:
        """Tell an older state of our own, on a server never seen as a main one, from an edit.

        A backup that becomes the main server, or a copy of the tree on a new one, must not bring old settings back.
        """
        return any(self._remembered.was_ours(each, digest) for each in {path, place})

    def _read(self, place: str, entry: Entry) -> bytes:
        if place in self._contents:
            return self._contents[place]
        folder, _, name = place.partition("/")
        path = join(self._server.path(FOLDERS[folder]), name)
        if entry.is_directory:
            raise RemoteFailure(path, f"{path} is a directory on the server, and should be a file; rename it there")
        self._bytes += entry.size
        if entry.size > FILE_LIMIT or self._bytes > SET_LIMIT:
            raise TooLarge(path, f"{FILE_LIMIT // 2**20} MiB a file, {SET_LIMIT // 2**20} MiB a set")
        content = self._store.read(path, FILE_LIMIT)
        if len(content) != entry.size:
            raise RemoteFailure(path, f"{path} is still being written on the server; it is read at the next connection")
        return content


def _is_later(one: Entry, other: Entry) -> bool:
    return one.modified is not None and other.modified is not None and one.modified > other.modified
