"""How register tables write addresses, types, factors and access, in one reading each. Pure."""

import re
from typing import Final

from heliograph.cli.importing.imported import Swap
from heliograph.formats.definition import Table

_RANGE: Final = re.compile(r"\s*(?:-|–|—|~|…|\.\.+|to|bis|à|至)\s*")
_PREFIX: Final = re.compile(r"([134](?=\s*[xX:])|0(?=\s*:))\s*[xX:]\s*([0-9]{1,5})")
_HEX: Final = re.compile(r"0x([0-9a-f]{1,6})|([0-9a-f]{1,6})h", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[0-9]{1,3}(?:[,.' ][0-9]{3})+|[0-9]{1,6}")
_MODICON_DIGITS: Final = 6

_PREFIXES: Final = {"0": Table.COIL, "1": Table.DISCRETE_INPUT, "3": Table.INPUT_REGISTER, "4": Table.HOLDING_REGISTER}
_FUNCTIONS: Final = {
    "1": Table.COIL, "5": Table.COIL, "15": Table.COIL, "2": Table.DISCRETE_INPUT, "3": Table.HOLDING_REGISTER,
    "6": Table.HOLDING_REGISTER, "16": Table.HOLDING_REGISTER, "10": Table.HOLDING_REGISTER, "4": Table.INPUT_REGISTER,
}  # fmt: skip
_WORDS: Final = (
    ("holding", Table.HOLDING_REGISTER), ("input reg", Table.INPUT_REGISTER), ("analog input", Table.INPUT_REGISTER),
    ("discrete", Table.DISCRETE_INPUT), ("digital input", Table.DISCRETE_INPUT), ("input status", Table.DISCRETE_INPUT),
    ("coil", Table.COIL), ("input", Table.INPUT_REGISTER), ("hold", Table.HOLDING_REGISTER),
)  # fmt: skip

_WORDS_OF_NUMBERS: Final = re.compile(
    r"(?:UNSIGNED|SIGNED|INTEGER|FLOATINGPOINT|FLOAT|REAL|IEEE754|IEEE|BITFIELD|BITMAP|ENUM|ACC|BITS?|LONG|SHORT|WORD"
    r"|UINT|SINT|INT|UI|SI|FP|U|S|I|F|8|16|32|64)+"
)
_BITS: Final = re.compile(r"8|16|32|64")
_FLOATS: Final = re.compile(r"F|REAL|IEEE")
_UNSIGNED: Final = re.compile(r"UNSIGNED|U|ENUM|BITFIELD|BITMAP|ACC|WORD")
_NAMED: Final = {
    "WORD": "U16", "USHORT": "U16", "UNSIGNEDSHORT": "U16", "UINT": "U16", "UNSIGNED": "U16", "UNSIGNEDINT": "U16",
    "INT": "I16", "SHORT": "I16", "SIGNED": "I16", "SINT": "I16", "INTEGER": "I16", "SIGNEDINT": "I16",
    "DWORD": "U32", "UDINT": "U32", "ULONG": "U32", "UNSIGNEDLONG": "U32", "DINT": "I32", "LONG": "I32",
    "LWORD": "U64", "ULINT": "U64", "LINT": "I64", "FLOAT": "F32", "REAL": "F32", "SINGLE": "F32", "IEEE754": "F32",
    "DOUBLE": "F64", "LREAL": "F64", "SUNSSF": "I16", "ENUM": "U16", "BITFIELD": "U16", "BITMAP": "U16",
    "EPOCHTIME": "U32", "DATETIME": "U32", "MLD": "U16",
}  # fmt: skip
_TEXTS: Final = re.compile(
    r"(?:STR|STRING|ASCII|CHAR|CHARS|TEXT|UTF8|VISIBLESTRING)[(\[]?([0-9]{0,3})(?:BYTES?|CHARS?)?[)\]]?"
)
_BIT: Final = re.compile(r"BOOL(?:EAN)?|BIT")
_ORDERS: Final[tuple[tuple[str, Swap], ...]] = (
    ("CDAB", "_W"), ("DCBA", "_WB"), ("BADC", "_B"), ("ABCD", ""), ("WORDSWAP", "_W"), ("SWAPPED", "_W"),
    ("LITTLEENDIAN", "_WB"), ("BIGENDIAN", ""), ("LSW", "_W"), ("SWAP", "_W"),
)  # fmt: skip


def read_address(text: str) -> tuple[int, int | None, Table | None] | None:
    """Return the first address as written, the last one of a range, and the table that its form names; None for none.

    `4x0001`, `400001` and `300001` name their table and count from 1; they are returned as sent on the wire.
    """
    first, *rest = _RANGE.split(text.strip(), maxsplit=1)
    found = _address(first)
    if found is None:
        return None
    last = _address(rest[0]) if rest else None
    return found[0], last[0] if last else None, found[1]


def _address(text: str) -> tuple[int, Table | None] | None:
    text = text.strip()
    if match := _PREFIX.fullmatch(text):
        return max(0, int(match[2]) - 1), _PREFIXES[match[1]]
    if match := _HEX.fullmatch(text):
        return _within(int(match[1] or match[2], 16))
    if not _PLAIN.fullmatch(text):
        return None
    digits = re.sub(r"[^0-9]", "", text)
    if len(digits) == _MODICON_DIGITS and digits[0] in "34" and 0 < int(digits[1:]) <= 65_536:
        return int(digits[1:]) - 1, _PREFIXES[digits[0]]
    return _within(int(digits))


def _within(address: int) -> tuple[int, Table | None] | None:
    return (address, None) if address <= 65_535 else None


def read_type(text: str, count: int | None) -> tuple[str, int, Swap] | None:
    """Return kind, part (bytes of a text) and suffix of a type; None where it means nothing.

    `count` is the number of registers that the table gives beside it, if it does.
    """
    plain = re.sub(r"[\s_\-/.]", "", text.upper())
    swap: Swap = ""
    for mark, suffix in _ORDERS:
        if mark in plain:
            swap, plain = suffix, plain.replace(mark, "").replace("()", "").strip(",;:")
            break
    if not plain:
        return _by_count(count, swap)
    if match := _TEXTS.fullmatch(plain):
        size = 2 * count if count else int(match[1] or 0)
        return ("String", size, "") if size else None
    if _BIT.fullmatch(plain):
        return "Bits", 0, ""
    kind = _number_kind(plain)
    if kind is None or not count or kind in ("U8", "I8"):
        return None if kind is None else (kind, 0, swap if kind not in ("U16", "I16") or "B" in swap else "")
    return _fitted(kind, count), 0, swap


def _number_kind(plain: str) -> str | None:
    """Return the kind of a number: `UINT32`, `32BITSUNSIGNED`, `INT32U`, `SIGNED16BITINTEGER`."""
    if plain in _NAMED:
        return _NAMED[plain]
    bits = _BITS.findall(plain.replace("754", ""))
    if len(bits) != 1 or not _WORDS_OF_NUMBERS.fullmatch(plain):
        return None
    words = plain.replace("BITFIELD", "ENUM")
    if _FLOATS.search(words):
        return f"F{bits[0]}" if bits[0] in ("32", "64") else None
    is_unsigned = bool(_UNSIGNED.search(words)) or words in bits
    return f"{'U' if is_unsigned else 'I'}{bits[0]}"


def _fitted(kind: str, count: int) -> str:
    """Return a kind as wide as the registers that the table gives it: `INT` of two registers is 32 bits wide."""
    bits = {1: "16", 2: "32", 4: "64"}.get(count)
    return f"{kind[0]}{bits}" if bits and not (kind[0] == "F" and bits == "16") else kind


def _by_count(count: int | None, swap: Swap) -> tuple[str, int, Swap] | None:
    kind = {None: "U16", 1: "U16", 2: "U32", 4: "U64"}.get(count)
    return None if kind is None else (kind, 0, swap)


def read_factor(text: str) -> float | None:
    """Return the factor that a text means: `0.1`, `1/10`, `x10`, `10^-1`, `0,1 V`, `*0.01`; None for none."""
    plain = text.strip().replace(",", ".").replace("×", "").lstrip("xX*").strip()
    if match := re.match(r"10\s*(?:\^|\*\*)\s*\(?([-+]?[0-9]{1,2})\)?", plain):
        return float(10.0 ** int(match[1]))
    if match := re.match(r"([0-9.]+)\s*/\s*([0-9.]+)", plain):
        return _quotient(match[1], match[2])
    if match := re.match(r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]{1,2})?", plain):
        number = float(match[0])
        return number or None
    return None


def _quotient(above: str, below: str) -> float | None:
    try:
        return float(above) / float(below) or None
    except (ValueError, ZeroDivisionError):
        return None


def read_table(text: str) -> Table | None:
    """Return the table that a function code or a word names; None for none."""
    plain = text.casefold()
    for word, table in _WORDS:
        if word in plain:
            return table
    match = re.search(r"(?:0x)?0?([0-9]{1,2})", plain)
    return _FUNCTIONS.get(match[1]) if match else None


def is_writable(text: str) -> bool:
    """Tell whether the access that a table gives allows writing."""
    plain = text.casefold()
    return bool(re.search(r"w|schreib|écri|写", plain))


def is_readable(text: str) -> bool:
    """Tell whether the access that a table gives allows reading."""
    plain = text.casefold().replace("write", "").replace("écriture", "")
    return not text.strip() or bool(re.search(r"r|les|lec|读", plain)) or not is_writable(text)
