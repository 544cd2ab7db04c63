"""The gateway's identifier before and beside the one in the configuration (spec 1.3)."""

import re
import secrets
from collections.abc import Callable, Iterable
from typing import Final

from heliograph.formats.uid import is_uid, uid_from_mac

_FILE: Final = re.compile(r"CONFIG/(.+)_(?:config\.ini|var\.ini|daq\.csv|scl\.ini|sci\.ini)")


def prefixes(files: Iterable[str]) -> list[str]:
    """Return the prefixes of the names of a set's files, each once, sorted."""
    return sorted({match[1] for path in files if (match := _FILE.fullmatch(path)) and is_uid(match[1])})


def choose_uid(given: str, files: Iterable[str], mac: str, kept: str, keep: Callable[[str], None]) -> str:
    """Return the uid: the given one, the prefix of the set's files, the MAC's, the one kept, else a new one, kept."""
    if is_uid(given):
        return given
    found = prefixes(files)
    if found:
        return found[0]
    try:
        return uid_from_mac(mac)
    except ValueError:
        pass
    if not kept:
        kept = f"WPM{secrets.token_hex(3).upper()}"
        keep(kept)
    return kept
