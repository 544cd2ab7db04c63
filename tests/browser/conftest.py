"""Pages in Debian's Chromium: one browser a worker, one api with a plausible gateway a module, a page a test.

Tests take `phone` or `desk` and mark their module with `pytestmark = pytest.mark.asyncio(loop_scope="session")`: the
browser, the api and the tests live in one loop.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from heliograph.api import view
from heliograph.contract import Service, status
from heliograph.runtime import Bus
from support.apis import Api, served
from support.nats import Broker
from support.plausible import Peers
from support.plausible_commands import Commands
from support.seen import accessible, fits, reported
from support.servers import need, program
from support.waiting import LIMIT_SECONDS, until

PATIENCE_MS = 90_000
"""Of Playwright, which counts real time: the machine may be busy."""
DESK = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Gateway:
    """The api and who is played round it."""

    api: Api
    peers: Peers
    commands: Commands

    @property
    def url(self) -> str:
        return self.api.url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, as Debian has it."""
    need("chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--process-per-site"]
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(executable_path=program("chromium"), args=flags) as chromium,
    ):
        yield chromium


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """A plausible gateway that said once how it is."""
    directory = tmp_path_factory.mktemp("gateway")
    broker = Broker(directory)
    broker.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            for module in (status, view):
                patch.setattr(module, "SILENCE_SECONDS", 3600)
            async with _gateway(broker, directory) as known:
                yield known
    finally:
        broker.stop()


@asynccontextmanager
async def _gateway(broker: Broker, directory: Path) -> AsyncIterator[Gateway]:
    async with AsyncExitStack() as stack:
        services = (Service.SYNC, Service.COLLECTOR, Service.COMMANDS, Service.API)
        buses = [await stack.enter_async_context(Bus(broker.settings(service), service)) for service in services]
        async with asyncio.timeout(LIMIT_SECONDS):
            await asyncio.gather(*(bus.wait_connected() for bus in buses))
        sync, collector, commands, own = buses
        peers, played = Peers(sync, collector), Commands(commands)
        peers.revisions.is_checking = True
        await peers.configure()
        await peers.serve()
        await played.serve()
        api = await stack.enter_async_context(served(broker, own, directory / "api"))

        async def seen() -> bool:
            await peers.report()
            await played.report()
            known = (await api.get("/api/v1/status")).json()
            return all((known["devices"], known["servers"], known["scripts"]))

        await until(seen)
        yield Gateway(api, peers, played)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rooms(browser: Browser, gateway: Gateway) -> AsyncIterator[Callable[..., Awaitable[BrowserContext]]]:
    """Give `await rooms(PHONE, "dark")`: where an operator is logged in, made once a module."""
    made: dict[tuple[int, str], BrowserContext] = {}
    async with AsyncExitStack() as stack:

        async def room(size: dict, scheme: str) -> BrowserContext:
            key = (size["viewport"]["width"], scheme)
            if key not in made:
                options = {"base_url": gateway.url, "color_scheme": scheme, "reduced_motion": "reduce", **size}
                made[key] = await stack.enter_async_context(await browser.new_context(**options))
                made[key].set_default_timeout(PATIENCE_MS)
                await _log_in(made[key], gateway)
            return made[key]

        yield room


@pytest_asyncio.fixture(loop_scope="session")
async def look(rooms: Callable[..., Awaitable[BrowserContext]], gateway: Gateway) -> AsyncIterator[Callable]:
    """Give `await look(PHONE, "dark")`: a page of an operator's. What it reports fails the test."""
    async with AsyncExitStack() as stack:

        async def looking(size: dict, scheme: str = "light") -> Page:
            page = await (await rooms(size, scheme)).new_page()
            stack.push_async_callback(page.close)
            stack.enter_context(reported(page, gateway.url))
            return page

        yield looking


async def _log_in(context: BrowserContext, gateway: Gateway) -> None:
    form, headers = {"token": gateway.api.token, "next": "/assets/mark.svg"}, {"Origin": gateway.url}
    answer = await context.request.post("/login", form=form, headers=headers, timeout=PATIENCE_MS)
    assert answer.ok, await answer.text()


@pytest_asyncio.fixture(loop_scope="session")
async def desk(look: Callable[..., Awaitable[Page]]) -> Page:
    """A page on a desk, light."""
    return await look(DESK)


@pytest_asyncio.fixture(loop_scope="session")
async def phone(look: Callable[..., Awaitable[Page]]) -> Page:
    """A page on a phone, dark, with touch."""
    return await look(PHONE, "dark")


@pytest.fixture
def axe() -> Callable[[Page], Awaitable[None]]:
    """Give `await axe(page)`: fails with what stands in the way of people, and where the page is too wide."""

    async def checked(page: Page) -> None:
        await fits(page)
        await accessible(page)

    return checked


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], Awaitable[None]]:
    """Give `await picture(page, "alarms")`: kept as `alarms.png` where pictures are asked for (`--screenshots DIR`)."""
    directory = request.config.getoption("--screenshots")

    async def taken(page: Page, name: str) -> None:
        if directory:
            os.makedirs(directory, exist_ok=True)  # noqa: PTH103  # pathlib is not to be used in coroutines
            await page.screenshot(path=f"{directory}/{name}.png")

    return taken
