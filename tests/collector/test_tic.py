"""A meter's customer output through the whole collector: records, alarms, loss and return."""

import termios

from heliograph.collector.links import meter_port
from heliograph.contract import DeviceCondition, ParametersRequest, ReadRequest, RecordKind, WriteRequest
from heliograph.contract.channels import PARAMETERS, READ, WRITE
from support.collecting import collector, revision, until, witness
from support.meter import HISTORIC_TWO_TARIFFS, STANDARD_PRODUCER, Meter, frame

HISTORIC = """\
tic;Meter;Enedis;Historic
1;HCHC;;;;Index off-peak;;1;0;Wh;4
2;IINST;;;;Current;;1;0;A;2
3;PTEC;;;;Tariff;;1;0;;8
4;PPOT;;;;Missing;;1;0;;4
5;ADCO;;;;Number;;1;0;;1
"""
STANDARD = "tic;Meter;Enedis;Standard\n1;EAIT;;;;Energy exported;;1;0;Wh;4\n2;SINSTI;;;;Power exported;;1;0;VA;4\n"


def ask(sync, channel, request):
    return sync.commands.request(channel, request, timeout=30)


def device(bit_rate: int, definition: str) -> list[str]:
    return [f"TIC1;;linky;;1;;041976000042;{bit_rate};;;{definition}"]


async def test_records_hold_what_the_meter_prints_and_statistics_of_its_numbers(broker, tmp_path):
    async with (
        Meter(frame(HISTORIC_TWO_TARIFFS)) as meter,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", tic1_device=meter.device),
    ):
        await sync.publish(revision(device(1200, "h.csv"), {"h.csv": HISTORIC}))
        await until(lambda: len(sync.records) >= 3, "it records")
        await until(lambda: sync.device("TIC1").condition is DeviceCondition.ANSWERING)
        assert sync.device("TIC1").cause == "not sent by the meter: PPOT"
    record = sync.records[-1]
    assert record.values == ("014460852", 2, 2, 2, "HP..", None)
    assert (record.interface, record.layout.protocol, record.layout.serial_number) == ("TIC", "tic", "041976000042")


async def test_the_standard_mode_is_read_at_9600_bits_a_second(broker, tmp_path):
    async with (
        Meter(frame(STANDARD_PRODUCER)) as meter,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", tic1_device=meter.device),
    ):
        await sync.publish(revision(device(9600, "s.csv"), {"s.csv": STANDARD}))
        await until(lambda: sync.records, "it records")
        assert sync.records[-1].values == ("001204310", "02740")


async def test_a_change_is_an_alarm_of_an_input(broker, tmp_path):
    off_peak = [group.replace("PTEC HP..  ", "PTEC HC.. S") for group in HISTORIC_TWO_TARIFFS]
    async with (
        Meter(frame(HISTORIC_TWO_TARIFFS)) as meter,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", tic1_device=meter.device),
    ):
        await sync.publish(revision(device(1200, "h.csv"), {"h.csv": HISTORIC}))
        await until(lambda: sync.device("TIC1").readings, "it is read")
        meter.stream = frame(off_peak)
        await until(lambda: sync.alarms, "the change is told")
    (alarm,) = sync.alarms
    assert (alarm.source, alarm.device_name, alarm.variable, alarm.value) == ("IO", "linky", "3", "HC..")


async def test_a_meter_that_falls_silent_is_lost_and_comes_back(broker, tmp_path):
    async with (
        Meter(frame(HISTORIC_TWO_TARIFFS)) as meter,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", tic1_device=meter.device),
    ):
        await sync.publish(revision(device(1200, "h.csv"), {"h.csv": HISTORIC}))
        await until(lambda: sync.device("TIC1").readings, "it is read")
        meter.stream = b""
        await until(lambda: sync.infos() == ["DEVICE LOST linky"], "it is lost")
        assert "nothing came for 10 s" in sync.log
        meter.stream = frame(HISTORIC_TWO_TARIFFS)
        await until(lambda: sync.infos() == ["DEVICE LOST linky", "DEVICE BACK linky"], "it is back")


async def test_the_other_mode_is_named_when_bytes_come_and_no_frame(broker, tmp_path):
    async with (
        Meter(b"\x00\x7f\x55" * 20) as meter,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", tic1_device=meter.device),
    ):
        await sync.publish(revision(device(1200, "h.csv"), {"h.csv": HISTORIC}))
        await until(lambda: "is lost" in sync.log, "it is lost")
    assert "is the meter's mode another one (9600 bit/s)?" in sync.log


async def test_groups_with_a_wrong_check_byte_are_dropped_counted_and_said_once(broker, tmp_path):
    damaged = [group.replace("IINST 002 Y", "IINST 003 Y") for group in HISTORIC_TWO_TARIFFS]
    async with (
        Meter(frame(damaged)) as meter,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", tic1_device=meter.device),
    ):
        await sync.publish(revision(device(1200, "h.csv"), {"h.csv": HISTORIC}))
        await until(lambda: len(sync.records) >= 2, "it records")
        await until(lambda: sync.device("TIC1").errors.get("check", 0) >= 3, "they are counted")
    assert sync.records[-1].values == ("014460852", None, None, None, "HP..", None)
    assert sync.log.count("wrong check byte") == 1


async def test_a_port_that_is_away_is_said_and_found_again(broker, tmp_path):
    link = tmp_path / "port"
    async with witness(broker) as sync, collector(broker, tmp_path / "c", tic1_device=str(link)):
        await sync.publish(revision(device(1200, "h.csv"), {"h.csv": HISTORIC}))
        await until(lambda: sync.infos() == ["DEVICE LOST linky"], "it is lost")
        await until(lambda: "there is no such port" in sync.device("TIC1").cause, "the state says why")
        async with Meter(frame(HISTORIC_TWO_TARIFFS)) as meter:
            link.symlink_to(meter.device)
            await until(lambda: sync.device("TIC1").readings, "it is read")
            link.unlink()
            meter.unplug()
            await until(lambda: sync.device("TIC1").condition is DeviceCondition.RESTING, "it is lost again")


async def test_parameters_and_single_reads_give_what_the_last_frame_said(broker, tmp_path):
    async with (
        Meter(frame(HISTORIC_TWO_TARIFFS)) as meter,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", tic1_device=meter.device),
    ):
        await sync.publish(revision(device(1200, "h.csv"), {"h.csv": HISTORIC}))
        await until(lambda: sync.device("TIC1").readings, "it is read")
        assert (await ask(sync, READ, ReadRequest(device="TIC1", variable="5"))).raw == "270622224349"
        missing = await ask(sync, READ, ReadRequest(device="TIC1", variable="4"))
        assert missing.error == "'Missing' of linky: the meter's last frame has no group PPOT"
        refused = await ask(sync, WRITE, WriteRequest(device="TIC1", variable="1", raw=1))
        assert refused.error == "'Index off-peak' of linky cannot be written: it is an input"
        assert not (await ask(sync, PARAMETERS, ParametersRequest(device="TIC1"))).error
        await until(lambda: any(r.kind is RecordKind.PARAMETERS for r in sync.records), "parameters are recorded")
    assert next(r for r in sync.records if r.kind is RecordKind.PARAMETERS).values == ("270622224349",)


async def test_without_a_port_the_meter_is_absent_and_says_what_to_set(broker, tmp_path):
    async with witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(revision(device(1200, "h.csv"), {"h.csv": HISTORIC}))
        await until(lambda: sync.device("TIC1").condition is DeviceCondition.ABSENT, "it is absent")
        assert "set TIC1_DEVICE" in sync.device("TIC1").cause


async def test_a_revision_that_changes_nothing_of_the_meter_keeps_its_port(broker, tmp_path):
    async with (
        Meter(frame(HISTORIC_TWO_TARIFFS)) as meter,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", tic1_device=meter.device),
    ):
        await sync.publish(revision(device(1200, "h.csv"), {"h.csv": HISTORIC}))
        await until(lambda: sync.device("TIC1").readings, "it is read")
        readings = sync.device("TIC1").readings
        await sync.publish(revision(device(1200, "h.csv"), {"h.csv": HISTORIC + "6;IMAX;;;;Most;;1;0;A;0\n"}, number=2))
        await until(lambda: sync.states[-1].revision == 2, "it is applied")
        assert sync.device("TIC1").readings >= readings
        await sync.publish(revision(device(1200, "h.csv"), {"h.csv": HISTORIC + "6;IMAX;;;;Most;;1;0;A;4\n"}, number=3))
        await until(lambda: sync.records and sync.records[-1].values[-1] == "035", "the new variable is recorded")


async def test_the_driver_checks_the_parity_of_each_character():
    async with Meter(b"") as meter:
        port = meter_port(meter.device, 1200)
        try:
            flags = termios.tcgetattr(port._port.fileno())[0]
        finally:
            port.close()
    assert flags & termios.INPCK
    assert not flags & (termios.IGNPAR | termios.PARMRK)
