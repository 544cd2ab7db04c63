"""Scripts written, named otherwise and taken out: each becomes one edit of `SCRIPT/…` and `_scl.ini` (spec 4.3)."""

from collections.abc import Mapping
from typing import Final

from heliograph.api import configuration as asked
from heliograph.api.editing import Terms
from heliograph.api.errors import NotThere, Refused, Unreadable
from heliograph.api.sets import EditDone, set_path
from heliograph.api.view import View
from heliograph.formats import renamed_script, with_script, without_script

SUFFIX: Final = ".lua"
_LISTS: Final = ("_scl.ini", "_sci.ini")

Files = Mapping[str, str]
Edit = dict[str, str | None]


async def source(view: View, name: str) -> tuple[int, str]:
    """The number of the revision in force, and a script's text in it; raises `NotThere`, `Refused`, `Silent`."""
    summary, detail = await asked.revision(view)
    return summary.number, detail.files[_existing(name, detail.files)]


async def write(view: View, name: str, text: str, terms: Terms, now: int | None, *, was: str = "") -> EditDone:
    """Write a script, under another name than it `was` where that is given; raises as `configuration.edit`.

    `now` is the revision in force.
    """
    base = terms.based_on(now)
    _, detail = await asked.revision(view)
    return await asked.edit(view, terms.request(written(detail.files, name, text, was), base))


async def take_out(view: View, name: str, terms: Terms, now: int | None) -> EditDone:
    """Take a script out of the set; raises as `write`, and `NotThere`."""
    base = terms.based_on(now)
    _, detail = await asked.revision(view)
    return await asked.edit(view, terms.request(taken_out(detail.files, name), base))


def written(files: Files, name: str, text: str, was: str = "") -> Edit:
    """The edit that writes a script. Raises `Unreadable`, `NotThere`, `Refused`."""
    path = _path(name)
    old = _existing(was, files) if was and was != name else ""
    if old and path in files:
        raise Refused(f"There is a script {name!r} already: choose another name, or take that one out first.")
    place, listed = _list(files)
    named = renamed_script(listed, f"{was}{SUFFIX}", f"{name}{SUFFIX}") if old else listed
    named = with_script(named, f"{name}{SUFFIX}")
    edit: Edit = {path: text}
    if named != listed:
        edit[place] = named
    return {**edit, old: None} if old else edit


def taken_out(files: Files, name: str) -> Edit:
    """The edit that takes a script out. Raises `NotThere`."""
    path = _existing(name, files)
    place, listed = _list(files)
    return {path: None, place: without_script(listed, f"{name}{SUFFIX}")}


def _path(name: str) -> str:
    try:
        return set_path(f"SCRIPT/{name}{SUFFIX}")
    except ValueError as error:
        raise Unreadable(f"{name[:100]!r} can't be the name of a script: {error}.") from error


def _existing(name: str, files: Files) -> str:
    path = _path(name)
    if path not in files:
        raise NotThere(f"The set in force has no script {name[:100]!r}; /api/v1/scripts lists those that it names.")
    return path


def _list(files: Files) -> tuple[str, str]:
    """Path and text of the list of scripts; where there is none yet, the path that belongs to the set and no text."""
    for path in sorted(files):
        if path.startswith("CONFIG/") and path.endswith(_LISTS):
            return path, files[path]
    config = next((path for path in sorted(files) if path.endswith("_config.ini")), "")
    if not config:
        raise Refused("The set in force has no _config.ini that would tell how the list of scripts is named.")
    return config.removesuffix("_config.ini") + "_scl.ini", ""
