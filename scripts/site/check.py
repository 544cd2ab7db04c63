"""Reads the built documentation site as it is used in a plant without internet: whole, searched, and of its own alone.

`python scripts/site/check.py site` names each file with what it would load from elsewhere, a block shown as text, or
a page that does not begin with what it is for; it ends with status 1 when there is any.
"""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

_LOADING: Final = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "object": "data"}
_LOADED_RELATIONS: Final = {"stylesheet", "preload", "preconnect", "icon", "manifest", "dns-prefetch", "modulepreload"}
_FOREIGN: Final = re.compile(r"\s*(https?:)?//", re.IGNORECASE)
_STYLE_URL: Final = re.compile(r"(?:url\(|@import)\s*['\"]?\s*((?:https?:)?//[^'\")\s]+)", re.IGNORECASE)


INDEX: Final = "search/search_index.js"
"""What the search reads where there is no server."""
_PURPOSE: Final = re.compile(r"</h1>\s*(?:<!--.*?-->\s*)*<p>", re.DOTALL)
_BROKEN_BLOCK: Final = re.compile(r"<p>(?:```|~~~)")


def main(arguments: list[str]) -> int:
    """Check the site in a directory; return the exit status."""
    site = Path(arguments[0])
    found = [f"{path.relative_to(site)}: {address}: would be loaded from elsewhere" for path, address in foreign(site)]
    found += [f"{path.relative_to(site)}: {fault}" for path, fault in poor_pages(site)]
    if not (site / INDEX).exists():
        found.append(f"{site} holds no {INDEX}: build it first, with the plugins search and offline")
    sys.stderr.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


def poor_pages(site: Path) -> Iterator[tuple[Path, str]]:
    """Pages of the documents that a reader cannot use as they are."""
    for path in sorted(site.rglob("*.html")):
        if path.relative_to(site).parts[0] in ("repository", "404.html"):
            continue
        html = path.read_text(encoding="utf-8")
        if _BROKEN_BLOCK.search(html):
            yield path, "a block is shown as text"
        if not _PURPOSE.search(html):
            yield path, "the first paragraph, what the page is for, is missing"


def foreign(site: Path) -> Iterator[tuple[Path, str]]:
    """What would be loaded from another host, with the file that says so."""
    for path in sorted(site.rglob("*.html")):
        reader = _Loads()
        reader.feed(path.read_text(encoding="utf-8"))
        yield from ((path, address) for address in reader.addresses if _FOREIGN.match(address))
    for path in sorted(site.rglob("*.css")):
        yield from ((path, address) for address in _STYLE_URL.findall(path.read_text(encoding="utf-8")))


class _Loads(HTMLParser):
    """Collects the addresses that a browser loads by itself, not those that a reader may follow."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take one element."""
        given = {name: value or "" for name, value in attrs}
        if tag in _LOADING:
            self.addresses.append(given.get(_LOADING[tag], ""))
        if tag == "link" and set(given.get("rel", "").split()) & _LOADED_RELATIONS:
            self.addresses.append(given.get("href", ""))
        self.addresses += _STYLE_URL.findall(given.get("style", ""))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
