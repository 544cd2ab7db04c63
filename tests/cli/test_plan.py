"""`heliograph plan DEF` (spec 2.3): what a device is asked, before it is asked."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from heliograph.cli.main import app

EXAMPLE = Path(__file__).parents[2] / "examples" / "set"
METER = EXAMPLE / "DEF" / "WPM00C44F_SERIAL1_meter.csv"
TEXT = """\
modbusRTU;Meter;Test;One
1;3;0;U16;;First;;1;0;;4
2;3;5;F32;;Second;;1;0;;2
3;3;40;U16;;Third;;1;0;;4
4;3;90;U16;;Parameter;;1;0;;1
5;1;0;;;Coil;;1;0;;4
"""


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    path = tmp_path / "d.csv"
    path.write_text(TEXT)
    return path


def plan(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["plan", *map(str, arguments)])


def planned(*arguments: str | Path) -> dict:
    result = plan(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def reads(shown: dict) -> list[tuple[int, int, int]]:
    return [(request["table"], request["first"], request["last"]) for request in shown["requests"]]


def test_without_a_gap_no_hole_is_crossed_and_parameters_are_not_polled(definition):
    shown = planned(definition)
    assert reads(shown) == [(1, 0, 0), (3, 0, 0), (3, 5, 6), (3, 40, 40)]
    assert shown["totals"] == shown["contiguous"]
    assert [request["variables"] for request in shown["requests"]] == [["Coil"], ["First"], ["Second"], ["Third"]]


def test_with_a_gap_the_cheaper_plan_stands_beside_the_contiguous_one(definition):
    """At 9600 8N1 a request is 13 bytes and 7 characters of silence beside its data."""
    shown = planned(definition, "--gap", "10", "--baudrate", "9600")
    assert reads(shown) == [(1, 0, 0), (3, 0, 6), (3, 40, 40)]
    totals, contiguous = shown["totals"], shown["contiguous"]
    assert (totals["requests"], totals["registers"], totals["bits"], totals["bytes"]) == (3, 8, 1, 3 * 13 + 16 + 1)
    assert (contiguous["requests"], contiguous["registers"], contiguous["bytes"]) == (4, 4, 4 * 13 + 8 + 1)
    assert totals["seconds"] == pytest.approx((3 * 20 + 17) * 10 / 9600, rel=1e-6)
    assert totals["values_per_second"] == pytest.approx(4 / totals["seconds"])


def test_a_turnaround_makes_wider_holes_worth_it(definition):
    assert len(planned(definition, "--gap", "60", "--baudrate", "9600")["requests"]) == 3
    assert len(planned(definition, "--gap", "60", "--baudrate", "9600", "--turnaround", "100")["requests"]) == 2


def test_the_most_registers_are_kept(definition):
    shown = planned(definition, "--tcp", "--gap", "124", "--max-registers", "8")
    assert reads(shown) == [(1, 0, 0), (3, 0, 6), (3, 40, 40)]
    assert shown["line"] == "Modbus TCP"


def test_a_line_of_daq_gives_the_limits_and_its_interface(definition):
    line = "3;SERIAL1;meter;5;600;1000;;gap=10,maxRegisters=20;;;d.csv"
    shown = planned(definition, "--device", line)
    assert (shown["gap"], shown["max_registers"]) == (10, 20)
    assert shown["line"] == "a serial line of 19200 baud 8N1"
    shown = planned(definition, "--device", line.replace("SERIAL1", "10.0.0.5"))
    assert shown["line"] == "Modbus TCP"


def test_a_device_of_a_daq_file_is_found_by_its_index_and_by_its_definition():
    daq = EXAMPLE / "CONFIG" / "WPM00C44F_daq.csv"
    shown = planned(METER, "--daq", daq)
    assert shown["line"].startswith("a serial line of 9600 baud 8N1")
    index = next(line.split(";")[0] for line in daq.read_text().splitlines() if METER.name in line)
    assert planned(METER, "--daq", daq, "--device", index) == shown


def test_people_see_a_table_and_both_totals(definition):
    result = plan(definition, "--gap", "10")
    assert result.exit_code == 0
    assert "First, Second" in result.stdout
    assert "this plan:        3 requests, 8 registers, 1 bits, 56 bytes, at least" in result.stdout
    assert "contiguous reads: 4 requests, 4 registers, 1 bits, 61 bytes, at least" in result.stdout


def test_errors_are_told_with_their_place(definition, tmp_path):
    definition.write_text(TEXT.replace("1;3;0;U16", "1;3;zero;U16"))
    result = plan(definition)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{definition}:2:5: error:" in result.stderr
    other = tmp_path / "io.csv"
    other.write_text("io;a;b;c\n1;2;1;1;;Door;;1;0;;4\n")
    result = plan(other)
    assert result.exit_code == 1
    assert "io.csv is no Modbus definition" in result.stderr


def test_a_wrong_device_is_told(definition, tmp_path):
    result = plan(definition, "--device", "3;SERIAL9;meter;5;600;1000;;;;;d.csv")
    assert result.exit_code == 1
    assert '--device:1:3: error: interface: "SERIAL9"' in result.stderr
    result = plan(definition, "--daq", tmp_path / "none.csv", "--device", "3")
    assert (result.exit_code, "can't be read" in result.stderr) == (1, True)
    daq = EXAMPLE / "CONFIG" / "WPM00C44F_daq.csv"
    assert "has no device '99'" in plan(definition, "--daq", daq, "--device", "99").stderr
    assert "has the definition d.csv" in plan(definition, "--daq", daq).stderr
    assert plan(definition, "--tcp", "--baudrate", "9600").exit_code == 2


def test_other_commands_start_without_the_library_for_modbus():
    """It takes longer to load than the whole rest."""
    code = "import sys, heliograph.cli.main; sys.exit('pymodbus' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
