"""`heliograph definitions list|show|copy`, and what it gives passes `heliograph check`."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from heliograph.cli import library
from heliograph.cli.main import app
from heliograph.formats import Protocol
from support.sets import UID, write_set

ROOT = Path(__file__).parents[2]
NAMES = library.names()
SERIAL = ["SERIAL1;9600;8;N;1;2;modbusRTU;0"]
SERVER = {
    "GATEWAY_Uid": UID,
    "NTP_TimeZone": "UTC",
    "SERVER_Type": "sftp",
    "FTP_Address": "sftp.example.org",
    "FTP_Login": UID,
    "FTP_Password": "env:SERVER1_PASSWORD",
}
PROTOCOLS = ["modbusRTU", "modbusTCP"]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A set without devices."""
    return write_set(tmp_path / "set", SERVER, [], {})


def definitions(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["definitions", *map(str, arguments)])


def check(directory: Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", str(directory)])
    return result.exit_code, result.output


def copied(directory: Path, *arguments: str) -> str:
    """Copy a definition; return the line of `_daq.csv` that is told."""
    result = definitions("copy", *arguments[:1], directory, *arguments[1:])
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout.splitlines()[-1]


def test_the_list_has_each_definition_with_make_model_and_protocol():
    result = definitions("list")
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    assert set(NAMES) <= set(lines)
    for entry in library.entries():
        assert entry.definition.manufacturer in lines[entry.name]
        assert entry.definition.model in lines[entry.name]
        assert entry.definition.protocol.value in lines[entry.name]


@pytest.mark.parametrize("name", ["sungrow_sg", "sungrow_sg.csv"])
def test_a_definition_is_shown_with_its_variables_and_the_documents_they_were_checked_in(name: str):
    result = definitions("show", name)
    assert result.exit_code == 0
    assert "Sungrow SG string inverters (modbusTCP)" in result.stdout
    power = next(line for line in result.stdout.splitlines() if "Total active power" in line)
    assert power.split()[:1] == ["23"]
    assert "sungather 5031 total_active_power; openems-sungrow 5030 ACTIVE_POWER" in power
    assert "pysungrow: 02JanDal/pysungrow: " in result.stdout
    assert "huawei" not in result.stdout


def test_a_scale_factor_is_shown_as_what_it_is():
    shown = definitions("show", "fronius_sunspec").stdout
    assert " 10^Voltage scale factor " in shown
    assert " 0.001 × 10^Energy scale factor " in shown


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_and_the_line_that_is_told_pass_the_check(name: str, tmp_path: Path):
    directory = write_set(tmp_path, SERVER, [], {})
    line = copied(directory, name)
    write_set(directory, SERVER, [line], {}, serial=SERIAL)
    assert check(directory) == (0, "")
    assert (directory / "DEF" / f"{name}.csv").read_bytes() == (ROOT / "definitions" / f"{name}.csv").read_bytes()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_all_definitions_fit_in_one_set_whichever_way_the_devices_are_attached(directory: Path, protocol: str):
    lines = []
    for number, name in enumerate(NAMES, 1):
        fields = copied(directory, name, "--protocol", protocol).split(";")
        fields[0], fields[3] = str(number), str(number)
        lines.append(";".join(fields))
    write_set(directory, SERVER, lines, {}, serial=SERIAL)
    assert check(directory) == (0, "")


def test_another_protocol_changes_the_first_field_and_nothing_else(directory: Path):
    line = copied(directory, "eastron_sdm630", "--protocol", "modbusTCP")
    written = (directory / "DEF" / "eastron_sdm630.csv").read_bytes()
    content = library.entry("eastron_sdm630").content
    assert written == content.replace(b"modbusRTU", b"modbusTCP", 1)
    assert line.startswith("1;192.168.1.10:502;eastron_sdm630;1;")


def test_the_line_has_what_is_known_of_the_connection():
    entry = library.entry("carlo_gavazzi_em340")
    assert ";maxRegisters=50;" in entry.daq_line(Protocol.MODBUS_RTU, "em.csv")
    kostal = library.entry("kostal_plenticore").daq_line(Protocol.MODBUS_TCP, "k.csv")
    assert kostal.startswith("1;192.168.1.10:1502;kostal_plenticore;71;")


def test_a_copy_may_have_another_name(directory: Path):
    line = copied(directory, "imt_si_rs485", "--as", "WPM00C44F_roof.csv")
    assert line.endswith(";WPM00C44F_roof.csv")
    assert [path.name for path in (directory / "DEF").iterdir()] == ["WPM00C44F_roof.csv"]


def test_a_file_that_is_there_and_differs_is_kept_unless_it_is_forced(directory: Path):
    target = directory / "DEF" / "imt_si_rs485.csv"
    target.write_text("mine")
    refused = definitions("copy", "imt_si_rs485", directory)
    assert (refused.exit_code, refused.stdout, target.read_text()) == (1, "", "mine")
    assert "imt_si_rs485.csv is there already and differs; --force replaces it" in refused.stderr
    assert definitions("copy", "imt_si_rs485", directory, "--force").exit_code == 0
    assert target.read_bytes() == library.entry("imt_si_rs485").content


def test_copying_again_changes_nothing(directory: Path):
    first = definitions("copy", "imt_si_rs485", directory)
    before = (directory / "DEF" / "imt_si_rs485.csv").stat()
    again = definitions("copy", "imt_si_rs485", directory)
    assert (again.exit_code, again.stdout) == (0, first.stdout)
    after = (directory / "DEF" / "imt_si_rs485.csv").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_set_without_def_gets_one(tmp_path: Path):
    copied(tmp_path, "imt_si_rs485")
    assert (tmp_path / "DEF" / "imt_si_rs485.csv").is_file()


def _is_a_link_to_nothing(target: Path) -> None:
    target.symlink_to("nowhere")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, _is_a_link_to_nothing], ids=["directory", "pipe", "link"])
def test_whatever_has_the_name_is_kept_and_never_blocks(make: Callable[[Path], None], directory: Path):
    target = directory / "DEF" / "imt_si_rs485.csv"
    make(target)
    assert definitions("copy", "imt_si_rs485", directory).exit_code == 1
    assert not target.is_file()


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["plain", "forced"])
def test_a_def_that_is_no_directory_is_told(force: list[str], tmp_path: Path):
    (tmp_path / "DEF").write_text("x")
    result = definitions("copy", "imt_si_rs485", tmp_path, *force)
    assert result.exit_code == 7
    assert "can't be written" in result.stderr


def test_a_directory_in_its_place_can_not_be_forced(directory: Path):
    (directory / "DEF" / "imt_si_rs485.csv").mkdir()
    result = definitions("copy", "imt_si_rs485", directory, "--force")
    assert result.exit_code == 1
    assert "imt_si_rs485.csv is a directory" in result.stderr
    assert [path.name for path in (directory / "DEF").iterdir()] == ["imt_si_rs485.csv"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("goodwe", "did you mean goodwe_dt_mt?"), ("SMA_Sunny", "did you mean sma_sunny_tripower?"), ("?", "list` tells")],
)
def test_an_unknown_name_has_status_2_and_the_nearest_is_told(name: str, hint: str, directory: Path):
    for result in (definitions("show", name), definitions("copy", name, directory)):
        assert (result.exit_code, result.stdout) == (2, "")
        assert hint in result.stderr


@pytest.mark.parametrize("name", ["sources", "documents.csv", "../definitions/sungrow_sg", "README", ""])
def test_what_is_no_definition_of_the_library_is_unknown(name: str):
    assert definitions("show", name).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [["/nowhere/at/all"], [__file__], [".", "--as", "a/b.csv"], [".", "--as", "a;b.csv"], [".", "--as", ".a"]],
)
def test_what_can_not_be_asked_like_this_has_status_2_and_writes_nothing(arguments: list[str], tmp_path: Path):
    place = str(tmp_path) if arguments[0] == "." else arguments[0]
    result = definitions("copy", "imt_si_rs485", place, *arguments[1:])
    assert (result.exit_code, result.stdout) == (2, "")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A new set each time."""
    base, numbers = tmp_path_factory.mktemp("sets"), count()
    return lambda: write_set(base / str(next(numbers)), SERVER, [], {})


@settings(max_examples=40, deadline=None)
@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=100))
def test_a_file_name_is_refused_or_the_line_with_it_passes_the_check(numbered: Callable[[], Path], name: str):
    directory = numbered()
    result = definitions("copy", "imt_si_rs485", directory, f"--as={name}")
    if result.exit_code:
        assert result.exit_code in {1, 2}
        return
    write_set(directory, SERVER, [result.stdout.splitlines()[-1]], {}, serial=SERIAL)
    assert check(directory) == (0, "")


def test_a_wheel_holds_the_library_and_reads_it(tmp_path: Path):
    """In a checkout the package has a link to it: the wheel, and so the image, must have the files."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(build, check=True, cwd=ROOT / "packages" / "cli", capture_output=True, timeout=60)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path / "installed")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    script = "from heliograph.cli import library; print(library.__file__, *library.names())"
    told = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment, timeout=60
    ).stdout.split()
    assert told == [str(tmp_path / "installed" / "heliograph" / "cli" / "library.py"), *NAMES]


def test_a_library_that_was_not_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(library, "FOLDER", tmp_path / "gone")
    result = definitions("list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "they were not installed" in result.stderr


def test_the_image_of_the_command_is_built_with_the_library():
    """The link leads nowhere in an image whose build did not copy the folder."""
    assert "COPY definitions definitions\n" in (ROOT / "Dockerfile").read_text()
    assert "!definitions\n" in (ROOT / ".dockerignore").read_text()


def test_as_a_program_its_output_is_plain_whatever_the_terminal():
    environment = {**os.environ, "FORCE_COLOR": "1", "LC_ALL": "C", "PYTHONUTF8": "0", "COLUMNS": "20"}
    done = subprocess.run(
        [sys.executable, "-m", "heliograph.cli", "definitions", "show", "imt_si_rs485"],
        check=False,
        capture_output=True,
        env=environment,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\x1b" not in done.stdout
    assert "Ing.-Büro Mencke & Tegtmeyer" in done.stdout.decode()
