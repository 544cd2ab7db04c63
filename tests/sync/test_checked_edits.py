"""Edits that are only checked, and edits that bring the whole set."""

import pytest

from heliograph.contract import EditRequest
from heliograph.sync.desk import Desk
from heliograph.sync.keys import Keys
from support.site import SCHEDULE, VAR

PREFIX = "CONFIG/WPM00C44F"


@pytest.fixture
def desk(site) -> Desk:
    return Desk(site.configuration, site.revisions, dict, Keys(site.directory / "keys"))


def text_of(site, path) -> str:
    return site.configuration.applied.set.files[path].decode()


def check(desk, files, **more):
    return desk.edit(EditRequest(files=files, origin="web page", only_check=True, **more))


def test_a_check_says_what_would_change_without_secrets_and_changes_nothing(desk, site):
    before = site.configuration.applied
    path = f"{PREFIX}_config.ini"
    answer = check(desk, {path: text_of(site, path).replace("secret-1", "hush") + "GATEWAY_Name=Barn\n"})
    assert answer.error == ""
    assert answer.revision is None
    assert "+GATEWAY_Name=Barn" in answer.diff
    assert "hush" not in answer.diff
    assert site.configuration.applied is before
    assert site.revisions.next_number() == before.number + 1


def test_a_check_says_whether_it_would_go_on_trial(desk, site):
    site.configuration.reached(site.configuration.applied.number)
    path = f"{PREFIX}_config.ini"
    assert not check(desk, {path: text_of(site, path) + "GATEWAY_Name=Barn\n"}).provisional
    answer = check(desk, {path: text_of(site, path) + "FTP_Port=2222\n"})
    assert answer.provisional
    assert site.configuration.trial() is None
    unchanged = check(desk, {path: text_of(site, path)})
    assert (unchanged.diff, unchanged.provisional) == ("", False)


def test_a_check_tells_the_findings_and_nobody_is_alarmed(desk, site):
    answer = check(desk, {f"{PREFIX}_config.ini": "SERVER_Type=carrier pigeon\n"})
    assert "would be rejected" in answer.error
    assert any("SERVER_Type" in finding for finding in answer.findings)
    assert not site.configuration.rejected


def test_a_whole_set_takes_out_what_it_does_not_hold(desk, site):
    files = {path: content.decode() for path, content in site.configuration.applied.set.files.items()}
    files[VAR] = SCHEDULE.decode()
    assert desk.edit(EditRequest(files={VAR: files[VAR]}, origin="REST")).error == ""
    del files[VAR]
    answer = desk.edit(EditRequest(files=files, origin="REST", whole=True))
    assert answer.error == ""
    assert set(site.configuration.applied.set.files) == set(files)


def test_a_whole_set_with_masked_passwords_keeps_them(desk, site):
    path = f"{PREFIX}_config.ini"
    files = {p: content.decode() for p, content in site.configuration.applied.set.files.items()}
    files[path] = files[path].replace("secret-1", "***")
    assert check(desk, files, whole=True).diff == ""
    assert desk.edit(EditRequest(files=files, origin="REST", whole=True)).error == ""
    assert "FTP_Password=secret-1" in text_of(site, path)
