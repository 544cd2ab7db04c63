"""`heliograph simulate` as a person and as a program calls it."""

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from heliograph.cli import plugged
from heliograph.cli.main import app
from heliograph.demo.simulate import plant_schema
from support.plants import INVERTER
from support.plugged import plugged_in

HELIOGRAPH = (sys.executable, "-m", "heliograph.cli")
LIMIT = 60
TEXT = "plant: P\ndevices:\n  - {name: roof, definition: inverter.csv, tcp: 0, values: {Power: 42}}\n"


@pytest.fixture
def plant_file(tmp_path) -> Path:
    (tmp_path / "inverter.csv").write_text(INVERTER, encoding="utf-8")
    file = tmp_path / "plant.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return file


def run(*arguments: object) -> Result:
    """In this process: a start takes long on a busy machine."""
    with plugged_in("simulate"):
        return CliRunner().invoke(app, list(map(str, arguments)))


@contextmanager
def running(*arguments: object):
    process = subprocess.Popen([*HELIOGRAPH, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(LIMIT)
        process.stdout.close()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_each_device_is_and_when_it_is_ready_and_ends_orderly(plant_file, stop):
    with running("simulate", plant_file, "--json", "--log", plant_file.parent / "values.csv") as process:
        device, ready = json.loads(process.stdout.readline()), json.loads(process.stdout.readline())
        assert device == {
            "name": "roof", "host": "127.0.0.1", "port": device["port"], "unit": 1, "definition": "inverter.csv",
        }  # fmt: skip
        assert ready == {"ready": True, "devices": 1}
        process.send_signal(stop)
        assert process.wait(LIMIT) == 0
    assert (plant_file.parent / "values.csv").read_text().startswith("time,device,variable,raw,engineering")


def test_it_ends_by_itself_and_writes_the_set_of_its_gateway(plant_file):
    done = run("simulate", plant_file, "--for", 0, "--write-set", plant_file.parent / "set")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "ready; Ctrl-C ends it"
    checked = run("check", plant_file.parent / "set")
    assert (checked.exit_code, "error" in checked.stdout) == (0, False), checked.stdout


def test_errors_of_the_file_are_all_told_and_are_status_1(plant_file):
    plant_file.write_text(TEXT.replace("42", "x").replace("tcp: 0", "tcp: -1") + "seeds: 1\n", encoding="utf-8")
    done = run("simulate", plant_file)
    assert done.exit_code == 1
    *lines, last = done.stderr.splitlines()
    assert last == f"heliograph simulate: {plant_file} has errors"
    assert [line.removeprefix(str(plant_file)).split(": ")[0] for line in lines] == [":3:49", ":4:1"]
    assert all(": error: " in line for line in lines)


def test_a_port_that_cannot_be_had_is_status_7_and_no_file_is_status_2(plant_file):
    done = run("simulate", plant_file, "--host", "192.0.2.1", "--for", 0)
    assert (done.exit_code, "192.0.2.1" in done.stderr) == (7, True)
    assert run("simulate", plant_file.with_name("absent.yaml")).exit_code == 2
    assert run("simulate").exit_code == 2
    done = run("simulate", plant_file, "--for", 0, "--log", plant_file.parent / "absent" / "values.csv")
    assert (done.exit_code, "No such file" in done.stderr) == (7, True)


def test_the_schema_is_printed():
    done = run("simulate", "--schema")
    assert json.loads(done.stdout) == plant_schema()


def test_where_the_package_is_missing_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(plugged, "entry_points", lambda group: [])
    with plugged_in("simulate"):
        done = CliRunner().invoke(app, ["simulate", "plant.yaml", "--for", "3"])
        listed = CliRunner().invoke(app, ["--help"]).stdout
    assert done.exit_code == 2
    assert "pip install heliograph-demo" in done.stderr
    assert "simulate" in listed
    assert "replay" in listed


def test_another_command_does_not_import_the_simulator():
    code = (
        "import sys; sys.argv = ['heliograph', 'check', '--help']; from heliograph.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass\nprint([m for m in sys.modules if m.startswith('heliograph.demo')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
