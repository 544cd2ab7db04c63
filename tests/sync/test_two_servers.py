"""Server 1 and server 2 (spec 1.1): the mode decides, never the number; one that is away never delays the other."""

import itertools

import pytest

from heliograph.formats import read_set
from heliograph.formats.config import FileServer, MqttServer, ServerMode
from support.samples import record
from support.site import BACKUP, CONFIG, INV, MAIN, config, first_set, site_at
from support.syncing import DEFINITION

OTHER = DEFINITION.replace("Power", "Energy").encode()
HOUR_MS = 3_600_000
TEN = 1_717_236_000_000
"""2024-06-01 10:00:00 UTC."""
M, B = "strategy_wsun1_compliant", "strategy_wsun1_compliant_backup"
FILE = {"sftp": "FTP", "webdav": "HTTP"}
KINDS = ("none", "main", "backup", "mqtt")


def server(number: int, kind: str, protocol: str) -> dict[str, object]:
    """The variables of one server."""
    infix = "" if number == 1 else "2"
    if kind == "none":
        return {}
    if kind == "mqtt":
        return {
            f"SERVER{infix}_Type": "mqtt",
            f"MQTT{infix}_Address": f"broker{number}",
            f"MQTT{infix}_TopicData": "data",
        }
    address = {f"{FILE[protocol]}{infix}_Address": f"host{number}"}
    return {f"SERVER{infix}_Type": protocol, f"SERVER{infix}_Mode": M if kind == "main" else B, **address}


REJECTED = {("none", "none"), ("main", "main")}
"""No server that could ever connect, and two mains; every other pair is a plant."""


@pytest.mark.parametrize("protocol", FILE)
@pytest.mark.parametrize("kinds", list(itertools.product(KINDS, KINDS)), ids="-".join)
def test_every_combination_of_two_servers(kinds, protocol):
    files = first_set(**{CONFIG: config(*(server(number, kind, protocol) for number, kind in enumerate(kinds, 1)))})
    found, findings = read_set(files, "WPM00C44F")
    assert (found is None) == (kinds in REJECTED), findings
    if found is None:
        return
    roles = {s.number: s for s in found.config.servers}
    assert set(roles) == {number for number, kind in enumerate(kinds, 1) if kind != "none"}
    for number, one in roles.items():
        kind = kinds[number - 1]
        assert isinstance(one, MqttServer if kind == "mqtt" else FileServer)
        assert (one.mode is ServerMode.MAIN) == (kind == "main")
    alone = "backup" in kinds and "main" not in kinds
    assert any("a backup without a main server" in str(finding) for finding in findings) == alone


@pytest.fixture
def site(tmp_path):
    site = site_at(tmp_path / "sync")
    yield site
    site.close()


EVERY_HOURS = 6


@pytest.mark.parametrize("down", ["alpha", "beta"])
def test_one_server_down_for_a_week_while_the_other_works(site, down):
    up = "beta" if down == "alpha" else "alpha"
    numbers = {"alpha": 1, "beta": 2}
    for number in numbers.values():
        site.connect(number)
    site.worlds[down].unreachable = "it is down"
    visits = 7 * 24 // EVERY_HOURS
    for visit in range(visits):
        site.spool.take_records([record(visit + 1, time=TEN + visit * EVERY_HOURS * HOUR_MS)])
        site.connect(numbers[down], seconds=0)
        site.connect(numbers[up], seconds=EVERY_HOURS * 3600)
        assert len(site.rows(up)) == visit + 1, "the other is not delayed"
    assert site.spool.state().records == visits
    site.edit(INV, OTHER)
    site.worlds[down].unreachable = ""
    for number in (1, 2, 1, 2):
        site.connect(number)
    assert site.rows(down) == site.rows(up)
    assert len(set(site.rows(down))) == visits
    assert site.on("alpha") == site.on("beta") == site.files
    assert site.files[INV] == OTHER
    assert site.spool.state().records == 0


def test_a_backup_alone_gets_everything_and_configures_nothing(tmp_path):
    site = site_at(tmp_path / "sync", first_set(**{CONFIG: config(BACKUP)}))
    site.spool.take_records([record(1)])
    site.edit(INV, OTHER, "beta")
    site.connect(2)
    assert len(site.rows("beta")) == 1
    assert site.on("beta") == site.files == first_set(**{CONFIG: config(BACKUP)})
    site.close()


def test_a_main_server_as_number_two_configures_the_gateway(tmp_path):
    swapped = {**{k.replace("SERVER_", "SERVER2_").replace("FTP_", "FTP2_"): v for k, v in MAIN.items()}}
    site = site_at(tmp_path / "sync", first_set(**{CONFIG: config(swapped, SERVER2_Mode=M)}))
    site.connect()
    assert site.in_force.main.number == 2
    site.edit(INV, OTHER)
    site.connect()
    assert site.files[INV] == OTHER
    site.close()


def test_a_new_server_gets_what_is_recorded_from_its_confirmation_on_and_none_drops_a_backlog(site):
    site.spool.take_records([record(1)])
    site.edit(CONFIG, config(MAIN))
    site.connect()
    site.connect()
    assert site.ledger.servers() == [1]
    assert site.spool.state().records == 0, "what waited for server 2 alone is dropped"
    site.edit(CONFIG, config())
    site.connect()
    site.spool.take_records([record(2, time=TEN + HOUR_MS)])
    site.connect()
    site.spool.take_records([record(3, time=TEN + 2 * HOUR_MS)])
    site.connect()
    site.connect(2)
    assert len(site.rows("alpha")) == 3
    assert site.rows("beta") == site.rows("alpha")[-1:]


def test_a_changed_address_keeps_the_backlog(site):
    site.spool.take_records([record(1)])
    site.connect()
    site.edit(CONFIG, config(FTP2_Address="gamma"))
    site.worlds["gamma"] = type(site.worlds["beta"])(directories=set(site.worlds["beta"].directories))
    site.connect()
    site.connect()
    site.connect(2)
    assert len(site.rows("gamma")) == 1
