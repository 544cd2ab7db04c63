"""The bus against a real broker: nothing is let go before the next step holds on."""

import asyncio
import gc
import shutil

import pytest

from heliograph.contract import (
    ConnectRequest,
    EditRequest,
    Outcome,
    Reading,
    Revision,
    Service,
)
from heliograph.contract.channels import ALARMS, CONFIGURATION, CONNECT, EDIT, LIVE, RECORDS, STREAMS
from heliograph.runtime import Bus, BusUnavailable, NoAnswer, Outgoing, TooLarge, Unreadable
from heliograph.runtime.bus import MAX_PAYLOAD
from support.samples import record

LIMIT = 60


def outgoing(number: int) -> Outgoing:
    payload = record(number)
    return Outgoing(RECORDS, {"device": "1"}, payload.model_dump_json().encode(), payload.identity)


async def until_away(*buses: Bus) -> None:
    async with asyncio.timeout(LIMIT):
        while any(bus.connected for bus in buses):
            await asyncio.sleep(0.02)


class Reader:
    """Takes what a work queue hands over."""

    def __init__(self) -> None:
        self.sequences: list[int] = []
        self.unreadable: list[Unreadable] = []
        self.fail = 0
        self.news = asyncio.Event()

    async def take(self, records: list) -> None:
        if self.fail:
            self.fail -= 1
            raise OSError("the disk is away")
        self.sequences += [r.sequence for r in records]
        self.news.set()

    async def keep(self, message: Unreadable) -> None:
        self.unreadable.append(message)
        self.news.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(LIMIT):
            while len(self.sequences) < count:
                self.news.clear()
                await self.news.wait()


@pytest.fixture
async def sync(connect) -> Bus:
    bus = await connect(Service.SYNC)
    await bus.ensure_streams()
    return bus


@pytest.fixture
async def collector(connect, sync) -> Bus:
    return await connect(Service.COLLECTOR)


async def reading(bus: Bus, reader: Reader) -> asyncio.Task:
    return asyncio.create_task(bus.consume(RECORDS, reader.take, reader.keep))


async def test_batch_arrives_whole_and_in_order(sync, collector):
    await collector.store_batch([outgoing(n) for n in range(1, 301)])
    reader = Reader()
    task = await reading(sync, reader)
    await reader.until(300)
    task.cancel()
    assert reader.sequences == list(range(1, 301))


async def test_what_the_handler_failed_on_comes_again_before_anything_newer(sync, collector):
    reader = Reader()
    reader.fail = 1
    await collector.store_batch([outgoing(1), outgoing(2)])
    task = await reading(sync, reader)
    while reader.fail:
        await asyncio.sleep(0.01)
    await collector.store_batch([outgoing(3), outgoing(4)])
    await reader.until(4)
    task.cancel()
    assert reader.sequences == [1, 2, 3, 4]


async def test_a_reader_that_died_holding_messages_gets_them_first_when_it_is_back(sync, collector):
    held = asyncio.Event()

    async def die(_: list) -> None:
        held.set()
        await asyncio.sleep(3600)

    await collector.store_batch([outgoing(1), outgoing(2)])
    dying = asyncio.create_task(sync.consume(RECORDS, die, Reader().keep))
    await asyncio.wait_for(held.wait(), LIMIT)
    dying.cancel()
    await collector.store_batch([outgoing(3), outgoing(4)])
    reader = Reader()
    task = await reading(sync, reader)
    await reader.until(4)
    task.cancel()
    assert reader.sequences == [1, 2, 3, 4]


async def test_unreadable_message_is_handed_over_once_and_does_not_block(sync, collector):
    reader = Reader()
    task = await reading(sync, reader)
    await collector.store(RECORDS, b'{"no": "record"}', device="1")
    await collector.store(RECORDS, record(5), device="1")
    await reader.until(1)
    task.cancel()
    assert reader.sequences == [5]
    assert [m.data for m in reader.unreadable] == [b'{"no": "record"}']


async def test_bus_away_is_said_at_once_and_the_reader_goes_on_after_it(broker, sync, collector):
    reader = Reader()
    task = await reading(sync, reader)
    await collector.store_batch([outgoing(1)])
    await reader.until(1)
    broker.stop()
    await until_away(collector, sync)
    with pytest.raises(BusUnavailable):
        await collector.store_batch([outgoing(2)])
    broker.start()
    await asyncio.wait_for(collector.wait_connected(), LIMIT)
    await asyncio.wait_for(sync.wait_connected(), LIMIT)
    await collector.store_batch([outgoing(2)])
    async with asyncio.timeout(LIMIT):
        while 2 not in reader.sequences:
            await asyncio.sleep(0.02)
    task.cancel()
    # The acknowledgement of the first may have died with the broker: then it comes again, and never out of order.
    assert list(dict.fromkeys(reader.sequences)) == [1, 2]


async def test_lost_store_is_made_again_by_sync(broker, sync, collector):
    broker.stop()
    await until_away(collector, sync)
    shutil.rmtree(broker.directory / "store")
    broker.start()
    await asyncio.wait_for(sync.wait_connected(), LIMIT)
    await asyncio.wait_for(collector.wait_connected(), LIMIT)
    with pytest.raises(BusUnavailable):
        await collector.store_batch([outgoing(1), outgoing(2)])
    await sync.ensure_streams()
    await collector.store_batch([outgoing(1), outgoing(2)])


async def test_last_value_reaches_who_comes_late_and_who_was_there(sync, connect):
    early: list[int] = []
    late: list[int] = []
    api = await connect(Service.API)
    news = asyncio.Event()

    def into(numbers: list[int]):
        async def take(revision: Revision) -> None:
            numbers.append(revision.number)
            news.set()

        return take

    await api.watch(CONFIGURATION, into(early))
    revision = Revision(number=1, time=0, origin="test", uid="WPM000001")
    await sync.store(CONFIGURATION, revision)
    await sync.store(CONFIGURATION, revision.model_copy(update={"number": 2}))
    commands = await connect(Service.COMMANDS)
    await commands.watch(CONFIGURATION, into(late))
    async with asyncio.timeout(LIMIT):
        while early[-1:] != [2] or late[-1:] != [2]:
            news.clear()
            await news.wait()
    assert late == [2]


async def test_what_comes_while_the_last_value_is_handled_waits_for_its_end(sync, connect):
    """A slow handler gets values one after the other, the newest last."""
    revision = Revision(number=0, time=0, origin="test", uid="WPM000001")
    await sync.store(CONFIGURATION, revision)
    api = await connect(Service.API)
    began, seen = asyncio.Event(), []

    async def take(offered: Revision) -> None:
        began.set()
        if offered.number == 0:
            await asyncio.sleep(0.3)
        seen.append(offered.number)

    watching = asyncio.create_task(api.watch(CONFIGURATION, take))
    async with asyncio.timeout(LIMIT):
        await began.wait()
        await sync.store(CONFIGURATION, revision.model_copy(update={"number": 1}))
        await watching
        while len(seen) < 2:
            await asyncio.sleep(0.02)
    assert seen == [0, 1]


async def test_what_is_too_large_for_a_message_is_said_plainly(sync, connect):
    api = await connect(Service.API)

    async def handle(_: ConnectRequest) -> Outcome:
        return Outcome(error="x" * MAX_PAYLOAD)

    await sync.serve(CONNECT, handle)
    answer = await api.request(CONNECT, ConnectRequest(), timeout=LIMIT)
    assert answer.error == "the answer to 'connect': 8,388,620 bytes in one message, and the bus carries 8,388,608"
    edit = EditRequest(files={"DEF/m.csv": "x" * 9_000_000}, origin="REST")
    with pytest.raises(TooLarge, match="bytes in one message, and the bus carries 8,388,608"):
        await api.request(EDIT, edit, timeout=LIMIT)


async def test_request_is_answered_by_its_one_reader(sync, connect):
    api = await connect(Service.API)

    async def handle(request: ConnectRequest) -> Outcome:
        return Outcome(error="" if request.server == 1 else "no such server")

    with pytest.raises(NoAnswer):
        await api.request(CONNECT, ConnectRequest(server=1), timeout=LIMIT)
    await sync.serve(CONNECT, handle)
    assert await api.request(CONNECT, ConnectRequest(server=1), timeout=LIMIT) == Outcome()
    assert (await api.request(CONNECT, ConnectRequest(server=2), timeout=LIMIT)).error == "no such server"


async def test_a_request_that_comes_before_every_subscription_is_renewed_is_answered(broker, connect):
    """The broker knows the first subscription and not yet the last: what it brings must not be left unanswered."""
    api, rest = await connect(Service.API), asyncio.Event()

    async def answer(request: ConnectRequest) -> Outcome:
        return Outcome(error=f"seen {request.server}")

    async with Bus(broker.settings(Service.SYNC), Service.SYNC) as sync:
        await sync.serve(CONNECT, answer)
        sync._connection._subscriptions.append(rest.wait)
        async with asyncio.timeout(LIMIT):
            while (said := await asked(api)) is None:
                pass
        assert (said, sync.connected) == ("seen 1", False)
        rest.set()


async def asked(api: Bus) -> str | None:
    """The answer to a request, or None while nobody is there to be asked."""
    try:
        return (await api.request(CONNECT, ConnectRequest(server=1), timeout=LIMIT)).error
    except NoAnswer:
        return None


async def test_a_service_may_do_only_what_the_table_says(sync, connect):
    api = await connect(Service.API)
    collector = await connect(Service.COLLECTOR)
    heard: list[Reading] = []

    async def hear(reading: Reading) -> None:
        heard.append(reading)

    forbidden = await asyncio.gather(
        api.store(RECORDS, record(1), device="1"),
        api.store(ALARMS, b"{}", service="api"),
        collector.ensure_streams(),
        return_exceptions=True,
    )
    assert [type(error) for error in forbidden] == [BusUnavailable] * 3
    await api.subscribe(LIVE, hear)
    await api.publish(LIVE, Reading(device="1", name="x", time=0, values={}), device="1")
    await collector.publish(LIVE, Reading(device="2", name="y", time=0, values={"1": 5}), device="2")
    async with asyncio.timeout(LIMIT):
        while not heard:
            await asyncio.sleep(0.02)
    assert [r.device for r in heard] == ["2"]


def test_every_stream_is_bounded():
    assert all(stream.max_bytes > 0 for stream in STREAMS)


# nats-py leaves the socket of a client that was sent away to the garbage collector, which warns.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
async def test_a_broker_that_sent_the_client_away_is_joined_anew(broker, sync, connect):
    """A wrong password at a reconnection makes nats-py give up for good; the service must not."""
    api = await connect(Service.API)
    heard = asyncio.Event()

    async def hear(_: Reading) -> None:
        heard.set()

    await api.subscribe(LIVE, hear)
    good = broker.config.read_text()
    broker.stop()
    await until_away(api, sync)
    broker.config.write_text(good.replace("secret-api", "another"))
    broker.start()
    await asyncio.wait_for(sync.wait_connected(), LIMIT)
    assert not api.connected
    broker.stop()
    await until_away(sync)
    broker.config.write_text(good)
    broker.start()
    await asyncio.wait_for(api.wait_connected(), LIMIT)
    collector = await connect(Service.COLLECTOR)
    await collector.publish(LIVE, Reading(device="2", name="y", time=0, values={"1": 5}), device="2")
    await asyncio.wait_for(heard.wait(), LIMIT)
    del api
    gc.collect()
