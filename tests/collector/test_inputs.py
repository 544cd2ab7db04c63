"""The gateway's own inputs and outputs through the whole collector, behind files that stand for hardware."""

from pathlib import Path

import pytest

from heliograph.collector.inputs.gpio import GpioPulses, GpioRelay, GpioSwitch
from heliograph.collector.inputs.kept import Kept
from heliograph.collector.inputs.panel import Panel
from heliograph.collector.inputs.terminals import Terminal
from heliograph.contract import DeviceCondition, ReadRequest, VariableLimit, WriteRequest
from heliograph.contract.channels import READ, WRITE
from heliograph.formats.definition_parser import parse_definition
from support.collecting import FastClock, collector, revision, until, witness

DEFINITION = """\
io;Inputs;Heliograph;Own
1;1;1;2;;Irradiance;;100;0;W/m²;6
2;2;1;1;;Door;;1;0;;8
3;2;2;2;;Energy pulses;;0.001;0;kWh;4
4;3;1;;;Relay;;1;0;;4
"""
DEVICE = ["IO;;own inputs;;1;;;poll=50;;;io.csv"]


class Terminals:
    """Files in the place of terminals."""

    def __init__(self, directory: Path) -> None:
        self.files = {name: directory / name for name in ("AI1", "DI1", "DI2", "RELAY1")}
        for name, text in {"AI1": "3.25", "DI1": "0", "DI2": "1000", "RELAY1": "1"}.items():
            self.put(name, text)

    def put(self, name: str, text: str) -> None:
        fresh = self.files[name].with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.files[name])

    @property
    def settings(self) -> dict[str, str]:
        kinds = {"AI1": "ai1_channel", "DI1": "di1_line", "DI2": "di2_line", "RELAY1": "relay1_line"}
        return {kinds[name]: f"file:{path}" for name, path in self.files.items()}


@pytest.fixture
def terminals(tmp_path):
    directory = tmp_path / "terminals"
    directory.mkdir()
    return Terminals(directory)


def ask(sync, channel, request):
    return sync.commands.request(channel, request, timeout=30)


async def test_records_hold_volts_levels_pulses_and_the_relay(broker, tmp_path, terminals):
    async with witness(broker) as sync, collector(broker, tmp_path / "c", **terminals.settings):
        await sync.publish(revision(DEVICE, {"io.csv": DEFINITION}))
        await until(lambda: sync.records, "it records")
        terminals.put("DI2", "1007")
        await until(lambda: sync.records[-1].values == (3.25, 3.25, 3.25, 3.25, 0, 7, 0), "pulses are counted")
        assert sync.records[-1].interface == "IO"
    assert terminals.files["RELAY1"].read_text() == "0\n", "the relay is off at the start unless it shall be kept"


async def test_a_change_of_a_digital_input_is_an_alarm(broker, tmp_path, terminals):
    async with witness(broker) as sync, collector(broker, tmp_path / "c", **terminals.settings):
        await sync.publish(revision(DEVICE, {"io.csv": DEFINITION}))
        await until(lambda: sync.device("IO").readings, "it is read")
        terminals.put("DI1", "1")
        await until(lambda: sync.alarms, "the change is told")
    (alarm,) = sync.alarms
    assert (alarm.source, alarm.device, alarm.variable, alarm.value) == ("IO", "IO", "2", "1")


async def test_the_relay_is_written_read_back_and_said_and_nothing_else_is(broker, tmp_path, terminals):
    async with witness(broker) as sync, collector(broker, tmp_path / "c", **terminals.settings):
        await sync.publish(revision(DEVICE, {"io.csv": DEFINITION}))
        await until(lambda: sync.device("IO").readings, "it is read")
        on = await ask(sync, WRITE, WriteRequest(device="IO", variable="4", raw=1))
        assert (on.raw, on.verified, on.error) == (1, True, "")
        assert terminals.files["RELAY1"].read_text() == "1\n"
        assert (await ask(sync, READ, ReadRequest(device="IO", variable="4"))).raw == 1
        too_much = await ask(sync, WRITE, WriteRequest(device="IO", variable="4", raw=2))
        assert too_much.error == "'Relay' of own inputs: 2 is neither 0 nor 1"
        door = await ask(sync, WRITE, WriteRequest(device="IO", variable="2", raw=1))
        assert door.error == "'Door' of own inputs cannot be written: it is an input"
        unknown = await ask(sync, READ, ReadRequest(device="IO", variable="9"))
        assert unknown.error == "own inputs has no variable '9' in io.csv"
        await until(lambda: "'Relay' of own inputs is switched on" in sync.log, "it is said")


async def test_the_relay_keeps_to_its_limits_and_falls_back_when_its_time_is_over(broker, tmp_path, terminals):
    clock = FastClock()
    state, relay = terminals.files["RELAY1"], {"device": "IO", "variable": "4"}
    async with witness(broker) as sync, collector(broker, tmp_path / "c", clock=clock, **terminals.settings):
        await sync.publish(revision(DEVICE, {"io.csv": DEFINITION}))
        await until(lambda: sync.device("IO").readings, "it is read")
        wrong = await ask(sync, WRITE, WriteRequest(**relay, raw=1, lifetime_seconds=600, fallback=2))
        assert wrong.error == "'Relay' of own inputs: 2 is neither 0 nor 1"
        assert (await ask(sync, WRITE, WriteRequest(**relay, raw=1, lifetime_seconds=600, fallback=0))).verified
        assert state.read_text() == "1\n"
        clock.leap(601)
        await until(lambda: state.read_text() == "0\n", "it falls back")
        limit = VariableLimit(device="IO", variable="4", most=0)
        await sync.publish(revision(DEVICE, {"io.csv": DEFINITION}, number=2, limits=(limit,)))
        await until(lambda: sync.states[-1].revision == 2)
        refused = await ask(sync, WRITE, WriteRequest(**relay, raw=1))
        assert refused.error == "'Relay' of own inputs may be at most 0, not 1 (LIMIT_Params of _config.ini)"
        assert state.read_text() == "0\n"


async def test_counters_go_on_after_a_restart_and_the_relay_is_kept_where_asked(broker, tmp_path, terminals):
    async with witness(broker) as sync:
        for total in (40, 52):
            async with collector(broker, tmp_path / "c", relay1_start="keep", **terminals.settings):
                if total == 40:
                    await sync.publish(revision(DEVICE, {"io.csv": DEFINITION}))
                await until(lambda: sync.device("IO").readings, "it is read")
                relay = await ask(sync, READ, ReadRequest(device="IO", variable="4"))
                assert relay.raw == (total == 52)
                terminals.put("DI2", str(1000 + total))
                await ask(sync, WRITE, WriteRequest(device="IO", variable="4", raw=1))
                await until(lambda total=total: sync.records and sync.records[-1].values[5] == total, "pulses count")
            sync.states.clear()


async def test_a_terminal_that_fails_is_missing_alone_and_comes_back(broker, tmp_path, terminals):
    async with witness(broker) as sync, collector(broker, tmp_path / "c", **terminals.settings):
        await sync.publish(revision(DEVICE, {"io.csv": DEFINITION}))
        await until(lambda: sync.records, "it records")
        terminals.put("AI1", "broken")
        await until(lambda: sync.records[-1].values[:5] == (None, None, None, None, 0), "it is missing")
        await until(lambda: "AI1: " in sync.device("IO").cause, "the state says why")
        assert sync.device("IO").condition is DeviceCondition.ANSWERING
        terminals.put("AI1", "4.5")
        await until(lambda: sync.records[-1].values[0] == 4.5, "it is back")
    assert sync.log.count("which is no number") == 1


async def test_a_variable_without_a_terminal_is_missing_and_a_wrong_name_is_said(broker, tmp_path, terminals):
    settings = terminals.settings | {"ai1_channel": "volts please"}
    async with witness(broker) as sync, collector(broker, tmp_path / "c", **settings):
        await sync.publish(revision(DEVICE, {"io.csv": DEFINITION}))
        await until(lambda: sync.records, "it records")
        assert sync.records[-1].values == (None, None, None, None, 0, 0, 0)
        await until(lambda: "AI1: 'volts please' is no channel" in sync.log, "the wrong name is said")
        await until(lambda: "set AI1_CHANNEL" in sync.device("IO").cause)


async def test_without_any_terminal_the_device_is_absent(broker, tmp_path):
    async with witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(revision(DEVICE, {"io.csv": DEFINITION}))
        await until(lambda: sync.device("IO").condition is DeviceCondition.ABSENT, "it is absent")
        assert "set DI1_LINE" in sync.device("IO").cause


async def test_a_revision_that_changes_the_inputs_loses_no_pulse_that_was_counted(broker, tmp_path, terminals):
    async with witness(broker) as sync, collector(broker, tmp_path / "c", **terminals.settings):
        await sync.publish(revision(DEVICE, {"io.csv": DEFINITION}))
        terminals.put("DI2", "1005")
        await until(lambda: sync.records, "it records")
        counted = sync.records[-1].values[5]
        await sync.publish(revision(DEVICE, {"io.csv": DEFINITION.replace("Door", "Gate")}, number=2))
        await until(lambda: sync.states[-1].revision == 2 and sync.device("IO").readings, "it is applied and read")
        terminals.put("DI2", "1030")
        await until(lambda: sync.records[-1].values[5] >= counted + 25, "it counts on")


def test_one_line_cannot_be_level_and_counter_at_once(tmp_path):
    text = "io;a;b;c\n1;2;1;1;;Level;;1;0;;4\n2;2;1;2;;Pulses;;1;0;;4\n"
    definition, _ = parse_definition(text.encode(), "DEF/io.csv")
    file = tmp_path / "di1"
    file.write_text("1")
    terminals = {"DI1": Terminal("DI1", "file", str(file))}
    panel = Panel(definition.recorded, terminals, Kept(tmp_path, pytest.fail), keeps_relay=False, monotonic=lambda: 0.0)
    values, cause = panel.read()
    assert values == (1, None)
    assert cause == "DI1: is used as switch by another variable, it cannot be pulses as well"


CHIPS = [
    *Path("/sys/devices/platform").glob("gpio-sim.*/gpiochip*/sim_gpio0"),
    *Path("/sys/kernel/debug/gpio-mockup").glob("gpiochip*/0"),
]


@pytest.mark.skipif(
    not CHIPS, reason="this kernel has no simulated GPIO chip: modprobe gpio-sim, with a chip of a line 0"
)
def test_lines_of_a_simulated_chip_are_read_counted_and_switched():
    place = CHIPS[0]
    chip = place.parent.name
    pull = place / "pull" if place.is_dir() else place

    def drive(level: bool) -> None:
        pull.write_text("pull-up" if level and place.is_dir() else "pull-down" if place.is_dir() else str(int(level)))

    drive(False)
    line = Terminal("DI1", "gpio", chip, "0")
    switch = GpioSwitch(line)
    assert switch.read() is False
    drive(True)
    assert switch.read() is True
    switch.close()
    drive(False)
    pulses = GpioPulses(line)
    for _ in range(3000):
        drive(True)
        drive(False)
    assert pulses.count() == 3000, "more than the kernel's buffer holds"
    pulses.close()
    relay = GpioRelay(line, True)
    assert relay.read() is True
    relay.close()


def test_a_chip_that_is_not_there_is_an_error_that_names_it():
    with pytest.raises(OSError, match="line 0 of /dev/gpiochip99: there is no such chip"):
        GpioSwitch(Terminal("DI1", "gpio", "gpiochip99", "0"))
