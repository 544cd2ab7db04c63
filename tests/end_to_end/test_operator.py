"""An operator's day with real OpenSSH servers: he edits files, a plant far away follows, and nothing cuts it off."""

from pathlib import Path

import pytest

from heliograph.formats import DateForm
from support.delivered import check, settle
from support.operating import CONFIG, DAQ, Day, Session, play
from support.sets import DIRECTORIES, write_set
from support.sftp import Sshd, sshd
from support.stack import stack
from support.whole import Plant
from support.witness import DEFINITION


@pytest.fixture
def servers():
    with sshd() as alpha, sshd() as beta:
        for server in (alpha, beta):
            for name in DIRECTORIES:
                server.tree.directory(name)
        yield alpha, beta


def session(server: Sshd) -> Session:
    return Session(server.port, server.login, server.client_key, str(server.tree.root), server.tree.root)


def make_set(directory: Path, plant: Plant, alpha: Sshd, beta: Sshd) -> Path:
    config = {"NTP_TimeZone": "Europe/Berlin"}
    for infix, server in (("", alpha), ("2", beta)):
        config |= {
            f"SERVER{infix}_Type": "sftp", f"FTP{infix}_Address": "127.0.0.1", f"FTP{infix}_Port": server.port,
            f"FTP{infix}_Login": server.login, f"FTP{infix}_KeyFile": f"env:KEY{infix}",
            f"FTP{infix}_DirRoot": server.tree.root, f"FTP{infix}_Timeout": 5,
        }  # fmt: skip
    devices = [line.replace(";;;", ";Meter;One;") for line in plant.devices()]
    definitions = {
        f"{name}.csv": DEFINITION.format(protocol=f"modbus{name.upper()}") for name in ("tcp", "rtu")
    }  # fmt: skip
    serial = ["SERIAL1;19200;8;N;1;2;modbusRTU;0"]
    schedules = [f"SCHEDULE{infix}_Params[0]=1|everyday|00:00:00|1440|1" for infix in ("", "2")]
    return write_set(directory, config, devices, definitions, serial=serial, schedules=schedules)


@pytest.mark.timeout(1200)
@pytest.mark.long
async def test_an_operator_edits_files_on_his_server_and_the_plant_follows_safely(tmp_path, servers):
    alpha, beta = servers
    plant = Plant()
    async with plant.near, plant.far, plant.line:
        set_dir = make_set(tmp_path / "set", plant, alpha, beta)
        keys = {"KEY": alpha.client_key.read_text(), "KEY2": beta.client_key.read_text()}
        with stack(set_dir, tmp_path / "state", SERIAL1_DEVICE=plant.line.device, **keys) as gateway:
            gateway.start()
            await gateway.until(
                "all devices answer",
                "/api/v1/status",
                lambda s: len(s["devices"]) == 4 and all(d["condition"] == "answering" for d in s["devices"]),
            )
            first = {f"{p.parent.name}/{p.name}": p.read_bytes() for p in set_dir.rglob("*") if p.is_file()}
            assert CONFIG in first

            async def ask(number: int) -> None:
                while await gateway.post("/api/v1/connections", {"server": number}) is None:
                    pass

            day = Day(
                session(alpha), session(beta), ask,
                until=lambda what, holds, seconds: gateway.until(what, "/api/v1/status", holds, seconds),
            )  # fmt: skip
            await play(day, first)
            mark = "# edited on the gateway\n"
            edit = {DAQ: alpha.tree.root.joinpath(DAQ).read_text() + mark}
            answer = await gateway.patch("/api/v1/configuration/files", {"files": edit})
            assert answer["provisional"] is False
            await day.revision(answer["revision"])  # the tasks of the servers have it before the bus has
            for number in (2, 1):  # server 2 is the main one by now
                await day.connect(number)
            assert alpha.tree.root.joinpath(DAQ).read_text().endswith(mark)
            assert day.alpha.tree() == day.beta.tree()
            until = await settle(gateway)
            for server in servers:
                check(gateway, plant, server.tree, DateForm.YMD, until)
