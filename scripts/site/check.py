"""Reads the built documentation site: nothing of it may be loaded from elsewhere, for a plant has no internet.

`python scripts/site/check.py site` names each file with what it would load, and ends with status 1 when there is any.
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


def main(arguments: list[str]) -> int:
    """Check the site in a directory; return the exit status."""
    site = Path(arguments[0])
    found = [f"{path.relative_to(site)}: {address}" for path, address in foreign(site)]
    pages = sum(1 for _ in site.rglob("*.html"))
    if not pages:
        found.append(f"{site} holds no page: build it first")
    sys.stderr.writelines(f"{line}: would be loaded from elsewhere\n" for line in found)
    return 1 if found else 0


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
