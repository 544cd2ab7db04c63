"""Which scripts a set has, and whether Lua can read them: one that it cannot read has the whole set refused (spec 1.7).

A broken script must not take the place of one that runs. Sources are read in a process of its own, as they are run.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from heliograph.formats import Plant, parse_scripts, read_plant
from heliograph.formats.findings import Finding, Severity

READER: Final = "heliograph.commands.scripts.host.syntax"
READING_SECONDS: Final = 60.0

_log = logging.getLogger("heliograph.commands.scripts")


@dataclass(frozen=True, slots=True)
class Source:
    """A script as the set has it."""

    file: str
    text: str


def sources(files: Mapping[str, str], uid: str) -> dict[str, Source]:
    """Return the scripts of a set by name (file name without `.lua`), in the order of `_scl.ini`."""
    lists = (f"CONFIG/{uid}_scl.ini", f"CONFIG/{uid}_sci.ini")
    path = next((path for path in lists if path in files), "")
    names, _ = parse_scripts(files.get(path, "").encode(), path)
    listed = [name for name in names or () if f"SCRIPT/{name}" in files]
    return {PurePosixPath(name).stem: Source(name, files[f"SCRIPT/{name}"]) for name in listed}


def read_plant_and_scripts(files: Mapping[str, str], uid: str) -> Plant:
    """Return the plant, with what is wrong with its scripts among the findings."""
    plant = read_plant(files, uid)
    found = mistakes({f"SCRIPT/{source.file}": source.text for source in sources(files, uid).values()})
    return replace(plant, findings=(*plant.findings, *found))


def mistakes(texts: Mapping[str, str]) -> list[Finding]:
    """Return an error for each script, by its path, that Lua cannot read; nothing where the reading itself fails."""
    if not texts:
        return []
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-m", READER],
            input=json.dumps(dict(texts)), capture_output=True, check=True, encoding="utf-8", errors="replace",
            timeout=READING_SECONDS, env={}, cwd="/",
        )  # fmt: skip
        found = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        _log.warning("scripts were not read beforehand: %s", error)
        return []
    return [Finding(path, line, 1, Severity.ERROR, f"Lua cannot read it: {text}") for path, line, text in found]
