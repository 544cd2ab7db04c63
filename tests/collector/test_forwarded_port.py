"""A forwarded port of a running gateway: what a revision adds, moves and takes away, and what people see of it."""

import asyncio

from heliograph.demo.simulator import HOLDING_REGISTER, Registers, RtuSimulator
from support.collecting import collector, revision, until, witness
from support.forwarding import master
from support.ports import free_port

TEXTS = {"r.csv": "modbusRTU;Meter;Test;One\n1;3;0;U16;;Value;;1;0;;4\n"}
DEVICES = ["1;SERIAL1;meter;1;1;20000;;poll=50;;;r.csv"]
READ = bytes.fromhex("0300000001")
WRITE = bytes.fromhex("0600020007")
HEADER = "type;baudrate;data_bits;parity;stop_bits;wires;protocol;interframe(ms);forwardedTcpPort"


def bank() -> Registers:
    return Registers({HOLDING_REGISTER: {0: 4711, 1: 0, 2: 0}})


def plan(number, port, devices=DEVICES, baudrate=115200, name="SERIAL1"):
    text = f"{name};{baudrate};8;N;1;2;modbusRTU;0;{port}"
    made = revision(devices, TEXTS, number=number)
    files = {
        path: f"{HEADER}\n{text}\n\n{body}" if path.endswith("_daq.csv") else body for path, body in made.files.items()
    }
    return made.model_copy(update={"files": files})


def seen_of(forwarding):
    return forwarding and (forwarding.port, forwarding.clients, forwarding.requests)


async def test_a_revision_adds_moves_and_takes_away_the_port_while_polling_goes_on(broker, tmp_path):
    line = RtuSimulator({1: bank()}, 115200, paced=False)
    first, second = free_port(), free_port()
    async with (
        line,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", serial1_device=line.device, forwarded_answer_seconds=60),
    ):
        await sync.publish(plan(1, ""))
        await until(lambda: sync.records, "it records")
        assert sync.line().forwarding is None
        await sync.publish(plan(2, first))
        async with master(first) as client:
            assert await client.ask(1, READ) == bytes.fromhex("03021267")
            assert await client.ask(1, WRITE) == WRITE
            told = (first, 1, 2)
            await until(lambda: told == seen_of(sync.line().forwarding), "its port, clients and requests are told")
            await sync.publish(plan(3, second))
            assert await client.until_cut() == b""
        async with master(second) as client:
            assert await client.ask(1, READ) == bytes.fromhex("03021267")
            # Another speed is another line behind the same port: the client stays.
            await sync.publish(plan(4, second, baudrate=57600))
            await until(lambda: sync.states[-1].revision == 4, "it is applied")
            assert await client.ask(1, READ) == bytes.fromhex("03021267")
            await sync.publish(plan(5, ""))
            assert await client.until_cut() == b""
        await until(lambda: sync.states[-1].revision == 5 and sync.line().forwarding is None, "it is closed")
        seen = len(sync.records)
        await until(lambda: len(sync.records) > seen + 1, "it records on")
    assert f"wrote through port {first}: unit 1, function 6, address 2: confirmed" in sync.log


async def test_a_line_without_devices_is_forwarded_as_well(broker, tmp_path):
    line = RtuSimulator({1: bank()}, 115200, paced=False)
    port = free_port()
    async with (
        line,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", serial1_device=line.device, forwarded_answer_seconds=60),
    ):
        await sync.publish(plan(1, port, devices=[]))
        async with master(port) as client:
            assert await client.ask(1, READ) == bytes.fromhex("03021267")
            await until(lambda: sync.line().open, "the line is open")
            await asyncio.to_thread(line.unplug)
            assert await client.ask(1, READ) == bytes((0x83, 10))
            await until(lambda: not sync.line().open and sync.line().cause, "the line says why")


async def test_a_port_that_is_taken_or_has_no_line_is_told_and_harms_no_poll(broker, tmp_path):
    line = RtuSimulator({1: bank()}, 115200, paced=False)
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    async with (
        line,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", serial1_device=line.device, forwarded_answer_seconds=60),
    ):
        await sync.publish(plan(1, port))
        await until(lambda: sync.records, "it records")
        await until(lambda: "taken" in (sync.line().forwarding.cause if sync.line().forwarding else ""), "it is told")
        await sync.publish(plan(2, port, devices=[], name="SERIAL2"))
        await until(lambda: "SERIAL2_DEVICE" in sync.line().cause, "the other line cannot be served")
        assert "SERIAL2_DEVICE" in sync.line().forwarding.cause
        taken.close()
        await taken.wait_closed()
        await sync.publish(plan(3, port))
        async with master(port) as client:
            assert await client.ask(1, READ) == bytes.fromhex("03021267")
    assert f"SERIAL1, port {port}: its forwarded port is not served" in sync.log
