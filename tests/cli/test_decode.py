"""`heliograph decode FILE… --def DIR`."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from heliograph.cli.main import app

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())
CASE = GOLDEN / "inverters"
FILE = next(CASE.glob("*_MODBUS_*"))


def decode(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["decode", *map(str, arguments)])


@pytest.mark.parametrize("name", CASES)
def test_csv_of_a_known_file(name: str):
    """A case is a folder: data file, DEF/, the further options, and what is expected on standard output."""
    folder = GOLDEN / name
    options = (folder / "options").read_text().split()
    result = decode(*sorted(folder.glob("*_MODBUS_*")), "--def", folder, "--csv", *options)
    assert result.exit_code == 0
    assert result.stdout == (folder / "expected.csv").read_text()


def test_the_directory_may_be_the_definitions_themselves_and_the_file_packed(tmp_path: Path):
    packed = tmp_path / f"{FILE.name}.gz"
    packed.write_bytes(gzip.compress(FILE.read_bytes()))
    result = decode(packed, "--def", CASE / "DEF", "--csv", "--timezone", "Europe/Berlin")
    assert result.stdout == (CASE / "expected.csv").read_text()


def test_without_a_time_zone_dates_are_as_in_the_file():
    assert decode(FILE, "--def", CASE, "--csv").stdout.splitlines()[1].startswith("2024-06-01T10:00:00,1,10,")


def test_several_files_have_one_header():
    lines = decode(FILE, FILE, "--def", CASE, "--csv").stdout.splitlines()
    one = (CASE / "expected.csv").read_text().splitlines()
    assert len(lines) == 2 * len(one) - 1
    assert lines.count(one[0]) == 1


def test_the_table_is_for_people():
    result = decode(FILE, "--def", CASE)
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["timestamp", "device", "index", "name", "statistic", "raw", "value", "unit"] in lines
    assert ["2024-06-01", "10:00:00", "1", "12", "103_PhVphA", "min", "2301", "230.1", "V"] in lines
    assert ["2024-06-01", "10:00:00", "1", "10", "103_A", "mean", "1260.333333", "12.60333333", "A"] in lines


def test_the_example_of_the_documents_reads_with_the_example_set():
    examples = Path(__file__).parents[2] / "examples"
    result = decode(*(examples / "data").glob("*.csv.gz"), "--def", examples / "set", "--csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1633


def test_a_long_table_comes_in_parts_and_names_are_no_markup(tmp_path: Path):
    (tmp_path / "d.csv").write_text("modbusTCP;a;b;c\n1;3;0;U16;;[red]P[/red] [W];;;;W;4\n")
    data = tmp_path / "d_MODBUS_240601_101500.csv"
    rows = "".join(f"24/06/01-{i // 60:02d}:{i % 60:02d}:00;{i}\n" for i in range(1200))
    data.write_text("DEVICEINDEX;1\nmodbusTCP;d.csv\n1;1\n" + rows)
    output = decode(data, "--def", tmp_path).stdout
    assert output.count("timestamp") == 2
    assert output.count("[red]P[/red] [W]") == 1200


def test_parquet_holds_the_same_rows(tmp_path: Path):
    import polars as pl

    target = tmp_path / "out.parquet"
    result = decode(FILE, "--def", CASE, "--parquet", target, "--timezone", "Europe/Berlin")
    assert (result.exit_code, result.stdout) == (0, "")
    frame = pl.read_parquet(target)
    expected = pl.read_csv(CASE / "expected.csv", infer_schema_length=None)
    assert frame.columns == expected.columns
    assert frame["value"].to_list() == expected["value"].to_list()
    assert frame["timestamp"].dt.to_string("iso:strict").to_list() == [
        str(stamp).replace("+02:00", ".000000+02:00") for stamp in expected["timestamp"]
    ]
    assert list(tmp_path.iterdir()) == [target]


def test_with_csv_and_parquet_each_finding_is_said_once(tmp_path: Path):
    result = decode(tmp_path / "absent.csv", FILE, "--def", CASE, "--csv", "--parquet", tmp_path / "out.parquet")
    assert result.exit_code == 1
    assert result.stderr.count("absent.csv:1:1: error: ") == 1
    assert (tmp_path / "out.parquet").exists()


def test_parquet_that_can_not_be_written_is_told(tmp_path: Path):
    result = decode(FILE, "--def", CASE, "--parquet", tmp_path / "no" / "out.parquet")
    assert result.exit_code == 7
    assert "can't be written" in result.stderr


def test_no_parquet_file_is_made_of_nothing(tmp_path: Path):
    result = decode(tmp_path / "absent.csv", "--def", CASE, "--parquet", tmp_path / "out.parquet")
    assert result.exit_code == 1
    assert result.stderr.endswith("out.parquet is not written\n")
    assert list(tmp_path.iterdir()) == []


def test_parquet_without_a_library_names_the_one_to_install(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    monkeypatch.setitem(sys.modules, "pandas", None)
    result = decode(FILE, "--def", CASE, "--parquet", tmp_path / "out.parquet")
    assert result.exit_code == 7
    assert "pip install polars" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_error_names_file_line_and_column_and_the_other_files_are_decoded(tmp_path: Path):
    bad = tmp_path / "W_MODBUS_240601_101500.csv"
    bad.write_text(FILE.read_text().replace("2301", "a lot", 1))
    result = decode(bad, tmp_path / "absent.csv", FILE, "--def", CASE, "--csv", "--timezone", "Europe/Berlin")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f'{bad}:4:51: error: 103_PhVphA (min): "a lot" is no whole number from 0 to 65535',
        f"{tmp_path}/absent.csv:1:1: error: can't be read: No such file or directory",
    ]
    expected = (CASE / "expected.csv").read_text().splitlines()
    assert result.stdout.splitlines()[-len(expected) + 1 :] == expected[1:]


def test_a_definition_with_errors_gives_no_values(tmp_path: Path):
    name = "WPM00C44F_SunSpec_inverter.csv"
    (tmp_path / name).write_text((CASE / "DEF" / name).read_text().replace(";40072;", ";70072;"))
    result = decode(FILE, "--def", tmp_path, "--csv")
    assert result.exit_code == 1
    assert f"{tmp_path / name}:5:6: error: " in result.stderr
    assert result.stdout.splitlines()[1:] == []


def test_an_open_date_form_names_the_option_that_settles_it(tmp_path: Path):
    renamed = tmp_path / "renamed.csv"
    renamed.write_bytes(FILE.read_bytes())
    result = decode(renamed, "--def", CASE, "--csv")
    assert result.exit_code == 1
    assert "--dates" in result.stderr
    settled = decode(renamed, "--def", CASE, "--csv", "--dates", "dmy")
    assert settled.exit_code == 0
    assert settled.stdout.splitlines()[1].startswith("2001-06-24T10:00:00,")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [FILE],
        ["--def", CASE],
        [FILE, "--def", "/nowhere"],
        [FILE, "--def", CASE, "--dates", "mdy"],
        [FILE, "--def", CASE, "--timezone", "Mars/Olympus"],
        [FILE, "--def", CASE, "--timezone", "../../etc/passwd"],
        [FILE, "--def", CASE, "--timezone", "Europe"],
        [FILE, "--def", CASE, "--timezone", ""],
    ],
)
def test_what_can_not_be_asked_like_this_has_status_2(arguments: list[str | Path]):
    result = decode(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_a_pipe_as_definition_or_a_directory_as_file_never_blocks(tmp_path: Path):
    os.mkfifo(tmp_path / "WPM00C44F_SunSpec_inverter.csv")
    result = decode(FILE, tmp_path, "--def", tmp_path, "--csv")
    assert result.exit_code == 1
    assert "is not at hand" in result.stderr
    assert "Is a directory" in result.stderr


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8b", b"\x00" * 100, b"PK\x03\x04", "DEVICEINDEX;1\n;;;".encode("utf-16")]
)
def test_no_file_makes_a_traceback(tmp_path: Path, content: bytes):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(content)
    result = decode(path, "--def", CASE)
    assert result.exit_code == (1 if content else 0)
    assert result.stdout == ""
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_as_a_program_its_output_is_plain_and_a_closed_pipe_is_no_drama(tmp_path: Path):
    data = tmp_path / "W_MODBUS_240601_101500.csv"
    data.write_text(FILE.read_text() * 200)
    command = [sys.executable, "-m", "heliograph.cli", "decode", data, "--def", CASE, "--csv"]
    environment = {**os.environ, "FORCE_COLOR": "1", "LC_ALL": "C", "PYTHONUTF8": "0"}
    whole = subprocess.run(command, check=False, capture_output=True, env=environment, timeout=60)
    assert whole.returncode == 0
    assert b"\x1b" not in whole.stdout
    assert b"\r" not in whole.stdout
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(60)


def test_json_is_a_line_a_row_and_what_is_left_out_is_told_to_the_program(tmp_path: Path):
    result = decode(FILE, tmp_path / "absent.csv", "--def", CASE, "--json")
    assert result.exit_code == 1
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(rows) == len((CASE / "expected.csv").read_text().splitlines()) - 1
    assert list(rows[0]) == ["timestamp", "device", "index", "name", "statistic", "raw", "value", "unit"]
    *findings, last = map(json.loads, result.stderr.splitlines())
    assert [line["finding"]["severity"] for line in findings] == ["error"]
    assert last["exit_code"] == 1
