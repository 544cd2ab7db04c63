"""Names that a server sends are untrusted: only plain ones pass."""

import re

MAX_NAME_BYTES = 255
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def is_plain(name: str) -> bool:
    """Tell whether a name can be a file of a directory: no path, no control character, not too long."""
    return (
        name not in {"", ".", ".."}
        and "/" not in name
        and _UNPRINTABLE.search(name) is None
        and len(name.encode("utf-8", "replace")) <= MAX_NAME_BYTES
    )


def printable(text: str, limit: int = 200) -> str:
    """Return what a server said as one line without control characters, for a message."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())[:limit]
