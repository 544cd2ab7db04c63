"""Revisions as the other services and people meet them: edits over the bus, verdicts of services, trials (spec 1.7)."""

import pytest

from heliograph.contract import (
    CollectorState,
    ConnectRequest,
    EditRequest,
    PageRequest,
    ReturnRequest,
    RevisionRequest,
    RevisionState,
    Service,
)
from heliograph.contract.channels import ALARM_HISTORY, CONFIGURATION, CONNECT, EDIT, RETURN, REVISION, REVISIONS, STATE
from support.collecting import FastClock
from support.sets import UID
from support.syncing import DEFINITION, Running, plant_set, until

CONFIG, DAQ, INV = f"CONFIG/{UID}_config.ini", f"CONFIG/{UID}_daq.csv", "DEF/inv.csv"
OTHER = DEFINITION.replace("Power", "Energy")


@pytest.fixture
def running(broker, tmp_path) -> Running:
    return Running(broker, tmp_path, gateway_set=plant_set(tmp_path / "set", FTP_Password="hush"))


class Watched:
    """The last values of a channel as a service sees them."""

    def __init__(self) -> None:
        self.values: list = []

    async def take(self, value) -> None:
        self.values.append(value)


class Api:
    """What the api does on the bus."""

    def __init__(self, bus) -> None:
        self.bus = bus
        self.revisions, self.states = Watched(), Watched()

    async def watch(self) -> "Api":
        await self.bus.watch(CONFIGURATION, self.revisions.take)
        await self.bus.watch(STATE, self.states.take)
        await until(lambda: self.revisions.values)
        await until(lambda: any(state.service == "sync" for state in self.states.values))
        return self

    async def edit(self, files, **more):
        return await self.bus.request(EDIT, EditRequest(files=files, origin="REST", **more), timeout=60)

    async def detail(self, number=None, against=None):
        return await self.bus.request(REVISION, RevisionRequest(number=number, against=against), timeout=60)

    async def page(self):
        return (await self.bus.request(REVISIONS, PageRequest(limit=10), timeout=60)).revisions

    @property
    def number(self) -> int:
        return self.revisions.values[-1].number

    @property
    def sync(self):
        return [state for state in self.states.values if state.service == "sync"][-1]


@pytest.fixture
async def api(running, connect):
    async with running.run():
        yield await Api(await connect(Service.API)).watch()


async def test_an_edit_becomes_a_revision_and_reaches_the_main_server_and_the_backup(api, running):
    answer = await api.edit({INV: OTHER})
    assert (answer.error, answer.revision, answer.provisional) == ("", 2, False)
    await until(lambda: api.number == 2)
    assert api.revisions.values[-1].files[INV] == OTHER
    for number in (1, 2):
        await api.bus.request(CONNECT, ConnectRequest(server=number), timeout=30)
        files = running.servers[number].files
        await until(lambda files=files: files.get(f"/{INV}") == OTHER.encode())


async def test_a_wrong_edit_is_answered_with_every_finding_and_changes_nothing(api, tmp_path):
    daq = (tmp_path / "set" / DAQ).read_text()
    answer = await api.edit({INV: DEFINITION.replace("U16", "U17"), DAQ: daq.replace("roof_2", "roof_1")})
    assert "nothing was changed" in answer.error
    assert {line.split(":")[0] for line in answer.findings if ": error: " in line} == {INV, DAQ}
    assert (await api.detail()).summary.number == 1
    page = await api.bus.request(ALARM_HISTORY, PageRequest(), timeout=30)
    assert page.alarms == (), "who edits has the answer; nobody else is called"


async def test_an_edit_based_on_an_older_revision_is_refused(api):
    assert (await api.edit({INV: OTHER}, based_on=1)).revision == 2
    answer = await api.edit({INV: DEFINITION}, based_on=1)
    assert answer.conflict
    assert "revision 2 is in force by now, not 1" in answer.error


@pytest.mark.parametrize("path", ["DEF/../CONFIG/x", "/etc/passwd", "DEF/new.csv", "BIN/x", "CONFIG/other_daq.csv", ""])
async def test_a_path_that_is_no_file_of_the_set_is_refused(api, path):
    answer = await api.edit({path: "x"})
    assert "none of the set's files" in answer.error
    assert (await api.detail()).summary.number == 1


async def test_a_new_definition_comes_with_what_names_it(api, tmp_path):
    daq = (tmp_path / "set" / DAQ).read_text()
    answer = await api.edit({"DEF/new.csv": OTHER, DAQ: daq.replace("inv.csv", "new.csv")})
    assert answer.revision == 2
    assert set((await api.detail()).files) == {CONFIG, DAQ, f"CONFIG/{UID}_var.ini", "DEF/new.csv"}


async def test_passwords_are_masked_and_a_masked_one_comes_back_unchanged(api):
    shown = (await api.detail()).files[CONFIG]
    assert "hush" not in shown
    assert "FTP_Password=***" in shown
    answer = await api.edit({CONFIG: shown + "GATEWAY_Name=Roof\n"})
    assert (answer.revision, answer.provisional) == (2, False), "the password is the same: no trial"
    assert "hush" not in (await api.detail()).model_dump_json()


@pytest.mark.parametrize("change", [("=server1", "=thief.example"), ("SERVER_Type=sftp", "SERVER_Type=ftp")])
async def test_a_masked_password_is_never_sent_to_another_address(api, change):
    shown = (await api.detail()).files[CONFIG]
    answer = await api.edit({CONFIG: shown.replace(*change)})
    assert "give its password again" in answer.error
    assert (await api.detail()).summary.number == 1


async def test_the_history_tells_who_changed_what_and_an_older_revision_comes_back(api):
    await api.edit({INV: OTHER})
    answer = await api.bus.request(RETURN, ReturnRequest(number=1, origin="REST"), timeout=60)
    assert answer.revision == 3
    assert [(r.number, r.origin, r.state, r.changed) for r in await api.page()] == [
        (3, "REST", RevisionState.IN_FORCE, (INV,)),
        (2, "REST", RevisionState.PAST, (INV,)),
        (1, "set directory", RevisionState.PAST, (CONFIG, DAQ, f"CONFIG/{UID}_var.ini", INV)),
    ]
    detail = await api.detail(2)
    assert "+3;3;0;U16;;Energy;;1;0;W;2" in detail.diff
    assert "not kept" in (await api.bus.request(RETURN, ReturnRequest(number=9, origin="REST"), timeout=60)).error
    assert "there is no 9" in (await api.detail(9)).error
    assert "-3;3;0;U16;;Energy;;1;0;W;2" in (await api.detail(1, against=2)).diff
    assert (await api.detail(1, against=3)).diff == ""
    assert "there is no 9" in (await api.detail(1, against=9)).error


async def test_one_service_that_rejects_takes_the_revision_back_for_all(api, running, connect):
    collector = await connect(Service.COLLECTOR)
    await api.edit({INV: OTHER})
    await until(lambda: api.number == 2)
    bad = CollectorState(time=2**42, started=0, revision=1, rejected="no such line", rejected_revision=2)
    await collector.store(STATE, bad, service=Service.COLLECTOR)
    await until(lambda: api.number == 3)
    assert api.revisions.values[-1].files[INV] == DEFINITION
    states = {revision.number: (revision.state, revision.note) for revision in await api.page()}
    assert states[2] == (RevisionState.TAKEN_BACK, "collector rejects it: no such line")
    assert states[3] == (RevisionState.IN_FORCE, "back to revision 1")
    await until(lambda: running.texts(1, "ALARM"))
    assert "CONFIGURATION REJECTED" in "".join(running.texts(1, "ALARM"))


async def test_a_service_that_applied_it_once_does_not_take_it_back_after_a_restart(api, running, connect):
    collector = await connect(Service.COLLECTOR)
    await api.edit({INV: OTHER})
    await until(lambda: api.number == 2)
    good = CollectorState(time=2**42, started=0, revision=2)
    await collector.store(STATE, good, service=Service.COLLECTOR)
    late = good.model_copy(update={"revision": None, "rejected": "no port", "rejected_revision": 2})
    await collector.store(STATE, late, service=Service.COLLECTOR)
    await until(lambda: any(s.service == "collector" and s.rejected for s in api.states.values))
    assert (await api.edit({INV: DEFINITION})).revision == 3
    assert [r.state for r in await api.page()][1] is RevisionState.PAST


async def test_only_the_configuration_file_is_masked(api, tmp_path):
    daq = (tmp_path / "set" / DAQ).read_text()
    text = OTHER + "8;3;2;U16;;password=x;;1;0;;4\n"
    await api.edit({"DEF/new.csv": text, DAQ: daq.replace("inv.csv", "new.csv")})
    assert (await api.detail()).files["DEF/new.csv"] == text


async def test_a_wrong_address_comes_back_by_itself_and_a_person_sees_the_trial(running, connect):
    running.clock = FastClock(5)
    async with running.run():
        api = await Api(await connect(Service.API)).watch()
        await api.bus.request(CONNECT, ConnectRequest(server=1), timeout=30)
        await until(lambda: f"/{CONFIG}" in running.servers[1].files)
        good = running.servers[1].files[f"/{CONFIG}"]
        wrong = good.replace(b"=server1", b"=nowhere")
        running.servers[1].files[f"/{CONFIG}"] = wrong
        await api.bus.request(CONNECT, ConnectRequest(server=1), timeout=30)
        await until(lambda: api.sync.trial is not None)
        assert (api.sync.trial.revision, api.sync.trial.back_to) == (2, 1)

        def back_in_force() -> bool:
            running.clock.leap(1)  # waits between tries are long, and look at the clock
            return api.number == 3

        await until(back_in_force)
        await until(lambda: api.sync.trial is None)
        await until(lambda: "CONFIGURATION ROLLED BACK" in "".join(running.texts(1, "ALARM")))
        await until(lambda: any("revision 2 is taken back" in text for text in running.texts(1, "LOG")))
        assert running.servers[1].files[f"/{CONFIG}"] == wrong


async def test_a_trial_outlives_a_restart_and_is_confirmed_when_the_server_comes(running, connect, tmp_path):
    async with running.run():
        api = await Api(await connect(Service.API)).watch()
        await api.bus.request(CONNECT, ConnectRequest(server=1), timeout=30)
        await until(lambda: running.texts(1, "LOG"))
        running.servers[1].unreachable = "it is down"
        config = (await api.detail()).files[CONFIG].replace("FTP_Password=***", "FTP_Password=hush")
        answer = await api.edit({CONFIG: config.replace("=server1", "=server1.example")})
        assert (answer.error, answer.provisional) == ("", True)
    async with running.run():
        api = await Api(await connect(Service.API)).watch()
        await until(lambda: api.sync.trial is not None)
        running.servers[1].unreachable = ""
        await api.bus.request(CONNECT, ConnectRequest(server=1), timeout=30)
        await until(lambda: api.sync.trial is None)
        assert (await api.detail()).summary.number == 2
        assert (await api.detail()).summary.state is RevisionState.IN_FORCE


async def test_a_service_that_applied_it_once_does_not_take_it_back_after_a_power_cut(running, connect):
    collector = await connect(Service.COLLECTOR)
    good = CollectorState(time=2**42, started=0, revision=2)
    late = good.model_copy(update={"revision": None, "rejected": "no port", "rejected_revision": 2})
    async with running.run():
        api = await Api(await connect(Service.API)).watch()
        await api.edit({INV: OTHER})
        await until(lambda: api.number == 2)
        await collector.store(STATE, good, service=Service.COLLECTOR)
        await until(lambda: [s for s in api.states.values if s.service == "collector"])
        assert (await api.page())[0].number == 2
    await collector.store(STATE, late, service=Service.COLLECTOR)  # it is up before sync
    seen = len(api.states.values)
    async with running.run():
        await until(lambda: any(state.service == "sync" for state in api.states.values[seen:]))
        assert (await api.edit({INV: DEFINITION})).revision == 3
        assert [r.state for r in await api.page()][1] is RevisionState.PAST
