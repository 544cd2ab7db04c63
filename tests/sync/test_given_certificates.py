"""Certificates and private keys that come with an edit: judged before, kept apart from the set, never lost or shown."""

import stat

import pytest

from heliograph.contract import EditRequest, ReturnRequest, RevisionRequest
from heliograph.sync.access import resolve_access
from heliograph.sync.desk import Desk
from heliograph.sync.given import key_findings
from heliograph.sync.keys import Keys
from heliograph.sync.placing import outgoing_files
from support.certificates import Authority
from support.site import CONFIG, MAIN, config

AUTHORITY = Authority()
CERTIFICATE, KEY = (part.decode() for part in AUTHORITY.issue("gateway", client=True))
OTHER_KEY = AUTHORITY.issue("another")[1].decode()
MQTT = {
    "SERVER2_Type": "mqtts", "MQTT2_Address": "broker", "MQTT2_TopicData": "t/{uid}", "MQTT2_CaFile": "ca.pem",
    "MQTT2_CertFile": "own.pem", "MQTT2_KeyFile": "own.key",
}  # fmt: skip
FILES = {"CERT/ca.pem": AUTHORITY.pem.decode(), "CERT/own.pem": CERTIFICATE}


@pytest.fixture
def keys(site) -> Keys:
    return Keys(site.directory / "keys")


@pytest.fixture
def desk(site, keys) -> Desk:
    return Desk(site.configuration, site.revisions, dict, keys)


def give(desk, files=FILES, keys=None, **changes):
    written = {CONFIG: config(MAIN, MQTT, **changes).decode()}
    given = {"own.key": KEY} if keys is None else keys
    return desk.edit(EditRequest(files={**written, **files}, keys=given, origin="web page"))


def test_certificates_and_key_come_in_force_with_the_setting_that_names_them(desk, site, keys):
    answer = give(desk)
    assert answer.error == "", answer
    applied = site.configuration.applied
    assert applied.number == answer.revision
    assert applied.set.files["CERT/own.pem"].decode() == CERTIFICATE
    (server,) = (server for server in applied.set.config.servers if server.number == 2)
    access = resolve_access(server, applied.set.files, {}, (keys.directory,))
    assert access.private_key is not None
    assert access.private_key.decode().strip() == KEY.strip()
    assert access.authorities == AUTHORITY.pem


def test_a_key_is_read_by_its_owner_alone_and_told_nowhere(desk, site, keys):
    give(desk)
    assert stat.S_IMODE((keys.directory / "own.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.directory.stat().st_mode) == 0o700
    told = desk.detail(RevisionRequest()).model_dump_json() + repr(EditRequest(files={}, keys={"a": KEY}, origin="x"))
    assert "PRIVATE KEY" not in told
    assert not any(b"PRIVATE KEY" in content for content in site.configuration.applied.set.files.values())
    assert not any(b"PRIVATE KEY" in content for content in outgoing_files(site.configuration.applied).values())


FAULTS = [
    ({"CERT/ca.pem": "no certificate"}, None, "CERT/ca.pem:1:1: error: it holds no certificate in PEM form"),
    ({"CERT/ca.pem": CERTIFICATE + KEY}, None, "CERT/ca.pem:1:1: error: a private key stands in it"),
    ({"CERT/own.pem": CERTIFICATE.replace("MII", "AAA")}, None, "CERT/own.pem:1:1: error: it holds no certificate"),
    ({}, {"own.key": CERTIFICATE}, "KEY/own.key:1:1: error: it is no private key in PEM form"),
    ({}, {"own.key": KEY.replace("M", "*")}, "KEY/own.key:1:1: error: its lines are damaged"),
    ({}, {"own.key": OTHER_KEY}, "KEY/own.key:1:1: error: it is not the key of CERT/own.pem"),
    ({}, {"../own.key": KEY}, "has a path"),
    ({}, {"my own.key": KEY}, "KEY/my own.key:1:1: error: "),
    ({}, {"own.key": "x" * 70_000}, "longer than 65536 bytes"),
]


@pytest.mark.parametrize(("files", "given", "finding"), FAULTS)
def test_what_is_no_certificate_or_key_is_refused_with_its_place_and_nothing_is_kept(
    desk, site, keys, files, given, finding
):
    before = site.configuration.applied
    answer = give(desk, FILES | files, given)
    assert "rejected" in answer.error
    assert any(finding in told for told in answer.findings), answer.findings
    assert "PRIVATE KEY-----\n" not in str(answer)
    assert site.configuration.applied is before
    assert not keys.directory.exists()


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        KEY.replace("\n", "\r\n"),
        KEY.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1),
        KEY.replace("PRIVATE", "OPENSSH PRIVATE"),
    ],
)
def test_a_key_is_taken_in_the_forms_that_programs_write(text):
    assert list(key_findings({"own.key": text}, {})) == []


def test_a_set_that_is_refused_for_another_reason_keeps_no_key(desk, keys):
    assert "rejected" in give(desk, MQTT2_Port=99999).error
    assert keys.known(["own.key"]) == {"own.key": None}


def test_a_check_keeps_nothing(desk, site, keys):
    written = {CONFIG: config(MAIN, MQTT).decode(), **FILES}
    request = EditRequest(files=written, keys={"own.key": KEY}, origin="web page", only_check=True)
    answer = desk.edit(request)
    assert answer.error == ""
    assert "PRIVATE KEY" not in answer.diff
    assert site.configuration.applied.number == 1
    assert not keys.directory.exists()


def test_a_kept_key_is_never_replaced_so_that_the_way_back_finds_it(desk, site, keys):
    first = give(desk).revision
    certificate, key = (part.decode() for part in AUTHORITY.issue("gateway again", client=True))
    again = give(desk, FILES | {"CERT/own.pem": certificate}, {"own.key": key})
    assert any("another key is kept under this name" in told for told in again.findings)
    other = give(desk, FILES | {"CERT/own.pem": certificate}, {"new.key": key}, MQTT2_KeyFile="new.key")
    assert other.error == "", other
    assert desk.put_back(ReturnRequest(number=first, origin="web page")).error == ""
    assert keys.known(["own.key"])["own.key"] == KEY.encode()


def test_a_key_that_no_kept_revision_names_goes_with_the_next_one_that_is_given(desk, keys):
    keys.keep({"stray.key": KEY})
    assert give(desk, keys={"my-own.key": KEY}, MQTT2_KeyFile="file:my-own.key").error == ""
    assert keys.known(["stray.key", "my-own.key"]) == {"stray.key": None, "my-own.key": KEY.encode()}


def test_certificates_that_stand_in_the_set_already_are_not_judged_again(site, keys):
    old = {**site.configuration.applied.set.files, CONFIG: config(MAIN, FTP_CaFile="old.pem"), "CERT/old.pem": b"odd"}
    site.offer(old)
    desk = Desk(site.configuration, site.revisions, dict, keys)
    name = config(MAIN, FTP_CaFile="old.pem", GATEWAY_Name="Barn").decode()
    assert desk.edit(EditRequest(files={CONFIG: name, "CERT/old.pem": "odd"}, origin="REST")).error == ""


def test_a_name_under_which_a_person_put_a_secret_by_hand_is_not_given_again(site, tmp_path):
    (tmp_path / "own.key").write_text(OTHER_KEY)
    desk = Desk(site.configuration, site.revisions, dict, Keys(site.directory / "keys", [tmp_path]))
    assert any("another key is kept under this name" in told for told in give(desk).findings)
    (tmp_path / "own.key").write_text(KEY)
    assert give(desk).error == ""
    assert not (site.directory / "keys").exists(), "it is there already"


def test_a_key_is_judged_also_where_it_is_named_as_a_file(desk):
    answer = give(desk, keys={"own.key": OTHER_KEY}, MQTT2_KeyFile="file:own.key")
    assert any("it is not the key of CERT/own.pem" in told for told in answer.findings)
