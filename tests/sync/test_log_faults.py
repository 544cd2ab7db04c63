"""The log alone lets a person find each fault of a connection, what to do about it, and its end (spec 3.4)."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy.exc import OperationalError

from heliograph.contract import Trigger
from heliograph.sync.connection import Visit
from heliograph.sync.remote.errors import RemoteFailure
from heliograph.sync.server import ServerTask
from support.logged import (
    CMD,
    alpha,
    command,
    directory_in_place_of_a_file,
    edit_and,
    file_again,
    lines,
    none,
    one,
    raising,
    with_again,
    without,
    work,
)
from support.sets import UID
from support.site import CONFIG, DAQ, INV, MAIN, Site, closed, config, copy_of, daq, device, first_set, site_at

OVER = "works again; the last time: "


@pytest.fixture(scope="module")
def connected(tmp_path_factory):
    site = site_at(tmp_path_factory.mktemp("connected") / "sync")
    for number in (1, 2):
        site.connect(number)
    return closed(site)


@pytest.fixture
def site(connected, tmp_path):
    site = copy_of(connected, tmp_path / "sync")
    site.mailbox.wait = lambda: None
    yield site
    site.close()


@dataclass(frozen=True)
class Fault:
    name: str
    begin: Callable[[Site], object]
    end: Callable[[Site], object]
    says: tuple[str, ...]
    """What, where, and what to do."""
    step: str


REFUSED = "sftp server alpha:22 refuses connections: nothing listens there; check Address and Port"
FAULTS = [
    Fault("nobody there", alpha(unreachable=REFUSED), alpha(unreachable=""), ("connection: ", REFUSED), "connection"),
    Fault(
        "no password", lambda s: s.refuse.update({1: "the password cannot be had: the environment has no variable P"}),
        lambda s: s.refuse.clear(), ("connection: ", "no variable P"), "connection",
    ),
    Fault(
        "cut", alpha(cut_after=10), alpha(), ("connection: ", "broke", "the step 'alarms'", "goes on with it"),
        "connection",
    ),
    Fault(
        "answer lost", alpha(lose_rename_answer=True), alpha(), ("connection: ", "broke", "the step 'alarms'"),
        "connection",
    ),
    *(
        Fault(
            f"no {path}", without(path), with_again(path),
            ("directories: ", f"the directory {path} does not exist on the server; create it there"), "directories",
        )
        for path in ("/ALARM", "/CMD", "/DATA", "/LOG")
    ),
    *(
        Fault(
            f"no {path}", without(path), with_again(path),
            ("configuration: ", f"the directory {path} does not exist on the server; create it there"), "configuration",
        )
        for path in ("/CONFIG", "/DEF")
    ),
    *(
        Fault(
            f"closed {path}", alpha(forbidden={path}), alpha(forbidden=set()),
            (f"{step}: ", f"no right to write {path}/{UID}_", "grant it to the login on the server"), step,
        )
        for path, step in (("/ALARM", "alarms"), ("/DATA", "data"), ("/LOG", "logs"))
    ),
    Fault(
        "no right to rename", alpha(refuses={"rename"}), alpha(refuses=set()),
        ("data: ", f"no right to rename /DATA/{UID}_MODBUS_", "grant it"), "data",
    ),
    Fault(
        "no right to list", alpha(refuses={"list"}), alpha(refuses=set()),
        ("configuration: ", "no right to list /CONFIG", "grant it"), "configuration",
    ),
    Fault(
        "no room", alpha(space=100), alpha(space=None),
        ("data: ", "the server has no space left for /DATA/", "free some there"), "data",
    ),
    Fault(
        "an edit that may not be read", edit_and(alpha(unreadable={f"/{DAQ}"})), alpha(unreadable=set()),
        ("configuration: ", f"no right to read /{DAQ}", "grant it"), "configuration",
    ),
    Fault(
        "a directory in place of a file", directory_in_place_of_a_file, file_again,
        ("configuration: ", f"/{INV}", "is a directory", "rename it"), "configuration",
    ),
    Fault(
        "an edit that grows", edit_and(alpha(on_read=raising(RemoteFailure("x", f"/{DAQ} is still being written")))),
        alpha(on_read=None), ("configuration: ", f"/{DAQ} is still being written"), "configuration",
    ),
    Fault(
        "a command that stays", lambda s: (command(b"[]")(s), alpha(refuses={"delete"})(s)), alpha(refuses=set()),
        ("commands: ", "taken in but not deleted", f"no right to delete {CMD}", "grant it"), "commands",
    ),
    Fault(
        "a command that may not be read", lambda s: (command(b"[]")(s), alpha(unreadable={CMD})(s)),
        alpha(unreadable=set()), ("commands: ", f"no right to read {CMD}", "grant it"), "commands",
    ),
    Fault(
        "an old form of command", lambda s: s.edit(f"CMD/{UID}_cmd.csv", b"x"),
        lambda s: s.worlds["alpha"].files.pop(f"/CMD/{UID}_cmd.csv"),
        ("commands: ", f"/CMD/{UID}_cmd.csv is an older form", "write <uid>_cmd.json instead"), "commands",
    ),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_the_log_tells_the_fault_and_its_end(site, fault):
    work(site)
    fault.begin(site)
    site.connect(1)
    none(site, f"server 1: {fault.step}: {OVER}")
    fault.end(site)
    work(site)
    site.connect(1)
    site.connect(1)
    told = one(site, "server 1: ", *fault.says)
    assert ";warning;sync;" in told
    over = one(site, f";info;sync;server 1: {fault.step}: {OVER}")
    assert lines(site).index(told) < lines(site).index(over)
    for part in fault.says[1:2]:
        assert part in over
    site.connect(1)
    assert len([line for line in lines(site) if f"{fault.step}: {OVER}" in line]) == 1


def test_a_step_that_was_left_out_is_not_said_to_work_again(site):
    work(site)
    alpha(forbidden={"/DATA"})(site)
    site.connect(1)
    alpha(forbidden=set())(site)
    without("/DATA")(site)
    site.connect(1)
    site.connect(1)
    none(site, f"data: {OVER}")


def test_each_step_of_a_good_connection_is_told(site):
    work(site)
    command(b"[]")(site)
    site.edit(DAQ, daq(device(1)))
    site.connect(1)
    site.connect(1)
    one(site, "server 1: connecting to sftp plant@alpha:22", "with revision 1 (schedule)")
    one(site, "server 1: connected")
    one(site, "server 1: alarms: ", "_AL_", "delivered")
    one(site, "server 1: data: ", "_MODBUS_", "delivered")
    one(site, f"command file {UID}_cmd.json taken in (2 bytes)")
    one(site, f"server 1: configuration: {DAQ} taken")
    one(site, "configuration revision 2 applied, from the main server")
    one(site, "server 1: logs: ", "_LOG_", "delivered")
    one(site, "server 1: connection done; alarms: 1 file, ")


def test_a_rejected_set_is_told_with_each_finding_recalled_and_its_end_told(site):
    good = site.worlds["alpha"].files[f"/{DAQ}"]
    site.edit(DAQ, daq(device(1), device(1)))
    for _ in range(3):
        site.connect(1)
    head = one(site, ";error;sync;the configuration set from the main server is rejected, revision 1 stays in force")
    assert "mend what follows" in head
    assert len([line for line in lines(site) if f"{DAQ}:3:1:" in line and ";error;" in line]) == 1
    recalled = [
        line for line in lines(site) if "connection partial; " in line and "still configuration: the set" in line
    ]
    assert len(recalled) >= 1
    site.edit(DAQ, good)
    site.connect(1)
    site.connect(1)
    one(site, ";info;sync;server 1: configuration: ", OVER, "is rejected for 2 error(s)")


def test_a_set_directory_that_is_mended_is_told(site):
    from heliograph.sync.telling import SET_DIRECTORY

    site.offer(first_set(**{DAQ: daq(device(1), device(1))}), SET_DIRECTORY)
    site.offer(first_set(), SET_DIRECTORY)
    site.connect(1)
    one(site, "the configuration set from the set directory is rejected")
    one(site, "the configuration set from the set directory is no longer rejected")


def test_defaults_that_were_substituted_are_told(site):
    site.edit(CONFIG, config(LOG_Level="loud"))
    site.connect(1)
    site.connect(1)
    line = one(site, f"{CONFIG}:", "LOG_Level")
    assert "loud" in line


def test_a_trial_its_failure_and_the_way_back_are_told(site):
    site.offer(first_set(**{CONFIG: config({**MAIN, "FTP_Address": "gamma"})}))
    for _ in range(3):
        site.connect()
    site.connect(1)
    site.connect(1)
    one(site, "revision 2 changes how a server is reached: it is on trial. Revision 1 comes back after 3 failed")
    one(site, "server 1: connection: sftp server gamma:22 has a name that is unknown")
    one(site, "trial of revision 2: 1 of 3 tries failed")
    one(site, "revision 2 is taken back, revision 3 is in force", "gamma")
    one(site, f"server 1: connection: {OVER}sftp server gamma:22")


def test_a_rejection_by_a_service_is_told(site):
    site.offer(first_set(**{DAQ: daq(device(1))}))
    site.configuration.take_back(2, "collector", "SERIAL9 is not there; check its name")
    site.connect(1)
    one(site, ";error;", "revision 2 is taken back", "collector rejects it: SERIAL9 is not there; check its name")


def test_a_command_that_cannot_be_run_is_told(site):
    for number, content in enumerate((b"\xff\xfe", b"x" * (2**20 + 1))):
        command(content)(site)
        site.connect(1)
        site.connect(1)
        said = ("UTF-8", "larger than 1 MiB")[number]
        one(site, f";error;sync;command file {UID}_cmd.json: ", said)


def test_a_file_that_our_disk_damaged_is_told_by_its_name(site):
    work(site)
    alpha(forbidden={"/DATA"})(site)
    site.connect(1)
    for path in (site.outgoing / "1").iterdir():
        path.write_bytes(b"")
    alpha(forbidden=set())(site)
    site.connect(1)
    site.connect(1)
    one(site, ";error;sync;server 1: ", "_MODBUS_", "was damaged on the gateway's disk; it is made again")


def test_our_own_disk_is_told_and_its_end(site, monkeypatch):
    work(site)
    full = OperationalError("INSERT", {}, Exception("database or disk is full"))
    with monkeypatch.context() as patch:
        patch.setattr(site.ledger, "commit", lambda *_: (_ for _ in ()).throw(full))
        site.connect(1)
    site.connect(1)
    site.connect(1)
    line = one(site, ";warning;sync;server 1: data: the gateway's own disk: database or disk is full; free it")
    assert "INSERT" not in line
    one(site, f"server 1: data: {OVER}the gateway's own disk")


async def test_an_error_of_our_own_is_told_and_the_next_try(site, monkeypatch):
    task = ServerTask(1, site.parts, lambda: None)
    task.configure(site.in_force)
    for error in (ZeroDivisionError("x"), OperationalError("BEGIN", {}, Exception("disk I/O error"))):
        with monkeypatch.context() as patch:
            patch.setattr(Visit, "run", lambda _, error=error: (_ for _ in ()).throw(error))
            await task._connect(Trigger.SCHEDULE)
    task._tell_next()
    site.connect(1)
    one(site, ";error;sync;server 1: connection: an error of the gateway's own (ZeroDivisionError)")
    one(site, ";error;sync;server 1: connection: the gateway's own disk: disk I/O error; free it, or mend its rights")
    one(site, "server 1: the next connection comes ")


def test_a_stop_in_the_middle_is_told_and_is_no_fault_later(site):
    site.stop.set()
    site.connect(1)
    site.stop.clear()
    site.connect(1)
    site.connect(1)
    one(site, "server 1: connection: the gateway stops")
    none(site, OVER)


def test_lines_that_were_lost_are_counted(site, monkeypatch):
    from heliograph.sync import diary as module

    full = OperationalError("INSERT", {}, Exception("disk full"))
    with monkeypatch.context() as patch:
        patch.setattr(site.spool, "take_lines", lambda _: (_ for _ in ()).throw(full))
        for number in range(module.WAITING_LINES + 7):
            site.diary.info(f"line {number}")
        site.diary.flush()
        site.diary.info("and one")
        site.diary.flush()
    site.diary.flush()
    site.connect(1)
    assert "8 lines of this log were lost" in one(site, ";warning;", "were lost while")
