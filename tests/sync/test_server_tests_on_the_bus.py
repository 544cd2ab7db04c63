"""Tests of servers as they are asked for over the bus: told step by step, one at a time, stopped, never in the way."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from heliograph.contract import ServerTestQuery, ServerTestRequest, Service, StepState, StopServerTest
from heliograph.contract.channels import SERVER_TEST_PROGRESS
from heliograph.runtime import SystemClock
from heliograph.sync.errors import AccessError
from heliograph.sync.remote import Access
from heliograph.sync.servertests import ServerTests, Sources
from support.ports import free_port
from support.remote import Pins, file_server, start
from support.syncing import TREE, applied
from support.waiting import until

__all__ = ["start"]


@asynccontextmanager
async def gateway(bus, servers, access):
    """Run the tests of a gateway whose set in force has these servers."""
    in_force = applied(servers)
    found = ServerTests(bus, SystemClock(), Sources(lambda: in_force, lambda *_: access, Pins(), lambda _: False))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(found.run()), group.create_task(found.tell())]
        yield found
        for task in tasks:
            task.cancel()


async def ended(tests):
    async def is_over():
        return (await tests.look(ServerTestQuery())).ended

    await until(is_over)
    return await tests.look(ServerTestQuery())


@pytest.fixture
async def bus(connect):
    return await connect(Service.SYNC)


async def test_a_server_is_tried_in_a_process_and_each_step_told(start, bus, connect):
    peer = start("sftp-openssh")
    for name in TREE:
        peer.directory(name)
    told = []

    async def take(state):
        told.append(state)

    async def is_told():
        return told and told[-1].ended

    await (await connect(Service.API)).subscribe(SERVER_TEST_PROGRESS, take)
    async with gateway(bus, [replace(peer.server, root=peer.root)], peer.access) as tests:
        answer = await tests.begin(ServerTestRequest(server=1))
        assert (answer.error, answer.test) == ("", 1)
        state = await ended(tests)
        await until(is_told)
    assert {step.state for step in state.steps} == {StepState.DONE}, state
    assert told[-1] == state
    assert state.error == ""
    assert not state.stopped
    assert not any(path for name in TREE for path in (peer.tree.root / name).iterdir())


async def test_a_test_is_stopped_at_once_and_only_one_is_made_at_a_time(bus):
    silent = await asyncio.start_server(lambda *_: asyncio.sleep(600), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with silent, gateway(bus, [file_server("ftp", port, "plant")], Access()) as tests:
        assert (await tests.begin(ServerTestRequest(server=1))).test == 1
        assert "wait for its end, or stop it" in (await tests.begin(ServerTestRequest(server=1))).error
        assert (await tests.stop(StopServerTest(test=1))).error == ""
        state = await tests.look(ServerTestQuery(test=1))
        assert state.stopped
        assert {step.state for step in state.steps} <= {StepState.DONE, StepState.SKIPPED}
        assert "no test 7" in (await tests.stop(StopServerTest(test=7))).error


async def test_an_edited_server_is_tried_with_the_password_in_force_only_where_that_belongs(bus):
    written = "SERVER_Type=ftp\nFTP_Address=127.0.0.1\nFTP_Port={port}\nFTP_Login=plant\nFTP_Password={password}\n"
    port = free_port()
    server = file_server("ftp", port, "plant", password="hush")
    in_force = applied(
        [server], files={"CONFIG/WPM00C44F_config.ini": written.format(port=port, password="hush").encode()}
    )
    seen = []

    def access(tried, _applied):
        seen.append(tried.password)
        raise AccessError("enough")

    tests = ServerTests(bus, SystemClock(), Sources(lambda: in_force, access, Pins(), lambda _: False))
    masked = written.format(port=port, password="***")
    assert (await tests.begin(ServerTestRequest(server=1, config=masked))).error == "enough"
    assert seen == ["hush"]
    moved = written.format(port=port + 1, password="***")
    assert "give its password again" in (await tests.begin(ServerTestRequest(server=1, config=moved))).error
    wrong = written.format(port=99999, password="x")
    assert "FTP_Port" in (await tests.begin(ServerTestRequest(server=1, config=wrong))).error
    assert "no server 2" in (await tests.begin(ServerTestRequest(server=2, config=masked))).error
    assert seen == ["hush"]


async def test_a_server_is_tried_with_certificates_and_a_key_that_are_not_in_force_yet(bus):
    written = "SERVER_Type=mqtts\nMQTT_Address=127.0.0.1\nMQTT_TopicData=t\nMQTT_CaFile=ca.pem\nMQTT_KeyFile=new.key\n"
    server = file_server("ftp", free_port(), "plant", password="hush")
    in_force = applied([server], files={"CONFIG/WPM00C44F_config.ini": b""})
    seen = []

    def access(tried, given):
        seen.append((tried.key_file, given.set.files.get("CERT/ca.pem")))
        raise AccessError("enough")

    tests = ServerTests(bus, SystemClock(), Sources(lambda: in_force, access, Pins(), lambda _: False))
    given = ServerTestRequest(server=1, config=written, certificates={"ca.pem": "A"}, keys={"new.key": "K"})
    assert (await tests.begin(given)).error == "enough"
    assert (await tests.begin(given.model_copy(update={"keys": {}}))).error == "enough"
    assert seen == [("", b"A"), ("new.key", b"A")]
    assert "CERT/ca.pem" not in in_force.set.files
