"""A debug bundle on its way: followed step by step, stopped, taken back, downloaded in parts, known after a restart."""

import asyncio
import base64
import threading

import pytest

from heliograph.contract import (
    BundleAnswer,
    BundlePartRequest,
    BundleRequest,
    BundleStage,
    StopBundle,
    SyncState,
)
from heliograph.formats.names import FileKind, OutgoingName
from heliograph.sync.bundles import Bundles
from heliograph.sync.bundling import PART_BYTES, STOPPED, Bundling
from heliograph.sync.desk import Desk
from heliograph.sync.keys import Keys
from heliograph.sync.ledger import BUNDLES
from heliograph.sync.owndisk import OwnDisk
from heliograph.sync.support import Support
from support.bundles import unpacked
from support.waiting import LIMIT_SECONDS

OWN = SyncState(time=1_717_243_200_000, started=0, revision=1)
ASKED = BundleRequest(origin="web page: anna")


class Making:
    """Makes what a test says, when it says so."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.content = bytes(range(256)) * 4096

    def answer(self, request, own, course) -> BundleAnswer:
        del own
        course.step(BundleStage.GATHERING)
        assert self.go.wait(LIMIT_SECONDS)
        course.step(BundleStage.PACKING)
        course.content = self.content
        return BundleAnswer(name="b.tar.gz", bytes=len(self.content), servers=(1, 2) if request.send else ())


@pytest.fixture
def making() -> Making:
    return Making()


@pytest.fixture
def bundling(site, making):
    """Give `bundling(support)`: its wiring, anew as after a restart; server 2 has yet to get what is sent."""

    def wired(support=making, waits=lambda number: number == 2) -> Bundling:
        return Bundling(
            support, Bundles(site.database), site.directory, OwnDisk(site.diary), site.clock,
            own=lambda: OWN, waits=waits, changed=lambda: None,
        )  # fmt: skip

    return wired


async def begun(part: Bundling, request: BundleRequest = ASKED) -> asyncio.Task[BundleAnswer]:
    task = asyncio.create_task(part.make(request))
    async with asyncio.timeout(LIMIT_SECONDS):
        while part.state() is None or part.state().stage is not BundleStage.GATHERING:
            await asyncio.sleep(0)
    return task


async def test_it_is_followed_from_gathering_to_the_servers(bundling, making):
    part = bundling()
    assert part.state() is None
    task = await begun(part)
    assert part.state().origin == "web page: anna"
    making.go.set()
    assert (await task).error == ""
    state = part.state()
    assert (state.stage, state.servers, state.waiting) == (BundleStage.MADE, (1, 2), (2,))


async def test_it_is_stopped_while_it_is_made_and_the_next_one_may_be_made(bundling, making):
    part = bundling()
    task = await begun(part)
    assert (await part.stop(StopBundle())).error == ""
    making.go.set()
    assert (await task).error == STOPPED
    assert part.state().stage is BundleStage.STOPPED
    assert (await part.make(ASKED)).error == ""
    assert part.state().stage is BundleStage.MADE


async def test_the_last_one_comes_in_parts_and_is_known_after_a_restart(bundling, making):
    making.go.set()
    await bundling().make(BundleRequest(origin="CLI", send=False))
    part = bundling()
    state = part.state()
    assert (state.name, state.servers, state.origin) == ("b.tar.gz", (), "CLI")
    got = b""
    while len(got) < state.bytes:
        piece = await part.part(BundlePartRequest(name="b.tar.gz", offset=len(got)))
        assert piece.total == state.bytes
        got += base64.b64decode(piece.content)
        assert len(got) % PART_BYTES == 0 or len(got) == state.bytes
    assert got == making.content
    assert "only the last" in (await part.part(BundlePartRequest(name="older.tar.gz"))).error
    (part_file,) = part._file.parent.glob("last-bundle.tar.gz")  # its name is its own
    part_file.write_bytes(b"half")
    assert bundling().state() is None, "a file that does not fit what is known of it is none"


async def test_one_that_waits_is_taken_back_unless_a_server_gets_it(site, bundling):
    desk = Desk(site.configuration, site.revisions, dict, Keys(site.directory / "keys"))
    support = Support(
        site.database, site.configuration, desk,
        site.history, site.diary, site.clock, site.parts.concealed, broker=lambda: "",
    )  # fmt: skip
    waits = lambda number: bool(site.ledger.count_waiting(number, BUNDLES))  # noqa: E731
    part = bundling(support, waits)
    assert "no debug bundle" in (await part.stop(StopBundle())).error
    made = await part.make(ASKED)
    assert (made.error, part.state().waiting) == ("", (1, 2))
    site.connect(1)
    assert part.state().waiting == (2,)
    assert (await part.stop(StopBundle())).error == ""
    state = part.state()
    assert (state.stage, state.servers, state.waiting) == (BundleStage.STOPPED, (1,), ())
    site.connect(2)
    assert made.name in site.on().keys() | {path.rpartition("/")[2] for path in site.worlds["alpha"].files}
    assert not any(path.endswith(made.name) for path in site.worlds["beta"].files)
    assert "no debug bundle" in (await part.stop(StopBundle())).error
    piece = await part.part(BundlePartRequest(name=made.name))
    assert "README.txt" in unpacked(base64.b64decode(piece.content))


def test_what_a_server_has_begun_to_get_is_not_withdrawn(site):
    bundles = Bundles(site.database)
    bundles.keep(OutgoingName("WPM00C44F", FileKind.BUNDLE, 1_717_243_200_000), b"x")
    assert bundles.withdraw()
    assert not bundles.withdraw()
