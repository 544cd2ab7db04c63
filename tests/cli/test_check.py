"""`heliograph check DIR` (spec 1.10)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from heliograph.cli.main import app
from heliograph.runtime.setdirectory import FILE_LIMIT, read_set_directory

EXAMPLE = Path(__file__).parents[2] / "examples" / "set"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A copy of the example set that a test may spoil."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "set"))


def check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def test_the_example_set_is_in_order():
    result = check(EXAMPLE)
    assert (result.exit_code, result.output) == (0, "")


def test_warnings_alone_are_no_failure(directory: Path):
    config = directory / "CONFIG" / "WPM00C44F_config.ini"
    config.write_text(config.read_text() + "GATEWAY_Colour=red\n")
    result = check(directory)
    assert result.exit_code == 0
    assert result.stdout.startswith("CONFIG/WPM00C44F_config.ini:25:1: warning: ")
    assert result.stdout.count("\n") == 1


def test_each_error_is_a_line_with_its_place_and_the_status_tells(directory: Path):
    (directory / "DEF" / "WPM00C44F_SERIAL1_meter.csv").write_text(
        "modbusRTU;a;b;c\n1;4;x;F32;;V;;;;V;4\n1;4;2;F32;;W;;;;V;4\n"
    )
    result = check(directory)
    assert result.exit_code == 1
    assert result.stderr == ""
    places = [line.split(": ")[:2] for line in result.stdout.splitlines()]
    assert places == [
        ["DEF/WPM00C44F_SERIAL1_meter.csv:2:5", "error"],
        ["DEF/WPM00C44F_SERIAL1_meter.csv:3:1", "error"],
    ]


def test_a_script_that_lua_cannot_read_is_an_error_with_its_line(directory: Path):
    (directory / "SCRIPT").mkdir(exist_ok=True)
    (directory / "SCRIPT" / "limit.lua").write_text("function wsInit()\n  x = = 1\nend\n")
    (directory / "SCRIPT" / "unnamed.lua").write_text("not Lua at all")
    (directory / "CONFIG" / "WPM00C44F_scl.ini").write_text("SCRIPT_File[0]=limit.lua\n")
    result = check(directory)
    assert result.exit_code == 1
    assert result.output == "SCRIPT/limit.lua:2:1: error: Lua cannot read it: unexpected symbol near '='\n"


def test_a_uid_may_be_given(directory: Path):
    assert check(directory, "--uid", "WPM00C44F").exit_code == 0
    assert check(directory, "--uid", "OTHER").exit_code == 1


@pytest.mark.parametrize(
    "arguments", [[], ["/nowhere/at/all"], [__file__], ["--colour", "x"], [EXAMPLE, "--uid", "a/b"]]
)
def test_what_can_not_be_asked_like_this_has_status_2_and_says_nothing_on_standard_output(arguments: list[str]):
    result = check(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error" in result.stderr


def test_an_empty_directory_is_told_what_is_missing(tmp_path: Path):
    result = check(tmp_path)
    assert result.exit_code == 1
    assert "error" in result.stdout


def test_odd_files_are_told_or_left_alone_and_never_block(directory: Path):
    os.mkfifo(directory / "DEF" / "pipe.csv")
    (directory / "DEF" / "broken.csv").symlink_to("nowhere")
    (directory / "DEF" / ".hidden").write_text("x")
    (directory / "DEF" / "old").mkdir()
    result = check(directory)
    assert result.exit_code == 0
    assert "DEF/broken.csv:1:1: warning: is a link to nothing and is left alone\n" in result.stdout
    assert "DEF/pipe.csv:1:1: warning: is no regular file and is left alone\n" in result.stdout
    assert "hidden" not in result.stdout
    assert "old" not in result.stdout


def test_a_link_to_nothing_that_the_set_names_is_missing(directory: Path):
    target = directory / "DEF" / "WPM00C44F_SERIAL1_meter.csv"
    target.unlink()
    target.symlink_to("nowhere")
    result = check(directory)
    assert result.exit_code == 1
    assert "CONFIG/WPM00C44F_daq.csv:9:43: error: DEF/ has no file" in result.stdout


def test_links_are_followed(directory: Path, tmp_path: Path):
    shutil.move(directory / "DEF", tmp_path / "elsewhere")
    (directory / "DEF").symlink_to(tmp_path / "elsewhere")
    assert check(directory).exit_code == 0


def test_a_name_can_not_break_the_line(directory: Path):
    (directory / "DEF" / "a\nb\x1b[31m.csv").symlink_to("nowhere")
    lines = check(directory).stdout.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(r"DEF/a\nb\x1b[31m.csv:1:1: warning: ")


def test_a_huge_file_is_refused_without_being_read_whole(directory: Path):
    target = directory / "DEF" / "WPM00C44F_SERIAL1_meter.csv"
    with target.open("wb") as file:
        file.truncate(100 * 2**20)
    files, _ = read_set_directory(directory)
    assert len(files["DEF/WPM00C44F_SERIAL1_meter.csv"]) == FILE_LIMIT + 1
    result = check(directory)
    assert result.exit_code == 1
    assert "DEF/WPM00C44F_SERIAL1_meter.csv:1:1: error: " in result.stdout


def test_a_huge_set_is_not_read_on_and_on(directory: Path, monkeypatch):
    monkeypatch.setattr("heliograph.runtime.setdirectory.SET_LIMIT", 1000)
    result = check(directory)
    assert result.exit_code == 1
    assert "the set is larger than" in result.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_right_is_told(directory: Path):
    (directory / "CONFIG" / "WPM00C44F_daq.csv").chmod(0)
    assert "can't be read: Permission denied" in check(directory).stdout


def test_as_a_program_its_output_is_plain_whatever_the_terminal(directory: Path):
    (directory / "DEF" / "größe.csv").symlink_to("nowhere")
    environment = {**os.environ, "FORCE_COLOR": "1", "LC_ALL": "C", "PYTHONUTF8": "0", "COLUMNS": "20"}
    done = subprocess.run(
        [sys.executable, "-m", "heliograph.cli", "check", directory],
        check=False,
        capture_output=True,
        env=environment,
        timeout=60,
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert done.stdout.decode() == "DEF/größe.csv:1:1: warning: is a link to nothing and is left alone\n"
