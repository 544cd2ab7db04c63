"""The gateway's identifier: how it looks and what it is made of by default (spec 1.3)."""

import re

UID = re.compile(r"[A-Za-z0-9_-]{1,32}")
MAC = re.compile(r"([0-9A-Fa-f]{2})([:-]?[0-9A-Fa-f]{2}){5}")


def is_uid(text: str) -> bool:
    """Tell whether a text may be a uid: 1 to 32 of `A-Z a-z 0-9 _ -`."""
    return UID.fullmatch(text) is not None


def uid_from_mac(mac: str) -> str:
    """Return the default uid, `WPM` and the last six hex digits in upper case. Raises `ValueError` if it is no MAC."""
    if not MAC.fullmatch(mac.strip()):
        raise ValueError("a MAC has six pairs of hexadecimal digits, as in 00:8D:00:00:BD:E4")
    return "WPM" + re.sub("[:-]", "", mac.strip())[-6:].upper()
