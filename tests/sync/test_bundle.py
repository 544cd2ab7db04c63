"""The debug bundle: what it holds, what it never holds, and its way to every server (spec 3.4)."""

import gzip
import io
import json
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import func, select

from heliograph.contract import ApiState, BundleRequest, ConnectionResult, Event, Level, SyncState
from heliograph.formats.archive import is_relative, pack_tar
from heliograph.formats.names import FileKind, parse_name
from heliograph.sync import ledger as streams
from heliograph.sync.bundle import pack_bundle, shown_file
from heliograph.sync.desk import Desk
from heliograph.sync.keys import Keys
from heliograph.sync.support import NO_SERVER, Support
from heliograph.sync.tables import BundleRow, LogRow
from support.bundles import unpacked
from support.sets import UID
from support.site import BACKUP, CONFIG, MAIN, Site, config, first_set, site_at

OWN = SyncState(time=1_717_243_200_000, started=0, revision=1, uid=UID)
ASKED = BundleRequest(origin="REST")
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEsecret\n-----END PRIVATE KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nTUlJQw==\n-----END CERTIFICATE-----\n"


@pytest.fixture
def site(tmp_path):
    site = site_at(tmp_path, first_set())
    yield site
    site.close()


def support(site) -> Support:
    desk = Desk(site.configuration, site.revisions, dict, Keys(site.directory / "keys"))
    return Support(
        site.database, site.configuration, desk, site.history, site.diary, site.clock, site.parts.concealed,
        broker=lambda: "2.12.0",
    )  # fmt: skip


def on(site, address: str) -> dict[str, bytes]:
    found = {path: content for path, content in site.worlds[address].files.items() if "_SYSTEME_" in path}
    assert all(path.startswith(f"/LOG/{UID}_SYSTEME_") and path.endswith(".tar.gz") for path in found)
    return found


def kept(site) -> int:
    with site.database.read() as session:
        return session.exec(select(func.count()).select_from(BundleRow)).one()


def test_both_servers_get_the_same_bytes_under_the_same_name_and_then_it_is_gone(site):
    answer = support(site).answer(ASKED, OWN)
    assert (answer.error, answer.servers) == ("", (1, 2))
    assert parse_name(answer.name).kind is FileKind.BUNDLE
    site.connect(1)
    assert kept(site) == 1
    site.connect(2)
    assert on(site, "alpha") == on(site, "beta")
    assert list(on(site, "alpha")) == [f"/LOG/{answer.name}"]
    assert len(on(site, "alpha")[f"/LOG/{answer.name}"]) == answer.bytes
    assert kept(site) == 0
    site.connect(1)
    assert len(on(site, "alpha")) == 1
    assert f"server 1: bundle: {answer.name} delivered" in site.log()


def test_it_holds_what_a_person_far_away_needs(site):
    part = support(site)
    part.hear(ApiState(time=5, started=1, revision=1))
    site.offer(first_set(**{CONFIG: config(NTP_TimeZone="Europe/Paris")}))
    site.worlds["alpha"].unreachable = "sftp server alpha:22 refuses connections"
    site.connect(1)
    site.worlds["alpha"].unreachable = ""
    part.answer(ASKED, OWN)
    site.connect(1)
    (content,) = on(site, "alpha").values()
    files = unpacked(content)
    assert "FTP_Password=***" in files[f"configuration/{CONFIG}"]
    assert "SERVER_Type=sftp" in files[f"configuration/{CONFIG}"]
    assert "modbusTCP;Meter" in files["configuration/DEF/inv.csv"]
    assert json.loads(files["states/api.json"])["time"] == 5
    assert json.loads(files["states/sync.json"])["uid"] == UID
    assert json.loads(files["status.json"])["uid"] == UID
    versions = json.loads(files["versions.json"])
    assert versions["broker"] == "2.12.0"
    assert {"heliograph", "python", "platform", "disk"} <= versions.keys()
    assert "sqlmodel" in versions["libraries"]
    (row,) = json.loads(files["connections.json"])
    assert "refuses connections" in row["failures"][0]
    assert [summary["number"] for summary in json.loads(files["revisions/list.json"])] == [2, 1]
    assert "+NTP_TimeZone=Europe/Paris" in files["revisions/000002.diff"]
    assert "WARNING" not in files["log.txt"]
    assert ";warning;sync;server 1: connection: sftp server alpha:22 refuses connections" in files["log.txt"]
    assert "secret-1" not in "".join(files.values())


def test_delivered_lines_of_the_log_stay_for_it_and_are_not_delivered_twice(site):
    site.diary.info("the roof hatch was opened")
    for number in (1, 2, 1, 2):
        site.connect(number)
    logs = [gzip.decompress(c).decode() for p, c in site.worlds["alpha"].files.items() if "_LOG_" in p]
    assert sum(text.count("roof hatch") for text in logs) == 1
    support(site).answer(ASKED, OWN)
    site.connect(1)
    (content,) = on(site, "alpha").values()
    assert unpacked(content)["log.txt"].count("roof hatch") == 1


def test_so_many_lines_stay_and_no_more(site, monkeypatch):
    monkeypatch.setattr(streams, "RECENT_LINES", 20)
    for number in range(100):
        site.diary.info(f"line {number}")
    for number in (1, 2):
        site.connect(number)
    site.free()
    with site.database.read() as session:
        texts = list(session.exec(select(LogRow.text)))
    assert 20 <= len(texts) <= 40
    assert "line 50" not in texts


def test_kept_lines_that_were_delivered_are_dropped_without_a_word(site, monkeypatch):
    from heliograph.sync import spool

    for number in range(50):
        site.diary.info(f"line {number} {'x' * 50}")
    for number in (1, 2):
        site.connect(number)
    monkeypatch.setattr(spool, "LOG_BYTES", 3000)
    site.spool.take_lines([Event(time=1, level=Level.INFO, service="api", text="new")])
    assert "line 0 " not in site.log()
    assert "no server took them" not in site.log()
    assert "new" in site.log()


def test_none_is_made_before_the_servers_of_the_first_revision_are_served(site):
    with site.database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM cursor")
    answer = support(site).answer(ASKED, OWN)
    assert (answer.error, kept(site)) == ("no configuration is in force yet: there is no server", 0)


def test_a_newer_one_replaces_one_that_no_server_has_begun(site):
    part = support(site)
    first, second = part.answer(ASKED, OWN), part.answer(ASKED, OWN)
    assert first.name < second.name
    assert kept(site) == 1
    for number in (1, 2):
        site.connect(number)
    assert list(on(site, "alpha")) == list(on(site, "beta")) == [f"/LOG/{second.name}"]
    assert "one that waited is replaced" in site.log()


def test_one_that_was_begun_is_finished_as_it_was_and_the_newer_one_follows(site):
    part = support(site)
    first = part.answer(ASKED, OWN)
    site.worlds["alpha"].refuses = {"rename"}
    assert site.connect(1).result is ConnectionResult.PARTIAL
    second = part.answer(ASKED, OWN)
    site.worlds["alpha"].refuses = set()
    for path in (site.outgoing / "1").iterdir():  # a torn disk: it is made again from what is kept
        path.write_bytes(b"")
    site.again()
    for number in (1, 2):
        site.connect(number)
    assert list(on(site, "alpha")) == [f"/LOG/{first.name}", f"/LOG/{second.name}"]
    assert len(on(site, "alpha")[f"/LOG/{first.name}"]) == first.bytes
    assert list(on(site, "beta")) == [f"/LOG/{second.name}"]
    assert kept(site) == 0


def test_it_waits_for_a_server_that_is_down_and_its_name_stays_the_only_one_of_its_time(site):
    site.refuse[2] = "down"
    answer = support(site).answer(ASKED, OWN)
    for _ in range(3):
        site.connect(1, seconds=0)
        site.connect(2, seconds=0)
    site.refuse.clear()
    site.again()
    site.connect(2)
    for address in ("alpha", "beta"):
        assert f"/LOG/{answer.name}" in on(site, address)
        stamps = [parse_name(p.removeprefix("/LOG/")).time for p in site.worlds[address].files if "/LOG/" in p]
        assert len(set(stamps)) == len(stamps)


def test_the_clock_set_back_gives_no_name_a_second_time(site):
    part = support(site)
    names = []
    for _ in range(3):
        names.append(part.answer(ASKED, OWN).name)
        site.connect(1)
        site.clock.set(site.clock.time() - 86_400)
    assert names == sorted(set(names))


def test_without_a_file_server_it_is_refused_in_words(site, tmp_path):
    mqtt = {"SERVER_Type": "mqtt", "MQTT_Address": "broker", "MQTT_TopicData": "data"}
    alone = site_at(tmp_path / "mqtt", first_set(**{CONFIG: config(mqtt)}))
    assert support(alone).answer(ASKED, OWN).error == NO_SERVER
    bare = Site(tmp_path / "bare")
    assert "no configuration is in force yet" in support(bare).answer(ASKED, OWN).error
    assert kept(alone) == kept(bare) == 0
    alone.close()
    bare.close()


def test_a_server_that_goes_takes_what_waited_for_it_along(site):
    support(site).answer(ASKED, OWN)
    site.connect(1)
    site.offer(first_set(**{CONFIG: config(MAIN)}))
    site.connect(1)
    site.free()
    assert kept(site) == 0


def test_keys_certificates_and_passwords():
    assert shown_file("CERT/client.pem", CERTIFICATE + KEY) == CERTIFICATE
    assert shown_file("CERT/own.key", KEY) is None
    assert shown_file("CERT/other.key", CERTIFICATE, frozenset({"other.key"})) is None
    assert shown_file("SCRIPT/a.lua", f"x = [[{KEY}]]") == "x = [[(a private key stood here)\n]]"
    assert shown_file("SCRIPT/a.lua", f"x = [[{KEY[:40]}") == "x = [[(a private key stood here)"
    assert shown_file(CONFIG, "FTP_Password=geheim\nX=1\n") == "FTP_Password=***\nX=1\n"


@given(st.binary(max_size=200).map(lambda b: b.hex()), st.integers(0, 2**31))
@settings(max_examples=50)
def test_the_same_texts_give_the_same_bytes(text, modified):
    files = {"a/b.txt": text, "a/c.txt": "x"}
    lines = [f"{text}\n"]
    assert pack_bundle("N", files, lines, modified) == pack_bundle("N", dict(reversed(files.items())), lines, modified)


def test_the_archive_has_plain_members_alone():
    content = pack_bundle("N", {"a/b.txt": "x", "/etc/passwd": "x", "../up": "x", "a/../../b": "x"}, [], 1_717_243_200)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        for member in tar.getmembers():
            assert member.isreg()
            assert (member.mode, member.uid, member.gid, member.uname) == (0o644, 0, 0, "")
            assert member.mtime == 1_717_243_200
            assert member.name.startswith("N/")
            assert ".." not in member.name
    assert "left out, the bundle is full: '/etc/passwd'" in unpacked(content)["README.txt"]


@given(st.text(max_size=20))
def test_no_path_leaves_its_folder(path):
    parts = path.split("/")
    if is_relative(path):
        assert pack_tar({path: b""}, 0)
        assert not {"", ".", ".."} & set(parts)
        assert not path.startswith("/")
    else:
        with pytest.raises(ValueError, match="no path inside an archive"):
            pack_tar({path: b""}, 0)


def test_beyond_the_limit_the_oldest_lines_go_first_and_it_is_said():
    noise = [f"{number} {number * 7919 % 104729:x}{number**5:x}\n" for number in range(5000)]
    whole = len(pack_bundle("N", {"a": "keep"}, noise, 0))
    packed = pack_bundle("N", {"a": "keep"}, noise, 0, limit=whole // 3)
    assert len(packed) <= whole // 3
    files = unpacked(packed)
    assert files["a"] == "keep"
    log = files["log.txt"].splitlines(keepends=True)
    assert log[1:] == noise[-len(log) + 1 :]
    assert log[0] == f"({5000 - len(log) + 1} older lines left out: the bundle is full)\n"
    assert len(log) > 500


def test_where_lines_do_not_suffice_the_largest_files_go():
    import random

    big = random.Random(1).randbytes(100_000).hex()
    packed = pack_bundle("N", {"a": "keep", "big": big}, ["line\n"], 0, limit=20_000)
    files = unpacked(packed)
    assert "big" not in files
    assert files["a"] == "keep"
    assert "left out, the bundle is full: 'big'" in files["README.txt"]


def test_the_backup_alone_gets_it_too(tmp_path):
    backup = {k.replace("SERVER2", "SERVER").replace("FTP2", "FTP"): v for k, v in BACKUP.items()}
    mode = {"SERVER_Mode": "strategy_wsun1_compliant_backup"}
    site = site_at(tmp_path / "b", first_set(**{CONFIG: config(backup, mode)}))
    assert support(site).answer(ASKED, OWN).servers == (1,)
    site.connect(1)
    assert len(on(site, "beta")) == 1
    site.close()
