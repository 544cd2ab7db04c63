"""What the page and REST are made of, read out of the code: addresses in scripts, imports, functions called."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import heliograph.api
from heliograph.api.auth import Book

API = Path(heliograph.api.__file__).parent
PAGES = API / "pages"
_LITERAL = re.compile(r"[`\"'](?=/[a-z])")


def addresses() -> Iterator[tuple[str, str]]:
    """Each address that a script or a template of the page has in it, with the file; what is filled in reads `{}`."""
    for script in sorted(PAGES.glob("static/*.js")):
        text = script.read_text()
        for match in _LITERAL.finditer(text):
            yield script.name, _plain(text[match.end() :], match[0])
    for template in sorted(PAGES.glob("templates/*.html")):
        for match in re.finditer(r"(?:action|hx-get|hx-post|hx-put|data-path)=\"(/[^\"]*)\"", template.read_text()):
            yield template.name, re.sub(r"{{.*?}}", "{}", match[1]).partition("?")[0]


def _plain(text: str, quote: str) -> str:
    """A literal without its query; each `${…}` in it reads `{}`."""
    plain, depth = "", 0
    for at, letter in enumerate(text):
        if text.startswith("${", at) and not depth:
            plain, depth = plain + "{", 1
        elif depth and letter == "{" and text[at - 1] != "$":
            depth += 1
        elif depth and letter == "}":
            depth -= 1
            plain += "" if depth else "}"
        elif not depth and letter in (quote, "?"):
            break
        elif not depth:
            plain += letter
    return plain


def told_by(file: Path) -> tuple[set[tuple[str, str]], set[str]]:
    """What a module takes from the others of the api – (module, name), of the view (`View`, attribute) – and whose."""
    tree = ast.parse(file.read_text())
    taken: set[tuple[str, str]] = set()
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("heliograph.api"):
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                if file_of(whole):
                    modules[name.asname or name.name] = whole
                else:
                    taken.add((node.module or "", name.name))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            of = node.value
            if isinstance(of, ast.Name) and of.id in modules:
                taken.add((modules[of.id], node.attr))
            if getattr(of, "id", getattr(of, "attr", "")) in ("view", "_view"):
                taken.add(("View", node.attr))
    return taken, {*modules.values(), *(module for module, _ in taken if module != "View")}


def file_of(module: str) -> Path | None:
    """The file of a module of the api."""
    place = API / module.removeprefix("heliograph.api").lstrip(".").replace(".", "/")
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


def taken_by_rest() -> set[tuple[str, str]]:
    """What the routes below `/api/v1`, and all that they are made of, take from the modules of the api."""
    todo: list[Path | None] = [file for file in API.glob("routes/*.py") if '"/api/v1' in file.read_text()]
    seen: set[Path] = set()
    taken: set[tuple[str, str]] = set()
    while todo:
        file = todo.pop()
        if file is None or file in seen or PAGES in file.parents:
            continue
        seen.add(file)
        names, modules = told_by(file)
        taken |= names
        todo += map(file_of, modules)
    return taken


def taken_by_pages() -> set[tuple[str, str]]:
    """What the pages take from the modules of the api beside themselves."""
    names = set().union(*(told_by(file)[0] for file in PAGES.glob("*.py")))
    return {(module, name) for module, name in names if not module.startswith("heliograph.api.pages")}


def reached(function: Any) -> set[str]:
    """Functions of the api that one calls, also through others."""
    found: set[str] = set()
    todo = [function]
    while todo:
        one = todo.pop()
        if not isinstance(one, FunctionType) or f"{one.__module__}.{one.__qualname__}" in found:
            continue
        found.add(f"{one.__module__}.{one.__qualname__}")
        names = set(_names(one.__code__))
        for name in names:
            value = one.__globals__.get(name)
            if isinstance(value, ModuleType):
                todo += [getattr(value, other) for other in names if hasattr(value, other)]
            elif str(getattr(value, "__module__", "")).startswith("heliograph.api"):
                todo.append(value)
            todo.append(getattr(Book, name, None))
    return found


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
