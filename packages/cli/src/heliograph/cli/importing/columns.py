"""Which column of a register table holds what, by the names that people give them. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, get_args

from heliograph.cli.importing.grid import Row
from heliograph.cli.importing.imported import Unreadable

Role = Literal["address", "name", "type", "count", "scale", "gain", "unit", "access", "function", "description", "tag"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
HEAD_ROWS: Final = 60
"""A header stands among the first rows; before it are titles and notes."""

SPELLINGS: Final[Mapping[Role, Sequence[str]]] = {
    "address": (
        "address", "addr", "addr.", "register", "register address", "register addr", "reg", "reg.", "reg addr",
        "start address", "start register", "starting address", "modbus address", "modbus register", "protocol address",
        "address (dec)", "address dec", "register number", "register no", "no. of register", "adresse", "adr", "adr.",
        "registeradresse", "startadresse", "modbus adresse", "modbusadresse", "registre", "adresse registre",
        "adresse modbus", "offset", "地址", "寄存器地址",
    ),
    "name": (
        "name", "signal", "signal name", "parameter", "parameter name", "variable", "variable name", "point",
        "data name", "register name", "label", "value", "bezeichnung", "bezeichner", "signalname", "messwert", "größe",
        "nom", "désignation", "grandeur", "paramètre", "名称", "信号名称",
    ),
    "type": (
        "type", "data type", "datatype", "format", "data format", "value type", "datentyp", "typ", "datenformat",
        "type de données", "format de données", "数据类型", "类型",
    ),
    "count": (
        "count", "length", "size", "quantity", "number", "no. of registers", "number of registers", "register count",
        "registers", "words", "word count", "num", "qty", "anzahl", "länge", "anzahl register", "anzahl der register",
        "nombre", "taille", "longueur", "nb registres", "nombre de registres", "数量", "长度", "寄存器数量",
    ),
    "scale": (
        "scale", "scaling", "scale factor", "factor", "multiplier", "resolution", "accuracy", "ratio", "precision",
        "skalierung", "faktor", "auflösung", "multiplikator", "échelle", "facteur", "résolution", "比例", "精度",
    ),
    "gain": ("gain", "divisor", "divider", "divide by", "teiler", "diviseur", "增益"),
    "unit": ("unit", "units", "uom", "einheit", "unité", "unités", "单位"),
    "access": (
        "access", "r/w", "rw", "read/write", "permission", "permissions", "read-write", "readable/writable", "ro/rw",
        "zugriff", "lesen/schreiben", "accès", "lecture/écriture", "读写", "读写属性",
    ),
    "function": (
        "function", "function code", "fc", "func", "func.", "function codes", "register type", "table", "object type",
        "modbus function", "funktion", "funktionscode", "registertyp", "fonction", "code fonction", "功能码",
    ),
    "description": (
        "description", "remark", "remarks", "comment", "comments", "note", "notes", "definition", "beschreibung",
        "bemerkung", "kommentar", "hinweis", "remarque", "commentaire", "备注", "说明",
    ),
    "tag": ("tag",),
}  # fmt: skip

_ROLE_OF: Final = {spelling: role for role, spellings in SPELLINGS.items() for spelling in spellings}
_NOISE: Final = re.compile(r"\s*[(\[\uff08].*?[)\]\uff09]\s*")


def role_of(text: str) -> Role | None:
    """Return what a column of this name holds."""
    plain = " ".join(text.replace("_", " ").replace("\n", " ").casefold().split()).strip(" :*")
    for form in (plain, plain.rstrip("."), _NOISE.sub(" ", plain).strip(), plain.rstrip("s")):
        if form in _ROLE_OF:
            return _ROLE_OF[form]
    return None


def find_columns(rows: Sequence[Row], named: Mapping[Role, str]) -> tuple[Row, dict[Role, int]]:
    """Return the header and the place of each column; `named` are those that a person named.

    The header is the row that names the most columns, an address and a name or description among them. Raises
    `Unreadable`.
    """
    best: tuple[Row, dict[Role, int]] | None = None
    for row in rows[:HEAD_ROWS]:
        found = _columns_of(row, named)
        is_header = "address" in found and ("name" in found or "description" in found)
        if is_header and (best is None or len(found) > len(best[1])):
            best = (row, found)
    if best is None:
        raise Unreadable(
            "no row of it names a column of addresses and one of names; say which they are: "
            '--column address="…" --column name="…"'
        )
    header, columns = best
    for role, text in named.items():
        if role not in columns:
            raise Unreadable(f"row {header.number} has no column {text!r}; it has {', '.join(map(repr, header.cells))}")
    columns.setdefault("name", columns.get("description", 0))
    return best


def _columns_of(row: Row, named: Mapping[Role, str]) -> dict[Role, int]:
    found: dict[Role, int] = {}
    for role, text in named.items():
        if text in row.cells:
            found[role] = row.cells.index(text)
    taken = set(found.values())
    for place, cell in enumerate(row.cells):
        known = None if place in taken else role_of(cell)
        if known is not None:
            found.setdefault(known, place)
    return found
