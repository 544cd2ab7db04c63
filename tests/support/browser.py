"""What a page loads and says, as markup and in a real browser."""

import asyncio
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

LIMIT_SECONDS = 120


class Markup(HTMLParser):
    """What a page loads, and every script, style and handler in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.tags: list[str] = []
        self.inline: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given_ = dict(attrs)
        self.loaded += [v or "" for n, v in attrs if n in ("src", "href", "action", "srcset", "data", "poster")]
        self.inline += [f"{tag} {n}" for n in given_ if n == "style" or n.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given_):
            self.inline.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def seen(html: str) -> str:
    """What a person reads, with plain blanks."""
    return " ".join(" ".join(Markup(html).texts).replace("\u202f", " ").split())


async def browsed(url: str, profile: Path) -> tuple[str, str]:
    """Open a page in Chromium for some seconds; return the document as it is then, and the browser's log."""
    process = await asyncio.create_subprocess_exec(
        *(shutil.which("chromium") or "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
        *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *(f"--user-data-dir={profile}", "--enable-logging=stderr", "--virtual-time-budget=4000", "--dump-dom", url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    async with asyncio.timeout(LIMIT_SECONDS):
        dom, log = await process.communicate()
    return dom.decode(errors="replace"), log.decode(errors="replace")
