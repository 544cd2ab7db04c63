"""What waits for a server that a revision takes out is kept until no service can reject that revision (spec 1.7)."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from heliograph.contract import (
    ApiState,
    CollectorState,
    CommandsState,
    ConnectRequest,
    EditRequest,
    PageRequest,
    RevisionState,
    Service,
)
from heliograph.contract.channels import CONNECT, EDIT, RECORDS, REVISIONS, STATE
from heliograph.runtime import BusError, Outgoing
from heliograph.sync import rollout
from support.samples import record
from support.sets import UID
from support.syncing import Running, plant_set
from support.syncing import until as until_within

ALONE = "SERVER_Type=sftp\nFTP_Address=server1\nFTP_Login=plant\n"
STATES = {Service.COLLECTOR: CollectorState, Service.COMMANDS: CommandsState, Service.API: ApiState}
LATER = 2**42


async def until(holds) -> None:
    """Wait long: a machine may be ten times slower than it should be."""
    await until_within(holds, 60)


@pytest.fixture
def running(broker, tmp_path) -> Running:
    return Running(broker, tmp_path, gateway_set=plant_set(tmp_path / "set"))


class Services:
    """The other services on the bus."""

    def __init__(self, buses) -> None:
        self.buses = buses

    async def ask(self, channel, request):
        return await persist(self.buses[Service.API].request, channel, request, timeout=10)

    async def record(self, number: int) -> None:
        made = record(number, time=1_717_236_000_000 + number * 60_000)
        outgoing = Outgoing(RECORDS, {"device": "1"}, made.model_dump_json().encode(), made.identity)
        await persist(self.buses[Service.COLLECTOR].store_batch, [outgoing])

    async def say(self, service: Service, number: int, rejected: str = "") -> None:
        """Report a revision as applied or rejected."""
        told = {"rejected": rejected, "rejected_revision": number} if rejected else {"revision": number}
        state = STATES[service](time=LATER, started=0, **told)
        await persist(self.buses[service].store, STATE, state, service=service)


@pytest.fixture
async def services(running, connect) -> Services:
    return Services({service: await connect(service) for service in STATES})


async def take_server_2_out(running: Running, services: Services) -> None:
    """A record waits for server 2, and a confirmed revision 2 does not have it any more."""
    await services.record(1)
    await until(lambda: count(running, "record") == 1)
    await services.ask(CONNECT, ConnectRequest(server=1))
    await until(lambda: running.texts(1, "LOG"))
    answer = await services.ask(EDIT, EditRequest(files={f"CONFIG/{UID}_config.ini": ALONE}, origin="REST"))
    assert (answer.error, answer.revision, answer.provisional) == ("", 2, True)


async def persist(ask, *given: object, **named: object):
    """Ask as every service does: again while the bus or who answers is away."""
    while True:
        try:
            return await ask(*given, **named)
        except BusError:
            await asyncio.sleep(0.1)


async def all_is_dropped(running: Running) -> None:
    await until(lambda: count(running, "cursor WHERE server = 2") == 0)
    await until(lambda: count(running, "record") == 0)


def count(running: Running, what: str) -> int:
    with closing(sqlite3.connect(running.settings.state_dir / "sync.db")) as database:
        return database.execute(f"SELECT count(*) FROM {what}").fetchone()[0]


def is_taken_out(running: Running) -> bool:
    return count(running, "destination WHERE NOT configured") == 1


def applied_by(running: Running, one: Service, other: Service) -> bool:
    known = f"key = 'applied by' AND value LIKE '%{one}%' AND value LIKE '%{other}%'"
    return count(running, f"meta WHERE {known}") == 1


async def test_it_goes_when_the_last_service_applied_the_revision_also_after_a_restart(running, services):
    async with running.run():
        await take_server_2_out(running, services)
        await until(lambda: is_taken_out(running))
        await services.say(Service.COLLECTOR, 2)
        await services.say(Service.COMMANDS, 2)
        await until(lambda: applied_by(running, Service.COLLECTOR, Service.COMMANDS))
    async with running.run():
        seen = len(running.texts(1, "LOG"))
        await services.ask(CONNECT, ConnectRequest(server=1))
        await until(lambda: len(running.texts(1, "LOG")) > seen)
        assert count(running, "cursor WHERE server = 2 AND stream = 'records'") == 1
        assert count(running, "record") == 1
        await services.say(Service.API, 2)
        await all_is_dropped(running)
        assert running.texts(2) == []


async def test_it_stays_when_a_service_rejects_the_revision(running, services):
    async with running.run():
        await take_server_2_out(running, services)
        await until(lambda: is_taken_out(running))
        await services.say(Service.COLLECTOR, 2)
        await services.record(2)
        await services.say(Service.API, 2, rejected="two lines on one port")
        await until(lambda: not is_taken_out(running))
        revisions = (await services.ask(REVISIONS, PageRequest(limit=2))).revisions
        assert [r.state for r in revisions] == [RevisionState.IN_FORCE, RevisionState.TAKEN_BACK]
        for service in STATES:
            await services.say(service, 3)
        await services.ask(CONNECT, ConnectRequest())
        await until(lambda: sum(text.count("-10:0") for text in running.texts(2)) == 2)
        await until(lambda: count(running, "record") == 0)


async def test_it_goes_late_when_a_service_says_nothing(running, services, monkeypatch):
    monkeypatch.setattr(rollout, "SILENCE_SECONDS", 0.0)
    async with running.run():
        await take_server_2_out(running, services)
        await all_is_dropped(running)
