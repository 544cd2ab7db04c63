"""What a browser showed: a page that fails the test by what it reports, rules of accessibility, and its width."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import ConsoleMessage, Page, Request

PHONE_PIXELS = 600
"""A narrower page is a phone's."""
EVERYTHING = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
LOOKS = {
    "type": "rule",
    "values": ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"],
}
"""What depends on size and colours: the rest of a page is the same on a desk as on a phone."""
_EXPECTED = "Failed to load resource: the server responded with a status of"
"""Chromium's line for every refusal; what a page makes of one is tested by what it shows."""


@dataclass
class Reports:
    """What a page reported that it should not have: errors, breaches of its policy, requests to elsewhere."""

    url: str
    lines: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.lines.append(f"error: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_EXPECTED):
            self.lines.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "blob:", "about:")):
            self.lines.append(f"request to elsewhere: {request.url}")

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Fail at the end of the block with whatever was reported in it."""
        self.lines.clear()
        yield
        assert not self.lines, "\n".join(self.lines)


async def accessible(page: Page, part: str = "") -> None:
    """Fail with what the page, or a part of it, does against WCAG 2.2 AA; a desk's is asked for its looks alone."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    options = {"runOnly": EVERYTHING if is_phone(page) else LOOKS, "resultTypes": ["violations"], "preload": False}
    found = await page.evaluate(_RUN, [part or None, options])
    assert not found, "\n".join(map(_told, found))


def is_phone(page: Page) -> bool:
    """Whether it has the size of a phone."""
    return (page.viewport_size or {"width": 0})["width"] < PHONE_PIXELS


async def fits(page: Page) -> None:
    """Fail where the page is wider than the screen."""
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide: {await page.evaluate(_WIDEST)}"


def _told(violation: dict) -> str:
    places = "\n".join(f"    {node['target']}: {node['failureSummary']}" for node in violation["nodes"][:5])
    return f"{violation['id']} ({violation['impact']}): {violation['help']}\n{places}"


_RUN = "async ([part, rules]) => (await axe.run(part || document, rules)).violations"
_WIDEST = """() => [...document.querySelectorAll("main *")]
  .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .slice(0, 5).map((e) => `<${e.tagName.toLowerCase()} class="${e.className}" id="${e.id}">`)"""
