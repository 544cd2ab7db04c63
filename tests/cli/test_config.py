"""`heliograph config`: fetched without losing what is there, put as one revision or nothing, compared, taken back."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from heliograph.api.archives import ArchiveFormat, pack, unpack
from heliograph.cli.main import app
from support.keptconfig import KeptConfiguration
from support.restpage import Asked, deciding

EXAMPLE = Path(__file__).parents[2] / "examples" / "set"
UID = "WPM00C44F"
CONFIG, VAR, DAQ = (f"CONFIG/{UID}_{kind}" for kind in ("config.ini", "var.ini", "daq.csv"))
METER = f"DEF/{UID}_SERIAL1_meter.csv"


def example() -> dict[str, str]:
    folders = [path for path in EXAMPLE.glob("*/*") if path.is_file()]
    return {str(path.relative_to(EXAMPLE)): path.read_text() for path in folders}


@pytest.fixture
def directory(tmp_path) -> Path:
    """A copy of the example set that a test may spoil."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "set"))


@pytest.fixture
def kept() -> KeptConfiguration:
    """A gateway on the second revision of the example set: its meter was renamed."""
    older = example()
    return KeptConfiguration(older, {**older, METER: older[METER].replace("\n1;", "\n1;", 1) + "\n"})


@pytest.fixture
def gateway(kept, monkeypatch) -> Iterator[list[Asked]]:
    with deciding(kept.decide) as (url, asked):
        monkeypatch.setenv("HELIOGRAPH_URL", url)
        yield asked


def config(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["config", *map(str, arguments)])


def writes(asked: list[Asked]) -> list[str]:
    return [f"{request.method} {request.path}" for request in asked if request.method != "GET"]


def test_the_set_is_fetched_into_a_directory_and_again_without_a_change(gateway, kept, tmp_path):
    first = config("get", tmp_path / "new")
    again = config("get", tmp_path / "new", "--json")
    assert first.exit_code == 0, first.output
    assert f"revision 2: {len(kept.files)} of {len(kept.files)} files written" in first.stdout
    assert json.loads(again.stdout)["written"] == []
    assert (tmp_path / "new" / METER).read_text() == kept.files[METER]


def test_nothing_that_differs_is_overwritten_unless_forced_and_then_a_password_stays(gateway, kept, directory):
    kept.files[CONFIG] = (
        kept.files[CONFIG].replace("env:FTP_PASSWORD", "of-the-gateway") + "FTP_Password=of-the-gateway\n"
    )
    (directory / CONFIG).write_text("FTP_Password=mine\nold line\n")
    (directory / CONFIG).chmod(0o600)
    refused = config("get", directory)
    assert (refused.exit_code, (directory / CONFIG).read_text()) == (1, "FTP_Password=mine\nold line\n")
    assert "--force replaces them" in refused.stderr
    assert (directory / METER).read_text() == example()[METER]
    assert config("get", directory, "--force").exit_code == 0
    assert "FTP_Password=mine\n" in (directory / CONFIG).read_text()
    assert "of-the-gateway" not in (directory / CONFIG).read_text()
    assert (directory / CONFIG).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["set.zip", "set.tar.gz", "set.tgz"])
def test_the_set_is_fetched_as_an_archive(gateway, kept, tmp_path, name):
    assert config("get", tmp_path / name, "--revision", "1").exit_code == 0
    assert unpack((tmp_path / name).read_bytes())[METER] == kept.revisions[1][METER]


def test_one_file_or_the_list_of_files_or_an_archive_goes_to_standard_output(gateway, kept):
    assert config("get", "--file", METER).stdout == kept.files[METER]
    assert METER in config("get").stdout
    assert json.loads(config("get", "--json").stdout)["files"][METER] == kept.files[METER]
    assert unpack(config("get", "-").stdout_bytes)[METER] == kept.files[METER]
    assert json.loads(config("get", "-", "--json").stdout)["target"] is None
    missing = config("get", "--file", "DEF/none.csv")
    assert (missing.exit_code, "has no file DEF/none.csv" in missing.stderr) == (1, True)
    assert config("get", "--revision", "9").exit_code == 1


def test_a_gateway_cannot_have_a_file_written_beside_the_directory(gateway, kept, tmp_path):
    kept.files["DEF/../../evil"] = "x"
    result = config("get", tmp_path / "new")
    assert result.exit_code == 3
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_put_whole_after_the_difference_was_shown(gateway, kept, directory):
    (directory / METER).write_text((directory / METER).read_text().replace(";V;4", ";V;2"))
    (directory / "DEF" / "unused.csv").write_text("nobody names me")
    kept.late = ["collector", "collector"]
    result = config("put", directory, "--yes")
    assert result.exit_code == 0, result.output
    assert result.stdout == "Revision 3 is in force.\n"
    assert f"+++ b/{METER}" in result.stderr
    assert "DEF/unused.csv is left out" in result.stderr
    assert kept.files == {path: (directory / path).read_text() for path in example()}
    assert writes(gateway) == ["PUT /api/v1/configuration/archive?check=true", "PUT /api/v1/configuration/archive"]


@pytest.mark.parametrize("form", ArchiveFormat)
def test_an_archive_is_put_whole(gateway, kept, tmp_path, form):
    archive = tmp_path / f"set.{form}"
    archive.write_bytes(pack(example(), form, 0))
    assert config("put", archive, "--yes").exit_code == 0
    assert kept.files == example()


def test_single_files_leave_all_others_as_they_are(gateway, kept, directory):
    (directory / METER).write_text((directory / METER).read_text().replace(";V;4", ";V;2"))
    result = config("put", directory / METER, "--yes", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert (document["revision"], document["provisional"], document["trial"]) == (3, False, None)
    assert kept.files == {**kept.revisions[2], METER: (directory / METER).read_text()}
    assert config("put", EXAMPLE.parent / "README.md", "--yes").exit_code == 2


def test_a_directory_may_be_only_some_files_of_the_set(gateway, kept, tmp_path):
    (tmp_path / "DEF").mkdir()
    (tmp_path / METER).write_text(example()[METER])
    assert config("put", tmp_path, "--only", "--yes").exit_code == 0
    assert kept.files == example()


def test_a_set_with_errors_is_not_sent_and_has_the_findings_of_check(gateway, directory):
    (directory / METER).write_text("modbusRTU;a;b;c\n1;4;x;F32;;V;;;;V;4\n")
    put, checked = (
        config("put", directory, "--yes", "--json"),
        CliRunner().invoke(app, ["check", str(directory), "--json"]),
    )
    assert (put.exit_code, put.stdout, writes(gateway)) == (1, "", [])
    assert json.loads(put.stderr)["findings"] == json.loads(checked.stdout)["findings"]
    person = config("put", directory, "--yes")
    assert f"{METER}:2:5: error: " in person.stderr
    assert "nothing is put, as the set would have" in person.stderr


def test_what_the_gateway_finds_is_told_and_nothing_is_put(gateway, kept, directory):
    kept.findings = [{"file": METER, "line": 2, "column": 5, "severity": "error", "text": "no such register"}]
    result = config("put", directory, "--yes")
    assert result.exit_code == 1
    assert f"{METER}:2:5: error: no such register\nheliograph config put: the set has 1 error" in result.stderr
    assert kept.number == 2


def test_a_check_changes_nothing(gateway, kept, directory):
    result = config("put", directory, "--check", "--json")
    assert result.exit_code == 0, result.output
    assert f"-- a/{METER}" in json.loads(result.stdout)["diff"]
    assert writes(gateway) == ["PUT /api/v1/configuration/archive?check=true"]
    assert kept.number == 2


def test_without_a_terminal_a_yes_is_needed(gateway, kept, directory):
    result = config("put", directory)
    assert (result.exit_code, kept.number) == (2, 2)
    assert "say --yes" in result.stderr
    assert config("rollback").exit_code == 2


def test_what_is_in_force_already_is_not_put_again(gateway, kept, tmp_path):
    config("get", tmp_path / "same")
    result = config("put", tmp_path / "same", "--yes")
    assert (result.exit_code, result.stdout, kept.number) == (0, "Nothing is to be changed.\n", 2)


def test_a_conflict_is_status_5_and_nothing_is_put(gateway, kept, directory):
    kept.before_edit = lambda: kept.revisions.setdefault(3, {**example(), "DEF/other.csv": "x"})
    result = config("put", directory, "--yes")
    assert result.exit_code == 5
    assert "revision 3 is in force by now" in result.stderr


def test_a_service_that_rejects_it_is_named(gateway, kept, directory):
    kept.rejects = {"commands": "limit.lua:2: unexpected symbol"}
    result = config("put", directory, "--yes")
    assert result.exit_code == 1
    assert "revision 3 is taken back, as not every service can use it: commands: limit.lua:2" in result.stderr


def test_a_service_that_does_not_take_it_in_time_is_named(gateway, kept, directory):
    kept.late = ["collector"] * 50
    result = config("put", directory, "--yes", "--timeout", "1")
    assert result.exit_code == 6
    assert "not yet taken by collector" in result.stderr


def test_a_trial_is_told_with_its_way_back(gateway, kept, directory):
    kept.is_trial = True
    kept.before_edit = lambda: None
    result = config("put", directory, "--yes")
    assert "Without a connection to the main server by " in result.stdout
    assert ", 1 returns." in result.stdout


def test_revisions_and_sets_are_compared_without_passwords(gateway, kept, directory):
    kept.files[CONFIG] += "FTP_Password=secret\n"
    between, same = config("diff"), config("diff", "--from", "1", "--to", "1")
    assert (between.exit_code, same.exit_code, same.stdout) == (1, 0, "")
    assert f"+++ b/{METER}" in between.stdout
    assert "+FTP_Password=***" in between.stdout
    assert "secret" not in between.output
    local = config("diff", directory, "--json")
    assert json.loads(local.stdout)["differs"]
    assert config("diff", directory, "--to", "1").exit_code == 2


def test_the_history_is_listed(gateway, kept):
    kept.taken_back = {1}
    shown = config("log").stdout
    assert [line.split()[0] for line in shown.splitlines() if "REST" in line] == ["2", "1"]
    assert "taken back" in shown
    assert json.loads(config("log", "--limit", "1", "--json").stdout)["revisions"][0]["number"] == 2


def test_a_rollback_goes_to_the_last_good_revision_before_unless_told_otherwise(gateway, kept):
    kept.revisions[3] = {**example(), "DEF/third.csv": "x"}
    kept.taken_back = {2}
    result = config("rollback", "--yes")
    assert result.exit_code == 0, result.output
    assert "-x" in result.stderr
    assert kept.files == kept.revisions[1]
    assert config("rollback", "3", "--yes", "--json").exit_code == 0
    assert kept.files == kept.revisions[3]
    assert config("rollback", "99", "--yes").exit_code == 1


def test_more_files_than_change_together_are_put_as_a_whole_set_alone(gateway, tmp_path):
    (tmp_path / "DEF").mkdir()
    for number in range(33):
        (tmp_path / "DEF" / f"{number}.csv").write_text("x")
    result = config("put", tmp_path, "--only", "--yes")
    assert (result.exit_code, writes(gateway)) == (2, [])
    assert "put the whole set" in result.stderr


@pytest.mark.parametrize("name", ["none", "x.zip", "DEF/absent.csv"])
def test_what_is_not_there_cannot_be_put(gateway, tmp_path, name):
    assert config("put", tmp_path / name, "--yes").exit_code == 2


def test_an_archive_that_is_none_is_refused_with_its_reason(gateway, tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK not at all")
    result = config("put", tmp_path / "x.zip", "--yes")
    assert (result.exit_code, "archive is damaged" in result.stderr) == (1, True)


def test_why_it_was_changed_is_kept_with_the_revision(gateway, kept, directory):
    (directory / METER).write_text((directory / METER).read_text().replace(";V;4", ";V;2"))
    assert config("put", directory, "--yes", "-m", "less to record & to send").exit_code == 0
    assert config("rollback", "1", "--yes", "--message", "zurück").exit_code == 0
    assert kept.messages == {3: "less to record & to send", 4: "zurück"}
    assert "less to record & to send" in config("log").stdout


def test_every_way_to_the_end_of_a_change_tells_the_same_things(gateway, kept, directory, tmp_path):
    config("get", tmp_path / "same")
    (directory / METER).write_text((directory / METER).read_text().replace(";V;4", ";V;2"))
    ways = (
        ("put", tmp_path / "same", "--yes"), ("put", directory, "--check"), ("put", directory, "--yes"),
        ("rollback", "1", "--yes"),
    )  # fmt: skip
    told = [json.loads(config(*way, "--json").stdout) for way in ways]
    assert {frozenset(document) for document in told} == {
        frozenset({"revision", "provisional", "findings", "diff", "detail", "trial"})
    }
    assert [document["revision"] for document in told] == [None, None, 3, 4]
