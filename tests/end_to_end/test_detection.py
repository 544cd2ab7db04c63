"""A new device, end to end: searched over REST or by a command, accepted, polled, its values on the main server."""

import asyncio
import json
from pathlib import Path

import pytest

from heliograph.demo.simulator import Registers, TcpSimulator
from heliograph.formats import parse_daq, parse_definition, read_data_file
from support.sets import UID, write_set
from support.stack import Stack, stack
from support.sunspec import device, inverter

LIMIT = 60
DAQ = f"CONFIG/{UID}_daq.csv"


@pytest.fixture
async def plant():
    async with TcpSimulator({1: device(inverter()), 2: Registers(), 3: device(inverter(0, "HW-0816"))}) as simulator:
        yield simulator


@pytest.fixture
def gateway(tmp_path, main_server):
    config = {
        "GATEWAY_Uid": UID,
        "SERVER_Type": "sftp",
        "FTP_Address": "127.0.0.1",
        "FTP_Port": main_server.port,
        "FTP_Login": main_server.login,
        "FTP_KeyFile": "env:MAIN_KEY",
        "FTP_DirRoot": main_server.tree.root,
        "FTP_HostKey": main_server.host_key,
    }
    set_dir = write_set(tmp_path / "set", config, [], {})
    with stack(set_dir, tmp_path / "state", MAIN_KEY=main_server.client_key.read_text()) as made:
        made.start()
        yield made
        made.stop()


async def answered(call, holds=bool):
    """Ask again and again until the answer fits."""
    async with asyncio.timeout(LIMIT):
        while (answer := await call()) is None or not holds(answer):
            await asyncio.sleep(0.2)
    return answer


async def done(gateway: Stack, act, path: str, holds):
    """Act until what it brings about can be seen, also where an answer was lost on a slow machine."""

    async def acted():
        await act()
        return await gateway.get(path)

    return await answered(acted, holds)


def first(folder: Path, pattern: str) -> Path | None:
    """The first file of that name, as soon as there is one: files have their names when they are whole."""
    return next(iter(sorted(folder.glob(pattern))), None)


async def accepted(gateway: Stack, plant: TcpSimulator) -> dict:
    """Search the host, accept what was found; the answer of the gateway."""
    await gateway.until("a revision", "/api/v1/configuration", lambda c: c["revision"] == 1)
    body = {"targets": [f"127.0.0.1:{plant.port}"], "units": "1-2", "timeout_ms": 5000}
    begin = lambda: gateway.post("/api/v1/detections", body)  # noqa: E731
    begun = await done(gateway, begin, "/api/v1/detections", lambda a: a["detections"])
    path = f"/api/v1/detections/{begun['detections'][0]['detection']}"
    now = await gateway.until("the search ends", path, lambda d: not d["running"])
    assert [line[21:] for line in now["lines"]][-1].endswith(f"on 127.0.0.1:{plant.port}. 1 devices found.")
    (found,) = now["proposals"]
    assert found["ticked"]
    accept = lambda: gateway.post(f"{path}/accept", {"devices": [found["key"]]})  # noqa: E731
    await done(gateway, accept, "/api/v1/configuration", lambda c: c["revision"] == 2 and not c["findings"])
    return found


@pytest.mark.timeout(240)
async def test_a_device_that_is_found_and_accepted_delivers_its_values(gateway, plant, main_server):
    found = await accepted(gateway, plant)
    devices = await gateway.until("it answers", "/api/v1/devices", lambda a: _answering(a["devices"]))
    assert devices["devices"][0]["name"] == "HW 5000/TL HW-0815"
    live = await gateway.until(
        "live values", "/api/v1/devices/0/variables", lambda a: any(v["value"] is not None for v in a["variables"])
    )
    assert {v["name"]: v["value"] for v in live["variables"] if v["name"] == "103_W"} == {"103_W": 12340}
    files = await answered(lambda: gateway.get("/api/v1/configuration/revisions/2"))
    daq, findings = parse_daq(files["files"][DAQ].encode(), DAQ)
    assert findings == []
    assert (daq.devices[0].index, daq.devices[0].serial_number) == ("0", "HW-0815")
    shorter = {"files": {DAQ: files["files"][DAQ].replace(";600;", ";2;")}}
    shorten = lambda: gateway.patch("/api/v1/configuration/files", shorter)  # noqa: E731
    await done(gateway, shorten, "/api/v1/configuration", lambda c: c["revision"] >= 3)
    await gateway.until("a record", "/api/v1/status", lambda s: any(d["records"] for d in s["devices"]))
    await answered(lambda: gateway.post("/api/v1/connections", {"server": 1}))
    tree = main_server.tree.root
    file = await answered(lambda: asyncio.to_thread(first, tree / "DATA", f"{UID}_MODBUS_*.csv.gz"))
    text = (await answered(lambda: asyncio.to_thread(first, tree / "DEF", found["definition"]))).read_bytes()
    definition, _ = parse_definition(text, found["definition"])
    data, findings = read_data_file(file.read_bytes(), file.name, {found["definition"]: definition})
    assert findings == []
    assert {row.value for row in data.rows() if row.name == "103_W"} == {12340}
    assert {row.value for row in data.rows() if row.name == "103_PhVphA"} == {230.1}
    await discovered_by_command(gateway, plant, main_server)


async def discovered_by_command(gateway: Stack, plant: TcpSimulator, server) -> None:
    """A second device is found and taken by `discoverDevices`; the first one is found again, and left as it is."""
    before = (await answered(lambda: gateway.get("/api/v1/configuration")))["revision"]
    parameters = {
        "protocol": "sunspec", "interface": "ethernet1", "hosts": "127.0.0.1", "port": plant.port,
        "addresses": [1, "2-3"], "timeout": 5000, "accept": True,
    }  # fmt: skip
    command = [{"rpcName": "sunpm.discoverDevices", "parameters": parameters}]
    server.tree.file(f"CMD/{UID}_cmd.part", json.dumps(command).encode())
    part = server.tree.root / "CMD" / f"{UID}_cmd.part"
    part.rename(part.with_name(f"{UID}_cmd.json"))
    await answered(lambda: gateway.post("/api/v1/connections", {"server": 1}))
    file = await answered(lambda: asyncio.to_thread(first, server.tree.root / "CMD", f"{UID}_ACK_*.json"))
    assert json.loads(file.read_text()) == [{"result": 2, "callerId": None}]
    now = await answered(lambda: gateway.get("/api/v1/configuration"), lambda c: c["revision"] > before)
    assert now["revision"] == before + 1
    await gateway.until("it is polled", "/api/v1/devices", lambda a: len(a["devices"]) == 2)


def _answering(devices: list[dict]) -> bool:
    return len(devices) == 1 and devices[0]["condition"] == "answering"
