"""A factory reset as sync carries it out, against a real broker: results first, then everything, then a first start."""

import asyncio
import json
import sqlite3
from contextlib import closing, suppress

import pytest

from heliograph.contract import (
    ApiState,
    CollectorState,
    CommandResults,
    CommandsState,
    CommandText,
    ConnectRequest,
    FactoryRequest,
    Outcome,
    Record,
    RestartNotice,
    Revision,
    Service,
    ServiceState,
    Way,
)
from heliograph.contract.channels import (
    COMMAND_TEXTS,
    CONFIGURATION,
    CONNECT,
    FACTORY,
    RECORDS,
    RESTART,
    RESULTS,
    STATE,
)
from heliograph.runtime import Bus, BusError, NoAnswer, SystemClock
from heliograph.sync import resetting, wiping
from heliograph.sync.database import open_database
from heliograph.sync.kept.kept import NAME as KEPT
from heliograph.sync.lasting import gather, put_back
from heliograph.sync.mailbox import Mailbox, Message
from heliograph.sync.resetfile import NAME, Order, ResetFile, Step
from heliograph.sync.tables import StampRow
from support.samples import record
from support.sets import UID
from support.syncing import Running, plant_set, until

LIMIT = 60
STATES = {Service.COLLECTOR: CollectorState, Service.COMMANDS: CommandsState, Service.API: ApiState}
COMMAND = f"/CMD/{UID}_cmd.json"


class HastyClock(SystemClock):
    """Waits pass fifty times as fast."""

    def monotonic(self) -> float:
        return super().monotonic() * 50

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 50)


class Others:
    """The other services, played: each tells that it did its part as soon as it hears of it, unless it is away."""

    def __init__(self, buses: dict[Service, Bus]) -> None:
        self.buses = buses
        self.away: set[Service] = set()
        self.notices: list[RestartNotice] = []
        self.revisions: list[int] = []

    async def begin(self) -> None:
        for service, bus in self.buses.items():
            await bus.subscribe(RESTART, lambda notice, service=service: self._hear(service, notice))

    async def _hear(self, service: Service, notice: RestartNotice) -> None:
        self.notices.append(notice)
        if service not in self.away and notice.factory:
            state = STATES[service](time=1, started=1, reset=notice.time)
            await self.buses[service].store(STATE, state, service=service)


@pytest.fixture
async def others(connect) -> Others:
    played = Others({service: await connect(service) for service in STATES})
    await played.begin()
    return played


@pytest.fixture
def running(broker, tmp_path) -> Running:
    made = Running(broker, tmp_path, gateway_set=plant_set(tmp_path / "set"))
    made.clock = HastyClock()
    return made


def order(running: Running) -> Order | None:
    return ResetFile(running.settings.state_dir).read()


def kept(running: Running) -> set[str]:
    return {path.name for path in running.settings.state_dir.iterdir()}


async def ask(others: Others, confirm: str = UID) -> Outcome:
    """Ask as the commands do, until sync answers."""
    commands = others.buses[Service.COMMANDS]
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                return await commands.request(FACTORY, FactoryRequest(confirm=confirm, origin="command"), timeout=2)
            except NoAnswer:
                await asyncio.sleep(0.05)


async def configured(running: Running) -> None:
    """Return when the set is in force and lies beside the database as well."""
    await until((running.settings.state_dir / "last-set" / "manifest.json").exists)


async def asked_for(running: Running, others: Others) -> None:
    """Run until a confirmed order ends sync."""
    async with running.run():
        await configured(running)
        assert (await ask(others)).error == ""
        await asyncio.wait({running.work}, timeout=LIMIT)
    assert order(running).step is Step.DELETING


async def carried_out(running: Running) -> None:
    async with running.run():
        await asyncio.wait({running.work}, timeout=LIMIT)
        assert running.work.done()


async def test_an_order_without_the_uid_is_refused_and_its_answer_does_not_tell_it(running, others):
    async with running.run():
        await configured(running)
        for confirm in ("", UID.lower(), f"{UID} ", "é"):
            answer = await ask(others, confirm)
            assert "nothing was deleted" in answer.error
            assert UID not in answer.error
    assert order(running) is None


async def test_everything_goes_and_the_next_start_is_a_first_one(running, others, tmp_path):
    await asked_for(running, others)
    collector, state = others.buses[Service.COLLECTOR], running.settings.state_dir
    await collector.store(RECORDS, record(), "box.1", device="1")
    (state / "unreadable").mkdir()
    (state / "unreadable" / "x.json").write_text("{}")
    await carried_out(running)
    assert kept(running) == {NAME}
    assert (order(running).step, order(running).silent) == (Step.DELETED, ())
    assert {notice.factory for notice in others.notices} == {True}

    revisions: list[Revision] = []

    async def take(revision: Revision) -> None:
        revisions.append(revision)

    await collector.watch(CONFIGURATION, take)
    assert revisions == [], "the old configuration is gone from the bus as well"
    async with running.run():
        await configured(running)
        await until(lambda: revisions)
        await until(lambda: order(running) is None)
    assert {revision.number for revision in revisions} == {1}
    assert running.names(1, "DATA") == []


async def stored(bus: Bus, made: Record) -> None:
    """Store a record as soon as sync made the stream for it."""
    async with asyncio.timeout(LIMIT):
        while True:
            with suppress(BusError):
                return await bus.store(RECORDS, made, "box.1", device=made.device)
            await asyncio.sleep(0.05)


def records_for_looking_back(running: Running) -> int:
    """How many are kept; none where there is no file of them."""
    file = running.settings.state_dir / KEPT
    if not file.exists():
        return 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as kept_file, suppress(sqlite3.OperationalError):
        return kept_file.execute("SELECT count(*) FROM record").fetchone()[0]
    return 0


async def test_the_records_kept_for_looking_back_go_as_the_rest(running, others):
    async with running.run():
        await configured(running)
        lately = record(time=int(SystemClock().time() * 1000) - 60_000)
        await stored(others.buses[Service.COLLECTOR], lately)
        await until(lambda: records_for_looking_back(running) == 1)
        assert (await ask(others)).error == ""
        await asyncio.wait({running.work}, timeout=LIMIT)
    await carried_out(running)
    assert [name for name in kept(running) if name.startswith(KEPT)] == []
    async with running.run():
        await configured(running)
        await until(lambda: order(running) is None)
        await until((running.settings.state_dir / KEPT).exists)
        assert records_for_looking_back(running) == 0


async def test_results_reach_the_server_before_anything_is_deleted(running, others, monkeypatch):
    monkeypatch.setattr(resetting, "DELIVERY_SECONDS", 1e9)
    running.servers[1].files[COMMAND] = b'[{"rpcName": "sunpm.factory"}]'
    commands = others.buses[Service.COMMANDS]
    texts: list[CommandText] = []

    async def take(some: list[CommandText]) -> None:
        texts.extend(some)

    async with running.run():
        await configured(running)
        reading = asyncio.create_task(commands.consume(COMMAND_TEXTS, take, _never, key=Way.FILE))
        await _connected(running, others)
        await until(lambda: texts)
        assert (await ask(others)).error == ""
        await asyncio.sleep(resetting.GRACE_SECONDS / 10)
        assert order(running).step is Step.ASKED, "somebody still waits"
        results = CommandResults(identity=texts[0].identity, way=Way.FILE, text='[{"result": "OK", "callerId": null}]')
        await commands.store(RESULTS, results, results.identity, way=Way.FILE)
        await asyncio.wait({running.work}, timeout=LIMIT)
        reading.cancel()
    (name,) = [name for name in running.names(1, "CMD") if "_ACK_" in name]
    assert json.loads(running.servers[1].files[f"/CMD/{name}"])[0]["result"] == "OK"
    assert order(running).step is Step.DELETING


async def test_a_server_that_is_not_reached_holds_nothing_up_for_ever(running, others, monkeypatch):
    monkeypatch.setattr(resetting, "DELIVERY_SECONDS", 5.0)
    monkeypatch.setattr("heliograph.sync.app.Sync._is_settled", lambda _: False)
    await asked_for(running, others)


def test_no_further_command_is_taken_in_once_the_reset_is_certain(bench):
    bench.servers[1].files[COMMAND] = b'[{"rpcName": "sunpm.status"}]'
    bench.mailbox.close()
    bench.visit(1)
    assert COMMAND in bench.servers[1].files
    assert not bench.mailbox.has_room(), "messages stay with their broker"


async def test_a_command_file_that_could_not_be_deleted_is_not_run_after_the_reset(running, others, monkeypatch):
    monkeypatch.setattr(Mailbox, "wait", lambda _: None)  # nobody executes commands here
    running.servers[1].files[COMMAND] = b'[{"rpcName": "sunpm.factory"}]'
    running.servers[1].forbidden.add("/CMD")
    async with running.run():
        await configured(running)
        await _connected(running, others)
        await until(lambda: _inbox(running))
        ResetFile(running.settings.state_dir).write(_certain(running))
    await asked_by_disk(running)
    await carried_out(running)
    async with running.run():
        await configured(running)
        running.servers[1].forbidden.clear()
        await _connected(running, others)
        await until(lambda: COMMAND not in running.servers[1].files)
        assert _inbox(running) == [True], "known, and never handed to the commands"


async def test_a_service_that_is_away_is_told_until_it_did_its_part(running, others, monkeypatch):
    findings: list[str] = []

    async def take(state: ServiceState) -> None:
        findings.extend(getattr(state, "findings", ()))

    others.away.add(Service.API)
    await asked_for(running, others)
    await others.buses[Service.API].watch(STATE, take)
    async with running.run():
        await until(lambda: any(text.endswith("waiting for api") for text in findings))
        monkeypatch.setattr(wiping, "SERVICES_SECONDS", 0.0)
        await asyncio.wait({running.work}, timeout=LIMIT)
    assert order(running).silent == (Service.API,)
    others.notices.clear()
    async with running.run():
        await until(lambda: others.notices)
        assert order(running) is not None
        others.away.clear()
        await until(lambda: order(running) is None)


async def test_a_stop_in_the_middle_is_gone_on_with_at_the_next_start(running, others):
    others.away |= set(STATES)
    await asked_for(running, others)
    async with running.run():
        await until(lambda: others.notices)
    assert order(running).step is Step.DELETING
    assert "sync.db" in kept(running)
    others.away.clear()
    await carried_out(running)
    assert kept(running) == {NAME}


async def test_a_kill_after_the_own_disk_is_empty_is_gone_on_with(running, others):
    await asked_for(running, others)
    for path in running.settings.state_dir.iterdir():
        if path.is_file() and path.name != NAME:
            path.unlink()
    await carried_out(running)
    assert (kept(running), order(running).step) == ({NAME}, Step.DELETED)


async def test_a_kill_between_the_order_and_its_results_only_delays_it(running, others):
    async with running.run():
        await configured(running)
        ResetFile(running.settings.state_dir).write(_certain(running))
    await asked_by_disk(running)


def test_what_outlives_a_reset_is_put_into_the_new_database(bench, tmp_path):
    bench.mailbox.take_message(Message(7, "t", b"[]", 4, duplicate=False, retained=False))
    with bench.database.write() as session:
        session.add_all(StampRow(server=n, directory="DirData", seconds=100 * n) for n in (1, 9))
    lasting = gather(bench.database)
    fresh, _ = open_database(tmp_path / "fresh.db", "240601_120000")
    for _ in range(2):  # a kill may repeat it
        put_back(fresh, lasting)
    with fresh.read() as session:
        assert {session.get_one(StampRow, (n, "DirData")).seconds for n in (0, 1, 2)} == {900}
    fresh.close()
    bench.directory = tmp_path / "again"
    bench.directory.mkdir()
    bench.again()
    put_back(bench.database, lasting)
    for server in (1, 2):
        assert not bench.mailbox.take_message(Message(server, "t", b"[]", 4, duplicate=True, retained=False))
        assert bench.mailbox.take_message(Message(server, "t", b"[{}]", 4, duplicate=True, retained=False))


def test_an_order_that_cannot_be_read_counts_for_nothing(tmp_path):
    (tmp_path / NAME).write_text('{"time": 1, "step": "everything"}')
    assert ResetFile(tmp_path).read() is None


async def asked_by_disk(running: Running) -> None:
    """Run sync on a disk that holds a certain order: it goes on without being asked again."""
    async with running.run():
        await asyncio.wait({running.work}, timeout=LIMIT)
    assert order(running).step is Step.DELETING


def _certain(running: Running) -> Order:
    return Order(time=int(running.clock.time() * 1000), step=Step.ASKED)


def _inbox(running: Running) -> list[bool]:
    """Of each command file that was taken in, whether it was handed to the commands."""
    with closing(sqlite3.connect(running.settings.state_dir / "sync.db", timeout=LIMIT)) as database:
        return [bool(published) for (published,) in database.execute("SELECT published FROM inbox")]


async def _connected(running: Running, others: Others) -> None:
    """Ask for a connection to the main server."""
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                answer = await others.buses[Service.API].request(CONNECT, ConnectRequest(server=1), timeout=5)
            except (NoAnswer, BusError):
                answer = None
            if answer is not None and not answer.error:
                return
            await asyncio.sleep(0.05)


async def _never(message: object) -> None:
    raise AssertionError(message)
