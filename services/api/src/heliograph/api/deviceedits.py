"""Devices added, changed and removed: each an edit of the configuration, checked or applied (spec 1.7)."""

import asyncio
from collections.abc import Callable
from typing import Final, NoReturn

from fastapi.exceptions import RequestValidationError

from heliograph.api import configuration as asked
from heliograph.api.devicebodies import ChangedDevice, DefinitionChoice, DeviceDone, NewDevice
from heliograph.api.devicechanges import Change, Chosen, with_changed, with_new, without
from heliograph.api.deviceline import Faults, LineFaults
from heliograph.api.deviceplaces import placed, places
from heliograph.api.errors import NotThere, Overtaken, Refused, SetRefused
from heliograph.api.library import shipped_as
from heliograph.api.sets import EditDone
from heliograph.api.view import View
from heliograph.contract import EditRequest, Revision

TRIES: Final = 3
"""Of an edit that is overtaken by another one: what it changes is computed anew each time."""
COLUMNS: Final = {
    "name": "name",
    "interface": "interface",
    "address": "address",
    "period_seconds": "acqPeriod(s)",
    "timeout_ms": "timeout(ms)",
}
Made = Callable[[Revision], Change]


async def add(view: View, body: NewDevice, origin: str, *, is_check: bool) -> DeviceDone:
    """Add a device, or only check it. Raises as `configuration.edit`, and what tells of single fields."""
    chosen, cells, serial = await _chosen(body), _cells(body), body.serial.model_dump()
    made = lambda revision: with_new(revision.files, revision.uid, cells, chosen, serial)  # noqa: E731
    return await _edited(view, made, origin, "is configured", is_check=is_check)


async def change(view: View, index: str, body: ChangedDevice, origin: str, *, is_check: bool) -> DeviceDone:
    """Change a device, or only check that; raises as `add`, and `NotThere`."""
    chosen = await _chosen(body) if body.definition or body.library else None
    cells, serial = _cells(body), body.serial.model_dump()
    made = lambda revision: with_changed(revision.files, revision.uid, index, cells, chosen, serial)  # noqa: E731
    return await _edited(view, made, origin, "is changed", is_check=is_check)


async def remove(view: View, index: str, origin: str, *, is_check: bool) -> DeviceDone:
    """Remove a device, or only check that; its records stay. Raises as `add`, and `NotThere`."""
    made = lambda revision: without(revision.files, revision.uid, index)  # noqa: E731
    return await _edited(view, made, origin, "is not polled any more; its records stay", is_check=is_check)


async def _edited(view: View, made: Made, origin: str, what: str, *, is_check: bool) -> DeviceDone:
    for left in reversed(range(TRIES)):
        revision = view.revision
        if revision is None:
            raise Refused("No configuration is in force yet: put a whole set into the set directory first.")
        edit = await asyncio.to_thread(_made, made, revision)
        request = EditRequest(files=edit.files, origin=origin, based_on=revision.number, only_check=is_check)
        try:
            return _done(edit, await asked.edit(view, request), what, is_check=is_check)
        except Overtaken:
            if not left:
                raise
        except SetRefused as refused:
            raise SetRefused(refused.detail, refused.findings, places(edit, refused.findings)) from refused
    raise Refused("The configuration changes all the time; try again.")


def _made(made: Made, revision: Revision) -> Change:
    """What is to be edited. Raises what becomes a problem document."""
    try:
        return made(revision)
    except LineFaults as error:
        _tell(error.faults)
    except LookupError as error:
        raise NotThere(f"There is no device with the index {error}; /api/v1/devices lists them.") from error
    except ValueError as error:
        raise Refused(f"Nothing was changed: {error}.") from error


def _tell(faults: Faults) -> NoReturn:
    raise RequestValidationError([{"loc": ("body", field), "msg": text} for field, text in faults.items()])


def _done(edit: Change, done: EditDone, what: str, *, is_check: bool) -> DeviceDone:
    same = f" {edit.same_place} is at the same place." if edit.same_place else ""
    count = len(edit.files)
    changing = "1 file of the set changes" if count == 1 else f"{count} files of the set change"
    checked = f"Nothing stands against it: {changing}." if is_check else ""
    return DeviceDone(
        index=edit.device.index,
        name=edit.device.name,
        checked=is_check,
        revision=None if is_check else done.revision,
        provisional=done.provisional,
        files=tuple(sorted(edit.files)),
        line=edit.line,
        findings=placed(edit, done.findings),
        detail=f"{checked or f'{edit.device.name} {what}. {done.detail}'}{same}",
    )


async def _chosen(body: DefinitionChoice) -> Chosen:
    if not body.library:
        return Chosen(body.definition, body.text)
    entry = await asyncio.to_thread(shipped_as, body.library)
    if entry is None:
        _tell({"library": f"the library has no {body.library!r}; GET /api/v1/definitions lists what it has"})
    return Chosen(f"{entry.name}.csv", entry.text, is_shipped=True)


def _cells(body: NewDevice | ChangedDevice) -> dict[str, str]:
    given = body.model_dump(include=set(COLUMNS), exclude_none=True)
    return {COLUMNS[field]: str(value) for field, value in given.items()}
