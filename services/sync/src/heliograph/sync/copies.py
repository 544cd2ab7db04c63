"""The backup's copy of the configuration set (spec 1.1): every file as applied, written when it differs, never read."""

from heliograph.sync.applied import Applied
from heliograph.sync.placing import Listing, Listings, Placing, by_folder, outgoing_files
from heliograph.sync.remembered import Remembered, Standing, digest_of, standing
from heliograph.sync.remote import FileError, RemoteStore


def copy_set(
    applied: Applied, store: RemoteStore, listings: Listings, remembered: Remembered, placing: Placing
) -> list[FileError]:
    """Send what does not stand there as the gateway put it; a hand edit is overwritten. Return what was refused.

    Raises `FileError`, `LinkLost`, `OSError`.
    """
    files, known = outgoing_files(applied), remembered.known()
    there: dict[str, Listing] = {}
    refused: list[FileError] = []
    for folder, names in by_folder(files).items():
        try:
            there[folder] = listings.of(folder, names)
        except FileError as error:
            refused.append(error)
    missing = {}
    for path, content in files.items():
        folder, _, name = path.partition("/")
        if folder in there:
            before = known.get(path)
            stands = standing(before, there[folder].get(name)) in {Standing.SAME, Standing.UNSURE}
            if not stands or before is None or before.digest != digest_of(content):
                missing[path] = content
    refused += placing.sweep(store, there, missing)
    return [*refused, *placing.put(store, listings, missing)]
