"""How fast pages come to a browser: Overview and one device, of a gateway with 200 devices, in headless Chromium.

Each load is a first one, without anything in the browser's cache. It is rendered when all that belongs to it was
fetched and painted, the plot of a device with its library and its records among it. The baseline is a page of plain
table rows, as many bytes of HTML, from the same server in the same run; loads of both alternate.
"""

import asyncio
import os
import re
import shutil
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from bench import Row
from bench._face import bare, face, size_of

DEVICES = int(os.environ.get("HELIOGRAPH_BENCH_DEVICES", "200"))
FIGURE = f"Pages of a gateway with {DEVICES} devices, in headless Chromium"
LOADS = int(os.environ.get("HELIOGRAPH_BENCH_LOADS", "7"))
SCRIPT_LIMIT = 100_000
PLOTS = re.compile("plot", re.IGNORECASE)
"""In the name of a script that draws plots: not counted as loaded before them."""
LIMIT_MS = 60_000
RENDERED = """
() => new Promise(done => {
  const plots = document.getElementsByClassName("plot");
  const painted = () => requestAnimationFrame(() => requestAnimationFrame(() => {
    const [page] = performance.getEntriesByType("navigation");
    done({first: page.responseStart - page.requestStart, whole: performance.now()});
  }));
  const drawn = () => Array.from(plots).every(plot => plot.querySelector("canvas")) ? painted() : setTimeout(drawn, 5);
  document.readyState === "complete" ? drawn() : addEventListener("load", drawn);
})
"""


@dataclass
class Load:
    """One load of a page: milliseconds to the first byte and to all rendered; what was fetched for it."""

    first: float
    whole: float
    requests: int
    bytes: int
    scripts: int


def run() -> Iterator[Row]:
    yield from asyncio.run(measure())


async def measure() -> list[Row]:
    """Load each page and its baseline in turn."""
    from playwright.async_api import async_playwright

    rows: list[Row] = []
    with bare() as plain:
        async with face(DEVICES) as served, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            await load(browser, f"{plain}/bytes/1000")  # the browser itself is warm then
            for name, path in (("Overview", "/"), ("one device", "/devices/1")):
                size = await asyncio.to_thread(size_of, served.url + path)
                ours, theirs = [], []
                for _ in range(LOADS):
                    theirs.append(await load(browser, f"{plain}/bytes/{size}"))
                    ours.append(await load(browser, served.url + path))
                rows += compared(name, ours, theirs, size)
            await browser.close()
    return rows


async def load(browser, url: str) -> Load:
    """Load one page in a context of its own."""
    context = await browser.new_context()
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    kinds: dict[str, str] = {}
    fetched: dict[str, int] = {}
    session.on("Network.responseReceived", lambda e: kinds.update({e["requestId"]: _kind(e)}))
    session.on("Network.loadingFinished", lambda e: fetched.update({e["requestId"]: int(e["encodedDataLength"])}))
    await page.goto(url, wait_until="commit", timeout=LIMIT_MS)
    async with asyncio.timeout(LIMIT_MS / 1000):
        times = await page.evaluate(RENDERED)
    await context.close()
    scripts = sum(size for request, size in fetched.items() if kinds.get(request) == "Script")
    return Load(times["first"], times["whole"], len(kinds), sum(fetched.values()), scripts)


def compared(name: str, ours: list[Load], theirs: list[Load], size: int) -> Iterator[Row]:
    """The medians of a page and of its baseline."""
    last = ours[-1]
    yield Row(f"{name}: HTML, all that is loaded, requests", f"{size:,} B, {last.bytes:,} B, {last.requests}")
    met = last.scripts < SCRIPT_LIMIT
    yield Row("  script before plots, as it is sent", f"{last.scripts:,} B", f"< {SCRIPT_LIMIT:,} B", met)
    for what, field in (("first byte", "first"), ("all rendered", "whole")):
        page, plain = (statistics.median(getattr(each, field) for each in loads) for loads in (ours, theirs))
        yield Row(
            f"  {what}: page, plain page of its size, ratio",
            f"{page:.0f} ms, {plain:.0f} ms, {page / max(plain, 0.1):.1f}",
        )


def _kind(event) -> str:
    return "Plot" if PLOTS.search(event["response"]["url"]) else event["type"]
