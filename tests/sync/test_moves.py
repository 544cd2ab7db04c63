"""A server under the other number takes along what waits for it (decision 0011).

Every test ends by reading what stands on the servers: each record once, in order, whatever waited and whatever came.
"""

import gzip
from collections.abc import Callable

import pytest

from heliograph.contract import ConnectionResult
from heliograph.sync import render
from heliograph.sync.destinations import Destinations
from heliograph.sync.ledger import RECORDS, Ledger
from heliograph.sync.trial import TRIES
from support.samples import record
from support.site import BACKUP, CONFIG, MAIN, Site, closed, config, copy_of, first_set, site_at
from support.syncing import tree

HOUR_MS = 3_600_000
TEN = 1_717_236_000_000
"""2024-06-01 10:00:00 UTC."""
M, B = "strategy_wsun1_compliant", "strategy_wsun1_compliant_backup"
ALPHA = {"Address": "alpha", "Login": "plant", "Password": "secret-1"}
BETA = {"Address": "beta", "Login": "plant"}
GAMMA = {"Address": "gamma", "Login": "plant"}


def standing(one: dict[str, str] | None, two: dict[str, str] | None, main: int, **changes: str) -> dict[str, bytes]:
    """A set with these servers as 1 and 2."""
    values: dict[str, object] = {}
    for number, server, infix in ((1, one, ""), (2, two, "2")):
        if server is not None:
            values |= {f"SERVER{infix}_Type": "sftp", f"SERVER{infix}_Mode": M if number == main else B}
            values |= {f"FTP{infix}_{name}": value for name, value in server.items()}
    return first_set(**{CONFIG: config(values, **changes)})


MOVES = {
    "exchange": (standing(BETA, ALPHA, 2), {"alpha": "12345", "beta": "12345"}),
    "exchange of numbers and modes": (standing(BETA, ALPHA, 1), {"alpha": "12345", "beta": "12345"}),
    "exchange and another password": (
        standing(BETA, ALPHA | {"Password": "x"}, 2),
        {"alpha": "12345", "beta": "12345"},
    ),
    "1 to 2, with a new one as 1": (standing(GAMMA, ALPHA, 2), {"alpha": "12345", "gamma": "45"}),
    "1 to 2, with a new main as 1": (standing(GAMMA, ALPHA, 1), {"alpha": "12345", "gamma": "45"}),
    "1 to 2, nobody as 1": (standing(None, ALPHA, 2), {"alpha": "12345"}),
    "2 to 1, which is dropped": (standing(BETA, None, 1), {"beta": "12345"}),
    "2 to 1, with a new one as 2": (standing(BETA, GAMMA, 1), {"beta": "12345", "gamma": "45"}),
}
"""What comes after alpha as 1 and beta as 2, and which records each of its servers has in the end: 1 and 2 are recorded
before the revision, 3 during its trial, 4 and 5 after it."""


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    site = site_at(tmp_path_factory.mktemp("begun") / "sync")
    site.worlds["gamma"] = tree()
    for number in (1, 2):
        site.connect(number)
    return closed(site)


@pytest.fixture
def site(begun, tmp_path):
    site = copy_of(begun, tmp_path / "sync")
    yield site
    site.close()


def take(site: Site, number: int) -> None:
    site.spool.take_records([record(number, time=TEN + number * HOUR_MS)])


def numbers(site: Site, address: str) -> str:
    """The records on a server, in the order of the names of their files."""
    return "".join(str(int(date[9:11]) - 10) for date in site.rows(address))


def nothing(_: Site) -> None:
    pass


def files(site: Site) -> None:
    """A file is made for each server, and cannot be sent."""
    for address in ("alpha", "beta"):
        site.worlds[address].space = 0
    visit_both(site)
    for address in ("alpha", "beta"):
        site.worlds[address].space = None
    assert {row.server for row in site.ledger.waiting(1, RECORDS) + site.ledger.waiting(2, RECORDS)} == {1, 2}


def in_doubt(site: Site) -> None:
    """Each server has the file, and the gateway does not know it."""
    for address in ("alpha", "beta"):
        site.worlds[address].lose_rename_answer = True
    visit_both(site)
    assert all(row.rename_sent for number in (1, 2) for row in site.ledger.waiting(number, RECORDS))


def one_is_ahead(site: Site) -> None:
    """Alpha has everything, for beta it waits."""
    site.connect(1)
    assert (site.ledger.position(1, RECORDS), site.ledger.position(2, RECORDS)) == (2, 0)


WAITS: dict[str, Callable[[Site], None]] = {
    "rows": nothing,
    "files in doubt": in_doubt,
    "one is ahead": one_is_ahead,
}


def visit_both(site: Site) -> None:
    for number in sorted(site.in_force.file_servers):
        site.connect(number)


def confirm(site: Site) -> None:
    """Make the connection that proves a trial."""
    assert site.in_force.provisional
    site.connect()
    assert not site.in_force.provisional


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
@pytest.mark.parametrize(("after", "expected"), MOVES.values(), ids=MOVES)
def test_each_server_has_each_record_once(site, after, expected, wait):
    for number in (1, 2):
        take(site, number)
    wait(site)
    site.offer(after)
    take(site, 3)
    confirm(site)
    for number in (4, 5):
        take(site, number)
        visit_both(site)
    visit_both(site)
    assert {address: numbers(site, address) for address in expected} == expected
    assert site.spool.state().records == 0
    assert not [path for path in site.outgoing.glob("*/*") if path.is_file()]


@pytest.mark.parametrize("after", [after for after, _ in MOVES.values()], ids=MOVES)
def test_a_trial_that_fails_leaves_everything_as_it_was(site, after):
    for number in (1, 2):
        take(site, number)
    files(site)
    before = kept(site)
    site.offer(after)
    take(site, 3)
    main = site.in_force.main.number
    site.refuse[main] = "the password is wrong"
    for _ in range(TRIES):
        site.connect()
    site.refuse.clear()
    assert (site.in_force.number, site.files) == (3, first_set())
    assert kept(site) == before
    visit_both(site)
    visit_both(site)
    assert numbers(site, "alpha") == numbers(site, "beta") == "123"
    assert numbers(site, "gamma") == ""


def kept(site: Site) -> tuple[object, ...]:
    """What the disk knows of the servers: but for the log, of which more comes all the time."""
    with site.database.read() as session:
        run = session.connection().exec_driver_sql
        return (
            run("SELECT * FROM cursor WHERE stream != 'log' ORDER BY server, stream").all(),
            run("SELECT * FROM ledger WHERE stream != 'log' ORDER BY id").all(),
            run("SELECT * FROM destination ORDER BY id").all(),
        )


STEPS = [
    (Destinations, "serve"), (Destinations, "of"), (Ledger, "serve"), (Ledger, "drop"), (Destinations, "forget"),
]  # fmt: skip


@pytest.mark.parametrize(("part", "step"), STEPS, ids=[f"{part.__name__}.{step}" for part, step in STEPS])
def test_a_kill_at_any_step_loses_and_doubles_nothing(site, monkeypatch, part, step):
    """After each step; before the first one nothing has happened, and before another it is after the one before."""
    after, expected = MOVES["1 to 2, with a new one as 1"]
    for number in (1, 2):
        take(site, number)
    files(site)
    site.offer(after)
    take(site, 3)
    do = getattr(part, step)

    def cut(*given: object) -> None:
        do(*given)
        raise RuntimeError("power")

    with monkeypatch.context() as power:
        power.setattr(part, step, cut)
        with pytest.raises(RuntimeError, match="power"):
            site.connect()
    site.again()
    for number in (4, 5):
        take(site, number)
        visit_both(site)
    visit_both(site)
    assert {address: numbers(site, address) for address in expected} == expected
    assert site.ledger.servers() == sorted(site.applied.destinations.values())


def test_names_of_files_go_on_with_the_server(site):
    """A clock that was ahead when they were given must not have a later file take an earlier name (spec 1.3)."""
    site.clock.set(site.clock.time() + 10 * 86400)
    take(site, 1)
    site.connect(1)
    site.clock.set(site.clock.time() - 10 * 86400)
    site.offer(standing(BETA, ALPHA, 2))
    take(site, 2)
    confirm(site)
    visit_both(site)
    first, second = sorted(path for path in site.worlds["alpha"].files if path.startswith("/DATA/"))
    assert numbers(site, "alpha") == "12"
    assert first < second
    (only,) = [path for path in site.worlds["beta"].files if path.startswith("/DATA/")]
    assert only < first, "beta's names have nothing to do with it"


def test_a_server_that_comes_back_takes_no_name_again(site):
    site.clock.set(site.clock.time() + 10 * 86400)
    take(site, 1)
    site.connect(2)
    site.clock.set(site.clock.time() - 10 * 86400)
    site.offer(standing(ALPHA, None, 1))
    confirm(site)
    site.offer(standing(ALPHA, BETA, 1))
    confirm(site)
    take(site, 2)
    site.connect(2)
    assert numbers(site, "beta") == "12"


def test_the_log_tells_what_moved_and_the_history_of_a_server_goes_with_it(site):
    site.worlds["beta"].unreachable = "beta is down"
    site.connect(2)
    site.offer(standing(BETA, ALPHA, 2))
    site.worlds["beta"].unreachable = ""
    confirm(site)
    said = site.log()
    assert (
        "info: server 1 (sftp plant@alpha:22/) is server 2 from revision 2 on: what waits for it goes with it" in said
    )
    assert "info: server 2 (sftp plant@beta:22/) is server 1 from revision 2 on" in said
    site.connect(1)
    assert "server 1: connection: works again; the last time: beta is down" in site.log()
    assert site.history.last(2).server == 1
    assert "server 2: connection: works again" not in site.log()


def test_a_changed_address_is_no_move(site):
    take(site, 1)
    site.offer(standing(ALPHA, GAMMA, 1))
    confirm(site)
    visit_both(site)
    assert numbers(site, "gamma") == "1"
    assert "goes with it" not in site.log()


def test_a_connection_to_a_server_that_is_wanted_elsewhere_ends_after_the_file_in_flight(site, monkeypatch):
    """Else the trial of a new address would run out while a backlog goes to the old one."""
    monkeypatch.setattr(render, "CHUNK_BYTES", 1)
    for number in range(1, 6):
        take(site, number)
    visits = []
    committing = Ledger.committing

    def changed(ledger: Ledger, rows: object) -> None:
        committing(ledger, rows)
        visits[-1].end_soon()

    with monkeypatch.context() as change:
        change.setattr(Ledger, "committing", changed)
        visited = site.connect(1, seen=visits.append)
    assert visited.result is ConnectionResult.DONE
    assert numbers(site, "alpha") == "1"
    assert any(path.startswith("/LOG/") for path in site.worlds["alpha"].files)
    site.connect(1)
    assert numbers(site, "alpha") == "12345"


@pytest.mark.parametrize("restart", [False, True], ids=["while it runs", "after a restart"])
@pytest.mark.parametrize("after", [config(MAIN), config(MAIN, {**BACKUP, "SERVER2_Type": "none"})], ids=["-", "none"])
def test_a_server_that_a_rejected_revision_took_out_has_everything_in_the_end(site, after, restart):
    site.services_apply = False
    take(site, 1)
    files(site)
    site.offer(first_set(**{CONFIG: after}))
    confirm(site)
    take(site, 2)
    site.connect(1)
    assert "is dropped once every service works with revision 2" in site.log()
    if restart:
        site.again()
    site.configuration.take_back(2, "collector", "two lines on one port")
    site._settle()
    confirm(site)
    site.services_apply = True
    site._settle()
    take(site, 3)
    visit_both(site)
    assert numbers(site, "alpha") == numbers(site, "beta") == "123"
    assert site.ledger.servers() == [1, 2]


@pytest.mark.parametrize("move", ["1 to 2, with a new one as 1", "2 to 1, which is dropped"])
def test_a_move_that_is_taken_back_brings_back_whom_it_displaced(site, move):
    site.services_apply = False
    after, _ = MOVES[move]
    take(site, 1)
    site.offer(after)
    confirm(site)
    take(site, 2)
    visit_both(site)
    site.configuration.take_back(2, "collector", "two lines on one port")
    site._settle()
    confirm(site)
    site.services_apply = True
    site._settle()
    take(site, 3)
    visit_both(site)
    assert numbers(site, "alpha") == numbers(site, "beta") == "123"


def test_what_waited_is_dropped_once_every_service_has_applied_it(site):
    site.services_apply = False
    take(site, 1)
    files(site)
    site.offer(standing(ALPHA, None, 1))
    confirm(site)
    site.connect()
    assert site.spool.state().records == 1
    site.services_apply = True
    site.connect()
    site.connect()
    assert site.spool.state().records == 0
    assert not (site.outgoing / "2").exists()
    assert "warning: what waited for the former server 2 is dropped" in "\n".join(texts(site))
    site.offer(standing(ALPHA, BETA, 1))
    confirm(site)
    take(site, 2)
    site.connect(2)
    assert numbers(site, "beta") == "2", "it begins anew"


def texts(site: Site) -> list[str]:
    """Every line of the log, delivered or not."""
    logs = [c for p, c in site.worlds["alpha"].files.items() if p.startswith("/LOG/")]
    delivered = [gzip.decompress(content).decode().replace(";sync;", ": ").replace(";", " ") for content in logs]
    return [*delivered, site.log()]


def test_what_earlier_versions_kept_by_number_is_taken_over(site):
    take(site, 1)
    files(site)
    with site.database.write() as session:
        session.connection().exec_driver_sql("DROP TABLE destination")
        session.connection().exec_driver_sql("UPDATE connection SET destination = 0")
    site.again()
    assert site.history.last(2).server == 2
    site.offer(standing(BETA, ALPHA, 2))
    confirm(site)
    visit_both(site)
    assert numbers(site, "alpha") == numbers(site, "beta") == "1"
