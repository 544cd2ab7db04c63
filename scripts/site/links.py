"""The hook of the documentation site (mkdocs.yml): what documents link to outside of `docs/` becomes part of the site.

The documents are read in the repository as well, so their links are those of the repository. Here a Markdown file
outside of `docs/` becomes a page under `repository/`, another file or a directory a listing of it, a JSON file a copy.
A link to what does not exist is left as it is: `--strict` then fails and names it. The page of decisions lists them.
Blocks whose language has a word behind it, by which tests know them, lose that word: the site would not see the block.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

SECTION: Final = "repository"
DOCS: Final = "docs"
_FENCE: Final = re.compile(r"^( *)(```|~~~).*?^\1\2\s*$", re.DOTALL | re.MULTILINE)
_WORD_OF_FENCE: Final = re.compile(r"^( *(?:```|~~~)\w+) \w+$", re.MULTILINE)
_LINK: Final = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")
_OUTSIDE: Final = re.compile(r"[a-z][a-z+.-]*:|#|/", re.IGNORECASE)
README: Final = "README.md"
_AS_PAGE: Final = "readme.md"
"""A page called README would be the head of its section in the navigation, and missing in its list."""
_BOOSTS: Final = {"troubleshoot": 3, "decisions/": 0.3, "contract": 0.3}
"""Who searches the words of a message wants to know what to do, not why it was built so."""
_UNSEARCHED: Final = "---\nsearch:\n  exclude: true\n---\n"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put every decision into the navigation."""
    for entry in config.nav or []:
        if isinstance(entry, dict) and "Decisions" in entry:
            entry["Decisions"] += [f"decisions/{path.name}" for path in _decisions(config)]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add what is linked to outside of `docs/`, and what that links to in its turn."""
    root = Path(config.docs_dir).parent
    waiting = [f"{DOCS}/{file.src_uri}" for file in files.documentation_pages()]
    waiting += [
        path.removeprefix(f"{SECTION}/").replace(_AS_PAGE, README)
        for path in _named(config.nav)
        if path.startswith(f"{SECTION}/")
    ]
    known = set()
    while waiting:
        path = waiting.pop()
        if path in known:
            continue
        known.add(path)
        if not path.startswith(f"{DOCS}/"):
            files.append(_added(path, root, config))
        if path.endswith(".md"):
            waiting += _linked(path, root)
    return files


def on_page_markdown(markdown: str, *, page: Any, config: MkDocsConfig, **_: Any) -> str:
    """Lead links that leave `docs/` to where it is on the site, and have every block seen."""
    root, place = Path(config.docs_dir).parent, page.file.src_uri
    page.meta.setdefault("search", {"boost": next((b for start, b in _BOOSTS.items() if place.startswith(start)), 1)})
    if place == f"decisions/{README}":
        markdown += "\n".join(["", *(f"- [{_heading(path)}]({path.name})" for path in _decisions(config))])
    origin = place.removeprefix(f"{SECTION}/") if place.startswith(f"{SECTION}/") else f"{DOCS}/{place}"

    def led(match: re.Match[str]) -> str:
        target, anchor = _target(match[1], origin)
        if target is None or not (root / target).exists():
            return match[1]
        return posixpath.relpath(_on_site(target, root), posixpath.dirname(place)) + anchor

    return _outside_fences(_WORD_OF_FENCE.sub(r"\1", markdown), lambda text: _LINK.sub(led, text))


def _decisions(config: MkDocsConfig) -> list[Path]:
    return sorted(Path(config.docs_dir, "decisions").glob("[0-9]*.md"))


def _heading(path: Path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def _named(nav: Any) -> Iterator[str]:
    """Every path of the navigation."""
    if isinstance(nav, str):
        yield nav
    for entry in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from _named(entry)


def _linked(path: str, root: Path) -> list[str]:
    """What a Markdown file links to outside of `docs/`."""
    text = _FENCE.sub("", (root / path).read_text(encoding="utf-8"))
    targets = [_target(match, path)[0] for match in _LINK.findall(text)]
    return [t for t in targets if t and not t.startswith(f"{DOCS}/") and t != DOCS and (root / t).exists()]


def _target(link: str, origin: str) -> tuple[str | None, str]:
    """The path in the repository that a link means, and its anchor; None for a link that is none of ours."""
    if _OUTSIDE.match(link):
        return None, ""
    path, sign, anchor = link.partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(origin), path))
    return (None if target.startswith("..") else target), sign + anchor


def _on_site(target: str, root: Path) -> str:
    """Where something of the repository is on the site."""
    if target.startswith(f"{DOCS}/"):
        inside = target.removeprefix(f"{DOCS}/")
        return f"{inside}/{README}" if (root / target).is_dir() else inside
    shown = "/".join(part.lstrip(".") for part in target.split("/"))  # a name with a leading dot is none of the site
    if target.endswith(README):
        return f"{SECTION}/{shown.removesuffix(README)}{_AS_PAGE}"
    return f"{SECTION}/{shown}" if target.endswith((".md", ".json")) else f"{SECTION}/{shown}.md"


def _added(path: str, root: Path, config: MkDocsConfig) -> File:
    place = _on_site(path, root)
    if path.endswith((".md", ".json")):
        return File.generated(config, place, content=(root / path).read_bytes())
    return File.generated(config, place, content=_UNSEARCHED + _listing(path, root))


def _listing(path: str, root: Path) -> str:
    """A file word for word, or the names in a directory."""
    if (root / path).is_dir():
        inside = sorted(p.relative_to(root / path).as_posix() for p in (root / path).rglob("*") if p.is_file())
        text = "\n".join(name for name in inside if "__pycache__" not in name)
    else:
        text = (root / path).read_text(encoding="utf-8", errors="replace")
    return f"# `{path}`\n\n~~~~~~text\n{text}\n~~~~~~\n"


def _outside_fences(markdown: str, change: Any) -> str:
    """Change a text but for its fenced blocks."""
    parts, start = [], 0
    for fence in _FENCE.finditer(markdown):
        parts += [change(markdown[start : fence.start()]), fence[0]]
        start = fence.end()
    return "".join([*parts, change(markdown[start:])])
