"""`heliograph scan`: progress, what was found, and what is written into a set; devices are simulated, nothing runs."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from heliograph.cli.main import app
from heliograph.demo.simulator import Registers, RtuSimulator, TcpSimulator
from heliograph.formats import read_set
from heliograph.formats.findings import has_errors
from heliograph.runtime.setdirectory import read_set_directory
from support.sets import DEVICE_HEADER, UID, write_set
from support.sunspec import device, image, inverter

CONFIG = {"GATEWAY_Uid": UID, "SERVER_Type": "sftp", "FTP_Address": "a.example", "FTP_Login": "a", "FTP_Password": "b"}


@contextmanager
def served(simulator: TcpSimulator | RtuSimulator) -> Iterator[TcpSimulator | RtuSimulator]:
    """A simulator in a thread of its own: the command has the main one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(simulator.__aenter__(), loop).result(20)
        yield simulator
        asyncio.run_coroutine_threadsafe(simulator.__aexit__(None, None, None), loop).result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def plant() -> Iterator[TcpSimulator]:
    """Three inverters: two alike, one that has more."""
    units = {
        1: device(inverter(serial="A-1")),
        2: device(inverter(serial="A-2")),
        3: device(inverter(0, "A-3", image(160, (2,)))),
        4: Registers(),
    }
    with served(TcpSimulator(units)) as simulator:
        yield simulator


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A set with one device."""
    definitions = {"m.csv": "modbusTCP;meter;Test;One\n1;3;0;U16;;Counter;;1;0;;4\n"}
    return write_set(tmp_path / "set", CONFIG, ["7;10.0.0.9;meter;1;60;1000;;1;;;m.csv"], definitions)


def scan(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["scan", *map(str, arguments)])


def test_what_is_found_is_told_line_by_line_and_as_a_table(plant):
    result = scan(f"127.0.0.1:{plant.port}", "--units", "1-4")
    assert result.exit_code == 0, result.output
    lines = [line[21:] for line in result.stdout.splitlines() if line[4:5] == "-"]
    where = f"127.0.0.1:{plant.port}"
    assert f"SunSpec device found at @1 {where}" in lines
    assert f"NON SUNSPEC device found at @4 {where}" in lines
    assert lines[-1] == f"End of SunSpec detection on {where}. 3 devices found."
    for part in ("Helio Works", "A-1", "A-3", "160"):
        assert part in result.stdout


def test_nothing_found_has_a_status_of_its_own(plant):
    result = scan(f"127.0.0.1:{plant.port}", "--units", "4,9")
    assert result.exit_code == 1
    assert "0 devices found" in result.stdout


def test_json_is_one_document_and_progress_goes_elsewhere(plant):
    result = scan(f"127.0.0.1:{plant.port}", "--units", "1-3", "--json")
    document = json.loads(result.stdout)
    assert [found["serial_number"] for found in document["devices"]] == ["A-1", "A-2", "A-3"]
    assert len({found["definition"] for found in document["devices"]}) == 2
    assert set(document["definitions"]) == {found["definition"] for found in document["devices"]}
    assert result.stderr == ""
    assert document["stopped"] is False


def test_devices_come_into_a_set_that_is_then_in_order(plant, directory):
    result = scan(f"127.0.0.1:{plant.port}", "--units", "1-3", "--into", directory, "--yes")
    assert result.exit_code == 0, result.output
    assert "Added: 3 devices." in result.stderr
    files, unread = read_set_directory(directory)
    made, findings = read_set(files)
    assert unread == []
    assert not has_errors(findings)
    assert [d.index for d in made.daq.devices] == ["7", "8", "9", "10"]
    assert [d.name for d in made.daq.devices[1:]] == ["HW 5000/TL A-1", "HW 5000/TL A-2", "HW 5000/TL A-3"]
    one, two, three = (d.definition for d in made.daq.devices[1:])
    assert one == two != three
    assert three == one.removesuffix(".csv") + "_2.csv"
    assert {v.name for v in made.definitions[three].variables} > {v.name for v in made.definitions[one].variables}
    before = f"{DEVICE_HEADER}\n7;10.0.0.9;meter;1;60;1000;;1;;;m.csv\n"
    assert files[f"CONFIG/{UID}_daq.csv"].decode().startswith(before)


def test_a_second_time_there_is_nothing_to_add(plant, directory):
    arguments = (f"127.0.0.1:{plant.port}", "--units", "1-2", "--into", directory, "--yes")
    assert scan(*arguments).exit_code == 0
    kept = read_set_directory(directory)
    result = scan(*arguments)
    assert result.exit_code == 0
    assert "There is nothing to add" in result.stderr
    assert "is configured already: HW 5000/TL A-1 (8)" in result.stdout
    assert read_set_directory(directory) == kept


def test_without_a_yes_it_is_only_shown(plant, directory):
    kept = read_set_directory(directory)
    result = scan(f"127.0.0.1:{plant.port}", "--into", directory)
    assert result.exit_code == 7
    assert f"8;127.0.0.1:{plant.port};HW 5000/TL A-1;1;600;1000;A-1;1;inverter;HW 5000/TL;" in result.stderr
    assert "add --yes" in result.stderr
    assert read_set_directory(directory) == kept


def test_an_empty_directory_becomes_a_set_that_polls(plant, tmp_path):
    result = scan(f"127.0.0.1:{plant.port}", "--into", tmp_path, "--yes", "--uid", "WPM123456")
    assert result.exit_code == 0, result.output
    files, _ = read_set_directory(tmp_path)
    assert set(files) == {
        "CONFIG/WPM123456_daq.csv",
        "DEF/WPM123456_SunSpec_inverter_Helio_Works_HW_5000TL_DCAC_modbusTCP.csv",
    }
    assert scan(f"127.0.0.1:{plant.port}", "--into", tmp_path, "--yes").exit_code == 0


def test_a_set_with_a_broken_daq_is_left_alone(plant, directory):
    daq = directory / "CONFIG" / f"{UID}_daq.csv"
    daq.write_text(daq.read_text() + "8;10.0.0.9:x;a;1;60;1000;;1;;;m.csv\n")
    kept = read_set_directory(directory)
    result = scan(f"127.0.0.1:{plant.port}", "--into", directory, "--yes")
    assert result.exit_code == 7
    assert "has errors and is left alone" in result.stderr
    assert read_set_directory(directory) == kept


def test_a_definition_that_stands_is_never_overwritten(plant, directory):
    name = f"{UID}_SunSpec_inverter_Helio_Works_HW_5000TL_DCAC_modbusTCP.csv"
    (directory / "DEF" / name).write_text("somebody's own\n")
    assert scan(f"127.0.0.1:{plant.port}", "--into", directory, "--yes").exit_code == 0
    assert (directory / "DEF" / name).read_text() == "somebody's own\n"
    assert (directory / "DEF" / name.replace(".csv", "_2.csv")).exists()


def test_a_serial_port_is_searched_and_becomes_a_line_of_the_set(directory):
    with served(RtuSimulator({3: device(inverter(), 0)}, 115200, paced=False)) as line:
        result = scan(
            line.device, "--units", "3", "--baudrate", 115200, "--line", "SERIAL2", "--timeout", 5000, "--into",
            directory, "--yes",
        )  # fmt: skip
    assert result.exit_code == 0, result.output
    made, _ = read_set(read_set_directory(directory)[0])
    assert [(serial.name, serial.baudrate) for serial in made.daq.lines] == [("SERIAL2", 115200)]
    assert str(made.daq.devices[-1].interface) == "SERIAL2"
    assert made.daq.devices[-1].definition.endswith("_modbusRTU.csv")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["10.0.0.0/8"], "at most 1024 addresses"),
        (["SERIAL1"], "name the port itself"),
        (["127.0.0.1", "--units", "300"], "is not a Modbus unit from 0 to 255"),
        (["/dev/a", "/dev/b"], "one serial port at a time"),
        (["/dev/a", "--baudrate", "9601"], "9601 is none of"),
        (["/dev/a", "--units", "0"], "0 is no unit of a serial line"),
        (["127.0.0.1", "--into", "/no/such/set"], "is not a directory"),
        (["127.0.0.1", "--uid", "a b"], "is no uid"),
    ],
    ids=["network", "line", "unit", "two-ports", "rate", "serial-unit", "set", "uid"],
)
def test_what_cannot_be_asked_has_status_2(arguments, said):
    result = scan(*arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_a_stop_signal_ends_it_with_what_was_found(plant):
    plant.faults[4].dead = True
    command = [sys.executable, "-m", "heliograph.cli", "scan", f"127.0.0.1:{plant.port}", "--units", "1,4", "--json",
               "--timeout", "10000"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not plant.units.requests[4]:
        threading.Event().wait(0.02)
    process.send_signal(signal.SIGINT)
    output, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "what was found until then is shown" in json.loads(told)["detail"]
    document = json.loads(output)
    assert document["stopped"] is True
    assert [found["serial_number"] for found in document["devices"]] == ["A-1"]


def test_on_a_terminal_there_is_a_bar_below_the_lines(plant):
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "heliograph.cli", "scan", f"127.0.0.1:{plant.port}", "--units", "1"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "160"}
    with subprocess.Popen(command, stdout=terminal, stderr=terminal, stdin=subprocess.DEVNULL, env=environment) as done:
        os.close(terminal)
        shown = b""
        while True:
            try:
                shown += os.read(controller, 4096)
            except OSError:
                break
    os.close(controller)
    assert done.returncode == 0
    assert b"searching" in shown
    assert b"units" in shown
    assert b"SunSpec device found at @1" in shown
