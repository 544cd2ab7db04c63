"""`heliograph records`: the rows of a device as a table, as JSON, and as files that are whole or not there."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner, Result

from heliograph.cli.main import app
from support.restpage import Answer, Asked, deciding, problem

NOON = 1_717_243_200_000
DEVICES = {"devices": [{"index": "1", "name": "roof_1"}, {"index": "4", "name": "grid meter"}]}
PAGE = {
    "index": "1", "name": "roof_1", "following": NOON,
    "columns": [
        {"variable": "1", "name": "AC power", "unit": "kW", "field": "mean"},
        {"variable": "2", "name": "State \x1b[31m", "unit": "", "field": ""},
    ],
    "times": [NOON - 600_000, NOON], "rows": [[41.25, 4], [None, "on"]],
}  # fmt: skip
CSV = "time_utc,time_local,AC power [kW]\r\n2024-06-01T12:00:00Z,2024-06-01T14:00:00+02:00,41.25\r\n"


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["records", *arguments], env={"HELIOGRAPH_URL": url, "TZ": "UTC"})


def gateway(answer: Answer):
    def decide(asked: Asked) -> Answer:
        return (200, DEVICES) if asked.path == "/api/v1/devices" else answer

    return deciding(decide)


def test_a_device_is_found_by_name_and_its_records_are_a_table():
    with gateway((200, PAGE)) as (url, asked):
        result = run(url, "roof_1", "--from", "2024-06-01T10:00:00+00:00", "--to", "2024-06-01T12:00:00+00:00")
    assert result.exit_code == 0, result.output
    assert asked[1].path == f"/api/v1/devices/1/records?begin={NOON - 7_200_000}&end={NOON}&limit=100"
    assert "AC power mean [kW]" in result.stdout
    assert "State \\x1b[31m" in result.stdout
    assert [part for part in ("41.25", "on", "There is more: --from 2024-06-01T") if part not in result.stdout] == []


def test_without_times_it_is_the_last_day_and_json_is_the_page():
    with gateway((200, PAGE)) as (url, asked):
        result = run(url, "4", "--json")
    assert json.loads(result.stdout)["rows"] == PAGE["rows"]
    query = parse_qs(urlsplit(asked[1].path).query)
    assert int(query["end"][0]) - int(query["begin"][0]) == 86_400_000


def test_files_are_written_as_they_come(tmp_path):
    with gateway((200, CSV)) as (url, asked):
        to_file = run(url, "1", "--csv", str(tmp_path / "out.csv"))
        to_pipe = run(url, "1", "--csv", "-")
        run(url, "1", "--parquet", str(tmp_path / "out.parquet"))
    assert (tmp_path / "out.csv").read_bytes() == CSV.encode()
    assert f"{len(CSV)} bytes" in to_file.stderr
    assert to_pipe.stdout_bytes == CSV.encode()
    assert [urlsplit(a.path).path for a in asked[1::2]] == [
        "/api/v1/devices/1/records.csv", "/api/v1/devices/1/records.csv", "/api/v1/devices/1/records.parquet",
    ]  # fmt: skip


def test_a_refusal_leaves_no_file(tmp_path):
    with gateway(problem(409, "No records are kept.")) as (url, _):
        result = run(url, "1", "--parquet", str(tmp_path / "out.parquet"))
    assert result.exit_code == 1
    assert "No records are kept." in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_in_the_way(tmp_path):
    with gateway((200, CSV)) as (url, _):
        result = run(url, "1", "--csv", str(tmp_path / "nowhere" / "out.csv"))
    assert result.exit_code == 7
    assert "can't be written" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("9",), 1, "there is: roof_1 (1), grid meter (4)"),
        (("1", "--from", "noon"), 2, "'noon' is no time"),
        (("1", "--from", "2024-06-02", "--to", "2024-06-01"), 2, "not before --to"),
        (("1", "--csv", "-", "--json"), 2, "give one of"),
    ],
)
def test_what_is_asked_wrongly_is_told(arguments, status, said):
    with gateway((200, PAGE)) as (url, _):
        result = run(url, *arguments)
    assert result.exit_code == status
    assert said in result.stderr.replace("\n", " ")


def test_no_records_say_what_to_do():
    with gateway((200, {**PAGE, "times": [], "rows": [], "following": None})) as (url, _):
        assert "--from shows an earlier one" in run(url, "1").stdout
