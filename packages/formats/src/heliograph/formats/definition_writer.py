"""Writes definition files: anew, or over one that stands so that all else in it stays byte for byte (spec 2.2)."""

from dataclasses import replace

from heliograph.formats.cells import SEPARATOR, is_blank
from heliograph.formats.definition import Definition, Variable
from heliograph.formats.definition_parser import parse_definition
from heliograph.formats.draft import draft_of
from heliograph.formats.variable_parser import COLUMNS


def write_definition(definition: Definition, base: bytes = b"") -> bytes:
    """Return a file that reads as `definition`: `base` with the lines that differ changed, removed or added.

    Lines of variables are told by their Index; the digest is that of the new file. Raises `ValueError` if `base` has
    errors, or if a value can't stand in such a file.
    """
    before = None
    if base:
        before, _ = parse_definition(base, definition.file)
        if before is None:
            raise ValueError("the file that is to be rewritten has errors")
    draft = draft_of(base)
    old = {variable.index: variable for variable in before.variables} if before else {}
    first = next((line.number for line in draft.lines if not is_blank(line.text)), 0)
    if before is None:
        draft.added[0].append(_first_line(definition))
    elif _first_line(before) != _first_line(definition):
        draft.replaced[first] = _first_line(definition)
    rows = [_row(variable, old.get(variable.index)) for variable in definition.variables]
    draft.merge(rows, {variable.line for variable in old.values()}, first)
    content = draft.encode()
    if _placeless(parse_definition(content, definition.file)[0]) != _placeless(definition):
        raise ValueError("a value of this definition can't stand in a definition file")
    return content


def _first_line(definition: Definition) -> str:
    names = [definition.written_protocol, definition.category, definition.manufacturer, definition.model]
    return SEPARATOR.join(names if definition.forced_write is None else [*names, str(definition.forced_write)])


def _row(variable: Variable, old: Variable | None) -> tuple[int | None, str | None]:
    if old is None:
        return None, _text(variable)
    return old.line, None if replace(variable, line=old.line) == old else _text(variable)


def _text(variable: Variable) -> str:
    cells = dict(zip(COLUMNS[1:5], variable.info, strict=True)) | {
        "Index": variable.index,
        "Name": variable.name,
        "Tag": variable.tag,
        "CoefA": _number(variable.coef_a, 1),
        "CoefB": _number(variable.coef_b, 0),
        "Unit": variable.unit,
        "Action": str(variable.action),
    }
    return SEPARATOR.join(cells[column] for column in COLUMNS)


def _number(value: float, default: float) -> str:
    return "" if value == default else repr(value).removesuffix(".0")


def _placeless(definition: Definition | None) -> Definition | None:
    if definition is None:
        return None
    variables = tuple(replace(variable, line=0) for variable in definition.variables)
    return replace(definition, variables=variables, digest="")
