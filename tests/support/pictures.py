"""Pictures of pages for the documents, as small as pngquant makes them: 256 colours are enough for a page."""

import asyncio
import os
from pathlib import Path

from playwright.async_api import Page

from support.servers import need

DOCUMENTED = {
    "overview", "device", "device-phone", "add-device", "detection", "servers", "commands", "configuration-edit",
    "script-edit", "log", "system",
}  # fmt: skip
"""What the documents show."""
PHONE_PIXELS = 600
"""A narrower page is a phone's."""
LIMIT_SECONDS = 60


async def take(page: Page, directory: Path, name: str) -> None:
    """Keep what is seen of a page as `<name>.png`, of a phone as `<name>-phone.png`, where the documents show it."""
    is_phone = (page.viewport_size or {"width": 0})["width"] < PHONE_PIXELS
    named = f"{name}-phone" if is_phone else name
    if named not in DOCUMENTED:
        return
    need("pngquant")
    os.makedirs(directory, exist_ok=True)  # noqa: PTH103  # pathlib is not to be used in coroutines
    path = directory / f"{named}.png"
    await page.screenshot(path=path, scale="css", animations="disabled", caret="hide")
    process = await asyncio.create_subprocess_exec(
        "pngquant", "--force", "--strip", "--speed", "1", "--ext", ".png", "256", str(path)
    )
    async with asyncio.timeout(LIMIT_SECONDS):
        assert await process.wait() == 0
