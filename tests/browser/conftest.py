"""Pages in Chromium: one browser and one api with a plausible gateway a worker, and one page of each size for all.

Tests take `page` and run twice: on a phone in the dark, with touch, and on a desk in the light. They mark their module
with `pytestmark = pytest.mark.asyncio(loop_scope="session")`: browser, api and tests live in one loop.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from support.nats import Broker
from support.pictures import take
from support.plausible_gateway import Gateway, plausible_gateway
from support.seen import Reports, accessible, fits
from support.servers import need, program

PATIENCE_MS = 60_000
"""Of Playwright, which counts real time: the machine may be busy."""
SIZES = {
    "phone": {
        "viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "color_scheme": "dark",
    },
    "desk": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
}  # fmt: skip
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--process-per-site"]
OpenContext = Callable[[str, str], Awaitable[BrowserContext]]
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Room:
    """Where an operator is logged in: one page, and what it reports."""

    page: Page
    reports: Reports


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium without a window, as Debian has it."""
    need("chromium-headless-shell")
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(executable_path=program("chromium-headless-shell"), args=FLAGS) as chromium,
    ):
        yield chromium


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def played(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """The gateway that all tests look at."""
    directory = tmp_path_factory.mktemp("gateway")
    broker = Broker(directory)
    broker.start()
    try:
        async with plausible_gateway(broker, directory) as known:
            yield known
    finally:
        broker.stop()


@pytest.fixture
def gateway(played: Gateway) -> Gateway:
    """A plausible gateway, as at first."""
    played.forget()
    return played


@pytest.fixture(scope="package")
def open_context(browser: Browser, request: pytest.FixtureRequest) -> OpenContext:
    """Give `await open_context(url, "phone")`: where nobody is logged in."""
    # Twice as sharp takes four times as long to draw, and is seen in pictures alone.
    scale = 2 if request.config.getoption("--screenshots") else 1

    async def opened(url: str, size: str) -> BrowserContext:
        sharp = {"device_scale_factor": scale if size == "phone" else 1}
        context = await browser.new_context(base_url=url, reduced_motion="reduce", **SIZES[size], **sharp)
        context.set_default_timeout(PATIENCE_MS)
        return context

    return opened


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def rooms(open_context: OpenContext, played: Gateway) -> AsyncIterator[Callable[[str], Awaitable[Room]]]:
    """Give `await rooms("phone")`: made once."""
    made: dict[str, Room] = {}
    async with AsyncExitStack() as stack:

        async def room(size: str) -> Room:
            if size not in made:
                context = await stack.enter_async_context(await open_context(played.url, size))
                await _log_in(context, played)
                made[size] = Room(await context.new_page(), Reports(played.url))
                made[size].reports.watch(made[size].page)
            return made[size]

        yield room


@pytest_asyncio.fixture(params=list(SIZES), loop_scope="session")
async def page(
    request: pytest.FixtureRequest, rooms: Callable[[str], Awaitable[Room]], gateway: Gateway
) -> AsyncIterator[Page]:
    """An operator's page of each size. What it reports fails the test."""
    del gateway  # is as at first
    room = await rooms(request.param)
    with room.reports.failing():
        yield room.page
        await room.page.goto("about:blank")


async def _log_in(context: BrowserContext, gateway: Gateway) -> None:
    form, headers = {"token": gateway.api.token, "next": "/assets/mark.svg"}, {"Origin": gateway.url}
    answer = await context.request.post("/login", form=form, headers=headers, timeout=PATIENCE_MS)
    assert answer.ok, await answer.text()


@pytest.fixture
def axe() -> Callable[..., Awaitable[None]]:
    """Give `await axe(page, "#part")`: fails with what stands in the way of people, and where the page is too wide."""

    async def checked(page: Page, part: str = "") -> None:
        await fits(page)
        await accessible(page, part)

    return checked


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[..., Awaitable[None]]:
    """Give `await picture(page, "alarms")`: kept as `alarms.png` where pictures are asked for (`--screenshots DIR`).

    Those of the desk have the plain name, those of the phone end with `-phone`.
    """
    directory = request.config.getoption("--screenshots")

    async def taken(page: Page, name: str, part: str = "body") -> None:
        if directory:
            await take(page, Path(directory), name, part)

    return taken
