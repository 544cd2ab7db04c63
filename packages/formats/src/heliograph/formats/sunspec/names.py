"""Names of what detection makes: definition files, devices (spec 2.4)."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import count

from heliograph.formats.definition import Protocol

CATEGORY = "inverter"
"""Of every definition that detection makes."""
UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
UNPRINTABLE = re.compile(r"[;\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
PART_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device says of itself in model 1."""

    manufacturer: str = ""
    model: str = ""
    options: str = ""
    version: str = ""
    serial_number: str = ""


def definition_name(uid: str, identity: Identity, protocol: Protocol) -> str:
    """Return `<uid>_SunSpec_<Category>_<Manufacturer>_<Model>_<Options>_<Protocol>.csv`."""
    said = [_safe(part) for part in (identity.manufacturer, identity.model, identity.options)]
    return "_".join([uid, "SunSpec", CATEGORY, *said, protocol]) + ".csv"


def device_name(identity: Identity, interface: str, address: int) -> str:
    """Return a name for people and scripts: model and serial number, else where the device is."""
    said = " ".join(part for part in (plain(identity.model), plain(identity.serial_number)) if part)
    return said or f"{interface} {address}"


def free_name(wanted: str, taken: Collection[str], ending: str = "") -> str:
    """Return a name that differs from all taken ones, also without regard to case: the wanted one, or with a number."""
    folded = {name.casefold() for name in taken}
    return next(name for name in _numbered(wanted, ending) if name.casefold() not in folded)


def plain(text: str) -> str:
    """Return a text that can stand in a field of a file of ours."""
    return " ".join(UNPRINTABLE.sub(" ", text).split())


def _numbered(wanted: str, ending: str) -> Iterator[str]:
    yield wanted
    stem = wanted.removesuffix(ending)
    yield from (f"{stem}_{number}{ending}" for number in count(2))


def _safe(text: str) -> str:
    return UNSAFE.sub("", plain(text).replace(" ", "_"))[:PART_LIMIT]
