"""The pages of servers, log and system: true, filtered, live, with what a browser needs to act on them."""

import datetime as dt

import pytest

from heliograph.api.pages.logs import LogFilter
from heliograph.api.pages.serverforms import groups, settings_of
from heliograph.api.pages.servers import HistoryFilter
from heliograph.api.pages.system import certificates
from heliograph.contract import DiskState, Level, RevisionDetail, StreamState
from heliograph.contract.channels import STATE
from heliograph.contract.servertests import StepState, TestStep
from heliograph.formats.config_rules import RULES
from support.certificates import Authority
from support.markup import Markup
from support.plausible import sync_state
from support.waiting import until

CONFIG = """; of the plant
SERVER_Type=sftp
FTP_Address=data.example.org
FTP_Login=plant
FTP_Password=***
FTP_SyncConfig=1
SERVER2_Type=mqtts
MQTT2_Address=broker.example.org
MQTT2_Password=env:BROKER
FTP2_Address=left.over
"""


UNUSED = {f"HTTP{infix}_{name}" for infix in ("", "2") for name in ("HostKey", "KeyFile", "PassiveMode")}
"""Variables that no type of server makes use of."""


async def text_of(api, path: str, **options: object) -> str:
    answer = await api.get(path, **options)
    assert answer.status_code == 200, answer.text
    markup = Markup(answer.text)
    assert markup.inline == []
    return " ".join(" ".join(markup.texts).split())


def test_settings_are_told_by_type_and_secrets_are_not():
    assert settings_of(CONFIG, 1) == [
        ("Type", "SFTP"), ("Address", "data.example.org"), ("Login", "plant"), ("Password", "set, not shown"),
        ("Take the configuration from this server", "yes"),
    ]  # fmt: skip
    assert settings_of(CONFIG, 2) == [
        ("Type", "MQTT over TLS"), ("Address", "broker.example.org"), ("Password", "env:BROKER"),
    ]  # fmt: skip
    assert settings_of("", 1) == []


@pytest.mark.parametrize("number", [1, 2])
def test_every_variable_of_a_server_has_a_field_in_the_form(number):
    infix = "" if number == 1 else "2"
    families = tuple(f"{family}{infix}_" for family in ("FTP", "HTTP", "MQTT"))
    wanted = {name for name in RULES if name.startswith(families) and not name.endswith("_DirBin")}
    assert {field.variable for group in groups(number) for field in group.inputs} == wanted - UNUSED


@pytest.mark.parametrize(
    "query", [{}, {"server": "2", "failed": "true"}, {"before": "41"}, {"server": "3", "before": "x"}]
)
def test_a_filter_of_connections_comes_back_from_its_address(query):
    found = HistoryFilter.of_query(query)
    assert HistoryFilter.of_query(found.query) == found
    assert found.request.server in (None, 2)  # what does not fit is as if it were not there


@pytest.mark.parametrize(
    "query", [{}, {"level": "error", "service": "sync", "text": "ä&b", "before": "9"}, {"level": "x"}]
)
def test_a_filter_of_the_log_comes_back_from_its_address(query):
    found = LogFilter.of_query(query)
    assert LogFilter.of_query(found.query) == found


def test_certificates_of_the_set_are_told_with_their_end():
    good, _ = Authority().issue("data.example.org", days=90)
    files = {
        "CERT/a.pem": good.decode(),
        "CERT/b.pem": Authority().issue("old.example.org", days=-1)[0].decode(),
        "CERT/c.pem": Authority().issue("soon.example.org", days=5)[0].decode(),
        "CERT/d.pem": "no certificate",
        "DEF/inv.csv": "x",
    }
    rows = certificates(RevisionDetail(files=files), int(dt.datetime.now(dt.UTC).timestamp() * 1000))
    assert [(row.file, row.word) for row in rows] == [
        ("CERT/a.pem", "Valid"), ("CERT/b.pem", "Expired"), ("CERT/c.pem", "Ends soon"),
        ("CERT/d.pem", "No certificate"),
    ]  # fmt: skip
    assert "data.example.org" in rows[0].subject


async def test_servers_show_state_settings_plan_and_history(api, peers):
    peers.revisions.files["CONFIG/WPM00C44F_config.ini"] = CONFIG

    async def shown():
        text = await text_of(api, "/servers")
        return "set, not shown" in text and text

    text = await until(shown)
    for part in (
        "Server 1 main", "data.example.org", "directory /plants/00C44F/LOG is missing", "No server was tested yet",
        "SCHEDULE_Params: 1|everyday", "Europe/Paris", "login was refused",
    ):  # fmt: skip
        assert part in text, part


async def test_connections_are_filtered_and_paged(api, peers):
    del peers
    failed = await text_of(api, "/servers", params={"failed": "true"})
    assert "login was refused" in failed
    assert failed.count("Server 2") < 10
    older = (await api.get("/servers", params={"before": "36"})).text
    assert ">35<" in older
    assert ">36<" not in older


async def test_steps_of_a_test_are_shown_as_they_are_told(api, peers):
    await peers.servers.progress()

    async def running():
        text = await text_of(api, "/servers")
        return "Reach port 22" in text and text

    text = await until(running)
    assert "Stop the test" in text
    failed = TestStep(name="Reach port 22", state=StepState.FAILED, text="nothing <listens> there", seconds=0.1)
    await peers.servers.progress(ended=1, steps=(failed,))

    async def over():
        text = await text_of(api, "/servers/1")
        return "Reach port 22 failed." in text and text

    text = await until(over)
    assert "nothing <listens> there" in text
    assert "Stop the test" not in text


async def test_the_form_of_a_server_has_labels_and_hooks(api, peers):
    del peers
    page = (await api.get("/servers/2")).text
    for hook in (
        'id="server-form"', 'data-number="2"', 'data-variable="FTP2_Address"', 'for="f-MQTT2_TopicData"',
        'id="server-test"', 'id="server-save"', 'id="schedule-add"', 'id="schedule-next"', 'id="save-dialog"',
    ):  # fmt: skip
        assert hook in page, hook
    assert (await api.get("/servers/3")).status_code == 422


async def test_the_log_is_shown_filtered_and_live(api, peers):
    text = await text_of(api, "/log")
    assert "line 30 of <the log>" in text
    only = await text_of(api, "/log", params={"level": "warning", "text": "line 3 "})
    assert "line 3 of" in only
    assert "line 6 of" not in only
    await peers.servers.say("something new", Level.ERROR)

    async def told():
        return "something new" in await text_of(api, "/log")

    await until(told)
    assert "No such line" in await text_of(api, "/log", params={"text": "nowhere"})
    for hook in ('id="log-pause"', 'id="log-search"', 'id="bundle-send"', 'id="trace-form"'):
        assert hook in (await api.get("/log")).text


async def test_the_system_shows_what_it_runs_on(api, peers):
    streams = (StreamState(name="RECORDS", messages=12, bytes=34_000, limit=2**30),)
    facts = {"disk": DiskState(total=64 * 10**9, free=50 * 10**9), "streams": streams, "memory_bytes": 61_000_000}

    async def shown():
        await peers.sync.store(STATE, sync_state(**facts), service="sync")
        text = await text_of(api, "/system")
        return "RECORDS" in text and text

    text = (await until(shown)).replace("\u202f", " ")
    for part in (
        "50.0 GB of 64.0 GB",
        "61.0 MB of memory",
        "Europe/Paris",
        "The set has no certificate",
        "accounts and tokens",
    ):
        assert part in text, part
    assert 'id="restart"' in (await api.get("/system")).text
