"""A fault from the field is a test: golden traces replayed against links and against a whole collector."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from heliograph.cli.main import app
from heliograph.collector.links import LinkDown, LinkFailure, ModbusException, NoAnswer
from heliograph.demo.replay import replayed
from support.collecting import collector, revision, until, witness
from support.modbus import holding, registers, rtu_link, tcp_link
from support.plugged import plugged_in

GOLDEN = Path(__file__).parent / "golden"
NOISY = (GOLDEN / "noisy_line.log").read_bytes()
MOODY = (GOLDEN / "moody_inverter.log").read_bytes()
DEFINITION = (GOLDEN / "meter.csv").read_text(encoding="utf-8")
LIMIT = 30


async def outcome(link, seconds) -> object:
    """The registers of an answer, or what went wrong."""
    try:
        return registers(await link.read(holding(7, 100, 3), seconds))
    except LinkFailure as failure:
        return failure


async def test_a_socket_meets_the_same_answers_refusals_and_cuts_in_the_same_order():
    """Silence and dropped frames cost a time limit each; the others have all the time of a slow machine."""
    patience = (LIMIT, LIMIT, LIMIT, 0.3, LIMIT, 0.3, 0.3, LIMIT, LIMIT)
    async with replayed(MOODY) as device, tcp_link(device.port) as link:
        found = [await outcome(link, seconds) for seconds in patience]
    assert found[0] == [4000, 1, 1000]
    assert isinstance(found[1], ModbusException)
    assert found[2] == [4002, 1, 1002]
    assert isinstance(found[3], NoAnswer)
    assert found[4] == [4004, 1, 1004]
    assert isinstance(found[5], NoAnswer)
    assert isinstance(found[6], NoAnswer)
    assert found[7] == [4007, 1, 1007]
    assert isinstance(found[8], LinkDown)


async def test_a_serial_line_meets_the_same_noise():
    async with replayed(NOISY, baudrate=115200) as device, rtu_link(device.path, 115200) as link:
        assert await outcome(link, LIMIT) == [4000, 1, 1000]
        assert await outcome(link, LIMIT) == [4001, 1, 1001]
        assert isinstance(await outcome(link, LIMIT), ModbusException)
        assert isinstance(await outcome(link, 0.5), NoAnswer), "its check sum is wrong"


async def test_a_collector_records_the_good_values_of_a_field_trace_and_never_a_spoiled_one(broker, tmp_path):
    """The line of the trace gave wrong check sums, half a frame, noise, another unit's answer and an echo."""
    good = set(range(4000, 4012))
    devices = ["1;SERIAL1;field;7;1;300;;poll=50;;;meter.csv"]
    line = ["SERIAL1;115200;8;N;1;2;modbusRTU;0"]
    async with (
        replayed(NOISY, baudrate=115200) as device,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", serial1_device=device.path),
    ):
        await sync.publish(revision(devices, {"meter.csv": DEFINITION}, serial=line))
        await until(lambda: device.device.known >= 20, "more than the trace")
        await until(lambda: len(sync.records) >= 3, "records")
        await until(lambda: {"crc", "timeout", "unit", "short"} & sync.errors(), "what was dropped in the state")
    values = {tuple(record.values) for record in sync.records}
    assert {power for power, _ in values if power is not None} <= good
    assert {energy for _, energy in values if energy is not None} <= {65536 + 1000 + n for n in range(12)}


def command(*arguments: object):
    with plugged_in("replay"):
        return CliRunner().invoke(app, ["replay", *map(str, arguments)])


def test_the_command_says_where_and_what_the_trace_tells_of():
    done = command(GOLDEN / "noisy_line.log", GOLDEN / "meter.csv", "--tcp", 0, "--for", 0)
    assert done.exit_code == 0, done.stderr
    place, told, missing, ready, count = done.stdout.splitlines()
    assert place.startswith("127.0.0.1:")
    assert place.endswith("unit 7  15 exchanges")
    assert told == "the trace tells of 2 of 3 variables"
    assert missing == "not of: Never asked"
    assert ready == "ready; Ctrl-C ends it"
    assert count == "0 requests answered as recorded, 0 others"


def test_what_cannot_be_replayed_is_told_with_its_status(tmp_path):
    (tmp_path / "nothing.log").write_text("hello\n")
    done = command(tmp_path / "nothing.log", GOLDEN / "meter.csv")
    assert (done.exit_code, "holds no request" in done.stderr) == (1, True)
    (tmp_path / "wrong.csv").write_text("hello\n")
    done = command(GOLDEN / "noisy_line.log", tmp_path / "wrong.csv")
    assert (done.exit_code, "wrong.csv:1:1: error" in done.stderr) == (1, True)
    assert command(tmp_path / "absent.log", GOLDEN / "meter.csv").exit_code == 2
    assert command(GOLDEN / "noisy_line.log", GOLDEN / "meter.csv", "--serial", "--tcp", 1).exit_code == 2


async def test_it_answers_until_a_stop_signal():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "heliograph.cli", "replay", str(GOLDEN / "moody_inverter.log"), str(GOLDEN / "meter.csv"),
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            lines = [(await process.stdout.readline()).decode() for _ in range(4)]
            async with tcp_link(int(lines[0].split()[0].rpartition(":")[2])) as link:
                assert await outcome(link, LIMIT) == [4000, 1, 1000]
            process.send_signal(signal.SIGTERM)
            rest = (await process.stdout.read()).decode()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert json.dumps(rest).startswith('"1 requests answered as recorded')
