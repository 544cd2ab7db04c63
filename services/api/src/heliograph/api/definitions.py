"""The definitions that a device can have: those of the set, those of the library, and one that is being tried."""

import asyncio
from collections import Counter
from typing import Literal

from heliograph.api.devicebodies import DefinitionChecked, DefinitionList, DefinitionRow
from heliograph.api.library import shipped
from heliograph.api.models import finding_rows
from heliograph.api.view import View
from heliograph.formats import parse_definition


async def known(view: View) -> DefinitionList:
    """All of them: those of the set first."""
    files = view.revision.files if view.revision else {}
    used = Counter(device.definition for device in view.devices())
    own = [_row(path[4:], "set", text, used[path[4:]]) for path, text in files.items() if path.startswith("DEF/")]
    library = [
        _row(entry.name, "library", entry.text).model_copy(
            update={"port": _number(entry.port), "unit": _number(entry.unit)}
        )
        for entry in await asyncio.to_thread(shipped)
    ]
    return DefinitionList(definitions=(*sorted(own, key=lambda row: row.name), *library))


async def checked(text: bytes, file: str) -> DefinitionChecked:
    """What a text says as a definition, and what is wrong with it."""
    read, findings = await asyncio.to_thread(parse_definition, text, f"DEF/{file}")
    rows = finding_rows(map(str, findings))
    if read is None:
        return DefinitionChecked(usable=False, findings=rows)
    return DefinitionChecked(
        usable=True,
        protocol=read.protocol.value,
        category=read.category,
        manufacturer=read.manufacturer,
        model=read.model,
        variables=len(read.variables),
        recorded=len(read.recorded),
        findings=rows,
    )


def _row(name: str, source: Literal["set", "library"], text: str, used: int = 0) -> DefinitionRow:
    """What the first line tells: the whole is read when it is chosen."""
    first = next((line for line in text.lstrip("\ufeff").splitlines() if line.strip(" ;")), "")
    protocol, category, manufacturer, model = [part.strip() for part in (first.split(";") + [""] * 4)[:4]]
    return DefinitionRow(
        name=name,
        source=source,
        protocol=protocol,
        category=category,
        manufacturer=manufacturer,
        model=model,
        used=used,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
