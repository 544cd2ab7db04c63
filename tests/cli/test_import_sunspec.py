"""`heliograph import sunspec`: definition files from numbers of models alone."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from heliograph.cli.main import app
from heliograph.formats import parse_definition


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["import", "sunspec", *map(str, arguments)])


def variables(text: str) -> dict[str, object]:
    definition, findings = parse_definition(text.encode(), "WPM000000_SunSpec_x.csv")
    assert findings == []
    return {variable.name: variable for variable in definition.variables}


def test_models_lie_behind_each_other_as_in_a_device():
    result = run("1,103,123", "--manufacturer", "ACME", "--model", "X 5")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("modbusTCP;inverter;ACME;X 5\n")
    found = variables(result.stdout)
    assert found["1_tableId"].point.address == 40002
    assert found["103_tableId"].point.address == 40070
    assert found["103_W"].point.address == 40070 + 14
    assert (found["103_W"].tag, found["103_W"].action, found["103_W"].scale_factor) == ("RealPower", 4, "103_W_SF")
    assert found["123_tableId"].point.address == 40122
    assert (found["123_WMaxLimPct"].tag, found["123_Conn"].tag) == ("cmdPwrPercent", "cmdOn")
    assert (found["1_Md"].tag, found["1_SN"].tag, found["1_Md"].action) == ("DisplayModel", "DisplaySerialNumber", 1)


def test_blocks_are_given_by_model_and_depth():
    found = variables(run("160,705,160", "--repeat", "160=3", "--repeat", "705=2x4", "--base", 0).stdout)
    assert {"160_2_DCW", "705_1_3_V", "160-2_2_DCW"} <= set(found)
    assert not {"160_3_DCW", "705_2_0_V", "705_0_4_V"} & set(found)
    assert found["160_2_DCW"].scale_factor == "160_DCW_SF"
    assert found["160-2_2_DCW"].scale_factor == "160-2_DCW_SF"


def test_lengths_of_a_device_may_be_given():
    found = variables(run("1:65,64901:7,103").stdout)
    assert found["64901_tableId"].point.address == 40002 + 67
    assert found["103_tableId"].point.address == 40002 + 67 + 9


def test_a_constant_scale_factor_is_a_coefficient():
    found = variables(run("305").stdout)
    assert found["305_Lat"].coef_a == 1e-7
    assert found["305_Lat"].scale_factor == ""


def test_it_is_written_under_the_name_that_detection_gives(tmp_path: Path):
    arguments = ("1,103", "--into", tmp_path, "--protocol", "modbusRTU", "--manufacturer", "A B", "--uid", "WPM1")
    assert run(*arguments).exit_code == 0
    (path,) = (tmp_path / "DEF").iterdir()
    assert path.name == "WPM1_SunSpec_inverter_A_B___modbusRTU.csv"
    assert path.read_text().startswith("modbusRTU;inverter;A B;\n")
    path.write_text("mine")
    again = run(*arguments)
    assert (again.exit_code, path.read_text()) == (1, "mine")
    assert "--force" in again.stderr
    assert run(*arguments, "--force").exit_code == 0
    assert path.read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["1,x"], "is no number of a model"),
        (["9999"], "model 9999 is not known; a model that is not known needs its length, as 9999:20"),
        (["1", "--repeat", "160=2"], "160 is none of the models"),
        (["160", "--repeat", "160"], "is not of the form 160=2"),
        (["705", "--repeat", "705=9999x9999"], "reaches beyond register 65535"),
        (["1", "--uid", "ü"], "is no uid"),
        (["1", "--into", "/no/such"], "is not a directory"),
    ],
    ids=["word", "unknown", "repeat", "form", "nested", "uid", "directory"],
)
def test_what_cannot_be_asked_has_status_2(arguments, said):
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())
