"""What FTP servers say about files: MLSD and MLST facts, MDTM and SIZE answers."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from heliograph.sync.remote.store import Entry


def facts(line: str) -> Entry | None:
    """Read a line of MLSD or MLST (RFC 3659); None for the directory itself, its parent, and what is no such line."""
    known, blank, name = line.partition(" ")
    if not blank or "=" not in known:
        return None
    fields = {key.lower(): value for key, _, value in (fact.partition("=") for fact in known.split(";"))}
    kind = fields.get("type", "file").lower()
    if kind in {"cdir", "pdir"}:
        return None
    directory = kind == "dir"
    size = 0 if directory else number(fields.get("size", "")) or 0
    return Entry(name, size, time_value(fields.get("modify", "")), is_directory=directory)


def names(lines: Iterable[str]) -> Iterator[str]:
    """Read the lines of NLST; some servers put the path before each name."""
    for line in lines:
        name = line.rpartition("/")[2]
        if name:
            yield name


def time_value(text: str) -> float | None:
    """Read `YYYYMMDDHHMMSS[.sss]`, UTC, as seconds since 1970; None where it is none."""
    whole, _, fraction = text.strip().partition(".")
    if len(whole) != len("YYYYMMDDHHMMSS") or not (whole.isascii() and whole.isdigit()):
        return None
    if fraction and not (fraction.isascii() and fraction.isdigit()):
        return None
    with suppress(ValueError):
        moment = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return moment.timestamp() + float(f"0.{fraction or 0}")
    return None


def number(text: str) -> int | None:
    """Read a size; None where it is none."""
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 19 else None
