"""Values as people and spreadsheets write them: whole numbers, decimals, words, file names, hosts.

Each check returns the value or raises `WrongValue` with a reason; the readers of all formats use them.
"""

import ipaddress
import math
import re
from collections.abc import Iterable

from heliograph.formats.report import WrongValue, nearest, quote

WHOLE = re.compile(r"[0-9]{1,18}")
DECIMAL = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][+-]?[0-9]{1,4})?")
POWERS = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}([.,' \u00a0\u202f\u2019][0-9]{3})+([.,][0-9]+)?")
FRACTION = re.compile(r"[+-]?[0-9]+[.,][0-9]*")
DATE = re.compile(r"[0-9]{1,2}[./\- ]+([^\W\d_]{3,}\.?|[0-9]{1,2}[./\-])([./\- ]*[0-9]{2,4})?")
LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
FILE_NAME_LIMIT_BYTES = 247
"""Less than the 255 of file systems, since `.tmp` or `.old.tmp` stands behind it while a file is sent (spec 1.4)."""
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def whole(text: str, low: int, high: int, what: str = "a whole number") -> int:
    """Return a whole number of decimal digits within its limits."""
    if not WHOLE.fullmatch(text):
        raise WrongValue(f"{quote(text)} is not {what}{_damage(text)}")
    value = int(text)
    if not low <= value <= high:
        raise WrongValue(f"{quote(text)} is not {what} from {low} to {high}")
    return value


def decimal(text: str) -> tuple[float, bool]:
    """Return a decimal number, and whether it was written with a decimal comma."""
    if not DECIMAL.fullmatch(text):
        raise WrongValue(f"{quote(text)} is not a decimal number{_damage(text, fraction=False)}")
    value = float(text.replace(",", "."))
    if math.isinf(value):
        raise WrongValue(f"{quote(text)} is too large a number")
    return value, "," in text


def one_of(text: str, choices: Iterable[str]) -> str:
    """Return a text that is one of some words, compared exactly."""
    known = list(choices)
    if text not in known:
        raise WrongValue(f"{quote(text)} is none of {', '.join(known)}{nearest(text, known)}")
    return text


def base_name(text: str) -> str:
    """Return a plain file name: never a path (spec 1.7)."""
    if "/" in text or "\\" in text or text in {".", ".."}:
        raise WrongValue(f"{quote(text)} has a path; only a plain file name is allowed")
    if text.startswith("."):
        raise WrongValue(f"{quote(text)} starts with a dot; many servers do not list such files")
    if UNPRINTABLE.search(text):
        raise WrongValue(f"{quote(text)} has a control character; only a plain file name is allowed")
    if len(text.encode()) > FILE_NAME_LIMIT_BYTES:
        raise WrongValue(f"the file name is longer than {FILE_NAME_LIMIT_BYTES} bytes")
    return text


def host(text: str) -> str:
    """Return a host name, an IPv4 or an IPv6 address without brackets."""
    if is_ip(text):
        return text
    labels = text.removesuffix(".").split(".")
    if len(text) > 253 or not all(LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise WrongValue(f"{shown_host(text)} is neither a host name nor an IP address")
    return text


def is_ip(text: str) -> bool:
    """Tell whether a text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def shown_host(text: str) -> str:
    """Return an address in quotes; one with an `@` may hold a password and is not quoted."""
    return "the address" if "@" in text else quote(text)


def _damage(text: str, *, fraction: bool = True) -> str:
    """Name what a spreadsheet does to numbers, so that its user knows what to mend."""
    if POWERS.fullmatch(text):
        return ": a spreadsheet has turned it into powers of ten; write all its digits"
    if THOUSANDS.fullmatch(text):
        return ": it holds a separator of thousands, as spreadsheets add them; write digits only"
    if DATE.fullmatch(text):
        return ": a spreadsheet has made a date of it"
    if fraction and FRACTION.fullmatch(text):
        return ": it has a decimal separator; write digits only"
    return ""
