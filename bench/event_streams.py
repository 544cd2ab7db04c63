"""What open pages cost the api: a hundred event streams of the Overview, against one, at 200 devices.

The stream's address is what Chromium asks for when it shows the page, so that the figure follows the page. Its clients
read all they are sent. Processor time and memory are those of the api's process alone.
"""

import asyncio
import os
import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

from bench import Row
from bench._collecting import cpu_seconds
from bench._face import Face, face

DEVICES = int(os.environ.get("HELIOGRAPH_BENCH_DEVICES", "200"))
FIGURE = f"Event streams: what open pages of a gateway with {DEVICES} devices cost the api"
STREAMS = int(os.environ.get("HELIOGRAPH_BENCH_STREAMS", "100"))
SECONDS = float(os.environ.get("HELIOGRAPH_BENCH_SECONDS", "30"))
SETTLE_SECONDS = 5.0
MEGABYTE = 1_000_000
CORE_SHARE = 0.75
"""Of one core: the rest is for everything else that the api answers."""


def run() -> Iterator[Row]:
    yield from asyncio.run(measure())


async def measure() -> list[Row]:
    """Nobody, one, and many."""
    async with face(DEVICES) as served:
        address = await stream_address(served.url)
        nobody, one, many = [await watched(served, address, count) for count in (0, 1, STREAMS)]
    return list(_rows(nobody, one, many))


async def stream_address(url: str) -> str:
    """Where the Overview's stream is, as a browser asks for it."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = await browser.new_page()
        async with page.expect_response(_is_stream) as asked:
            await page.goto(url)
        found = (await asked.value).url
        await browser.close()
    return found


def _is_stream(response) -> bool:
    return "text/event-stream" in response.headers.get("content-type", "")


async def watched(served: Face, address: str, count: int) -> dict[str, float]:
    """Open so many streams; return the share of a core, the memory, and what each client got a second."""
    clients = [Client(address) for _ in range(count)]
    reading = [asyncio.create_task(client.read()) for client in clients]
    await asyncio.sleep(SETTLE_SECONDS)
    cpu, received, began = cpu_seconds(served.process), sum(c.bytes for c in clients), asyncio.get_running_loop().time()
    await asyncio.sleep(SECONDS)
    took = asyncio.get_running_loop().time() - began
    found = {
        "share": (cpu_seconds(served.process) - cpu) / took,
        "memory": served.process.memory_info().rss / MEGABYTE,
        "bytes": (sum(c.bytes for c in clients) - received) / took / max(1, count),
        "open": sum(not task.done() for task in reading),
        "refused": sum(client.refused for client in clients),
    }
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    return found


class Client:
    """One page that is open."""

    def __init__(self, address: str) -> None:
        self._address = urlsplit(address)
        self.bytes = 0
        self.refused = False

    async def read(self) -> None:
        """Read the stream until it ends."""
        where = self._address
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        try:
            asked = (
                f"GET {where.path}?{where.query} HTTP/1.1\r\nHost: {where.netloc}\r\nAccept: text/event-stream\r\n\r\n"
            )
            writer.write(asked.encode())
            self.refused = b" 200 " not in await reader.readline()
            while not self.refused and (chunk := await reader.read(65_536)):
                self.bytes += len(chunk)
        finally:
            writer.close()


def _rows(nobody: dict[str, float], one: dict[str, float], many: dict[str, float]) -> Iterator[Row]:
    for what, found in (("nobody looks", nobody), ("1 stream: baseline", one), (f"{STREAMS} streams", many)):
        yield Row(f"{what}: share of a core, memory", f"{found['share']:.1%}, {found['memory']:.0f} MB")
    each = f"{one['bytes'] / 1000:.1f} kB, {many['bytes'] / 1000:.1f} kB"
    whole = many["bytes"] >= 0.8 * one["bytes"]
    yield Row("  a client gets a second: of 1, of many", each, "≥ 80 % of one's", whole)
    still = many["open"] == STREAMS and not many["refused"]
    yield Row(f"  open at the end of {STREAMS}", f"{many['open']:.0f}, {many['refused']:.0f} refused", "all", still)
    yield Row("  many / one: processor", f"{many['share'] / max(one['share'], 0.001):.1f}")
    met = many["share"] <= CORE_SHARE
    yield Row("  share of a core with all open", f"{many['share']:.1%}", f"≤ {CORE_SHARE:.0%}", met)
    more = many["memory"] - one["memory"]
    yield Row("  memory of each further stream", f"{1000 * more / max(1, STREAMS - 1):.0f} kB")
