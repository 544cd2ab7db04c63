"""Pictures of pages for the documents, as small as pngquant makes them: 256 colours are enough for a page."""

import asyncio
import os
from pathlib import Path

from playwright.async_api import Page

from support.seen import is_phone
from support.servers import need

DOCUMENTED = {
    "overview", "device", "device-phone", "add-device", "detection", "servers", "command-form", "configuration-edit",
    "script-edit", "log", "system",
}  # fmt: skip
"""What the documents show."""
MOST_PIXELS = 1000
"""Of a page, from its top or from that of a part on."""
LIMIT_SECONDS = 60
_PLACE = """(part) => [
  document.querySelector(part).getBoundingClientRect().top + scrollY, document.documentElement.scrollHeight,
]"""


async def take(page: Page, directory: Path, name: str, part: str = "body") -> None:
    """Keep what is seen of a page as `<name>.png`, of a phone as `<name>-phone.png`, where the documents show it."""
    named = f"{name}-phone" if is_phone(page) else name
    if named not in DOCUMENTED:
        return
    need("pngquant")
    os.makedirs(directory, exist_ok=True)  # noqa: PTH103  # pathlib is not to be used in coroutines
    path = directory / f"{named}.png"
    top, height = await page.evaluate(_PLACE, part)
    clip = {"x": 0, "y": top, "width": page.viewport_size["width"], "height": min(MOST_PIXELS, height - top)}
    await page.screenshot(path=path, full_page=True, clip=clip, scale="css", animations="disabled", caret="hide")
    process = await asyncio.create_subprocess_exec(
        "pngquant", "--force", "--strip", "--speed", "1", "--ext", ".png", "256", str(path)
    )
    async with asyncio.timeout(LIMIT_SECONDS):
        assert await process.wait() == 0
