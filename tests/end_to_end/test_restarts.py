"""`reboot` and `factory` by a command file over OpenSSH, on a gateway that is kept as `heliograph up` keeps it."""

import asyncio
import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from heliograph.contract import Service
from heliograph.runtime.restart import RESET_FILE
from heliograph.sync.resetfile import NAME as ORDER_FILE
from support.sets import UID, write_set
from support.supervised import Supervised, supervised

LIMIT = 180
CONFIG = f"CONFIG/{UID}_config.ini"


def put(server, *commands: dict) -> Path:
    """What an operator does: upload beside, then rename."""
    server.tree.file(f"CMD/{UID}_cmd.part", json.dumps(commands).encode())
    part = server.tree.root / "CMD" / f"{UID}_cmd.part"
    return part.rename(part.with_name(f"{UID}_cmd.json"))


def call(name: str, caller: str, **parameters: object) -> dict:
    return {"rpcName": f"sunpm.{name}", "parameters": parameters, "callerId": caller}


async def answers(server, *callers: str) -> dict[str, dict]:
    """The results that lie on the server, by caller, as soon as all of these are there."""
    async with asyncio.timeout(LIMIT):
        while True:
            files = sorted((server.tree.root / "CMD").glob(f"{UID}_ACK_*.json"))
            found = {result["callerId"]: result for file in files for result in json.loads(file.read_text())}
            if set(callers) <= set(found):
                assert sum(len(json.loads(file.read_text())) for file in files) == len(found), "each once"
                return found
            await asyncio.sleep(0.2)


async def connect(gateway: Supervised) -> None:
    async with asyncio.timeout(LIMIT):
        while await gateway.post("/api/v1/connections", {"server": 1}) is None:
            await asyncio.sleep(0.2)


async def restarted(gateway: Supervised, before: dict[str, int]) -> None:
    """Return when every service is another process; the broker is the same."""
    async with asyncio.timeout(LIMIT):
        while not all(gateway.processes().get(name, pid) != pid for name, pid in before.items() if name != "broker"):
            await asyncio.sleep(0.2)
    assert gateway.processes()["broker"] == before["broker"]


@pytest.fixture
async def gateway(tmp_path, main_server):
    config = {
        "GATEWAY_Uid": UID, "GATEWAY_Name": "as installed", "SERVER_Type": "sftp", "FTP_Address": "127.0.0.1",
        "FTP_Port": main_server.port, "FTP_Login": main_server.login, "FTP_KeyFile": "env:MAIN_KEY",
        "FTP_DirRoot": main_server.tree.root, "FTP_HostKey": main_server.host_key,
    }  # fmt: skip
    set_dir = write_set(tmp_path / "set", config, [], {})
    async with supervised(set_dir, tmp_path / "state", MAIN_KEY=main_server.client_key.read_text()) as made:
        await made.until("the set is on the server", "/api/v1/status", lambda s: _is_there(s, main_server))
        yield made


def _is_there(status: dict, server) -> bool:
    """Whether every service runs, and the set of the first start was written to the server."""
    return all(service["running"] for service in status["services"]) and (server.tree.root / CONFIG).exists()


@pytest.mark.timeout(900)
@pytest.mark.long
async def test_reboot_restarts_every_service_and_factory_begins_anew_through_a_kill_at_each_step(gateway, main_server):
    await reboot_restarts_every_service_and_its_results_reach_the_server(gateway, main_server)
    await factory_begins_anew_and_the_server_s_set_wins(gateway, main_server)


async def reboot_restarts_every_service_and_its_results_reach_the_server(gateway: Supervised, main_server) -> None:
    before, token = gateway.processes(), gateway.gateway.token_file.read_text()
    file = put(main_server, call("reboot", "a"), call("factory", "b", confirm="WPM000000"), call("status", "c"))
    await connect(gateway)
    found = await answers(main_server, "a", "b", "c")
    assert (found["a"]["result"], found["c"]["result"]["uid"]) == ("OK", UID)
    assert "nothing was deleted" in found["b"]["error"]
    await restarted(gateway, before)
    after = gateway.processes()
    status = await gateway.until(
        "all run again", "/api/v1/status", lambda s: s["revision"] == 1 and all(x["running"] for x in s["services"])
    )
    assert status["site"] == "as installed"
    assert not file.exists()
    assert gateway.gateway.token_file.read_text() == token
    assert gateway.processes() == after, "once, not in a loop"


async def prepared(gateway: Supervised, server) -> dict[str, Path]:
    """Leave something to be deleted in each service, something to be spared, and an edit on the server."""
    state = gateway.gateway.state_dir
    path = server.tree.root / CONFIG
    path.write_text(path.read_text().replace("as installed", "as the operator calls it"))
    await connect(gateway)
    await gateway.until("the edit", "/api/v1/status", lambda s: s["site"] == "as the operator calls it")
    canaries = {name: state / name / "canary" for name in Service}
    for canary in canaries.values():
        canary.write_text("kept by an earlier owner")
    (state / "collector" / "inputs.json").write_text('{"totals": {"DI1": 4711}}')
    return canaries


async def is_as_at_a_first_start(gateway: Supervised, canaries: dict[str, Path], token: str) -> None:
    """Everything kept is gone but the counters; what stands on the server has won; the reset came to its end."""
    state = gateway.gateway.state_dir
    async with asyncio.timeout(LIMIT):
        while any(canary.exists() for canary in canaries.values()) or (state / "sync" / ORDER_FILE).exists():
            await asyncio.sleep(0.2)
    await gateway.until("the server's set", "/api/v1/status", lambda s: s["site"] == "as the operator calls it")
    assert json.loads((state / "collector" / "inputs.json").read_text())["totals"] == {"DI1": 4711}
    assert gateway.gateway.token_file.read_text() != token
    page = await gateway.get("/api/v1/configuration/revisions")
    assert [(row["number"], row["origin"]) for row in page["revisions"]] == [(2, "server"), (1, "set directory")]


async def factory_begins_anew_and_the_server_s_set_wins(gateway: Supervised, main_server) -> None:
    canaries = await prepared(gateway, main_server)
    token = gateway.gateway.token_file.read_text()
    killer = asyncio.create_task(_kill_at_each_step(gateway))
    file = put(main_server, call("factory", "right", confirm=UID))
    await connect(gateway)
    found = await answers(main_server, "right")
    assert found["right"].get("result") == "OK" or "not known" in found["right"]["error"]
    killed = await asyncio.wait_for(killer, LIMIT)
    assert {"sync asked", "sync deleting", "sync deleted"} <= killed
    await is_as_at_a_first_start(gateway, canaries, token)
    assert not file.exists()
    assert set(await answers(main_server, "right")) == {"a", "b", "c", "right"}, "nothing ran again"


async def _kill_at_each_step(gateway: Supervised) -> set[str]:
    """Kill each service as soon as its file tells a step that it was not killed at yet, until sync's is gone."""
    state, killed = gateway.gateway.state_dir, set[str]()
    files = {name: state / name / RESET_FILE for name in (Service.COLLECTOR, Service.COMMANDS, Service.API)}
    files[Service.SYNC] = state / "sync" / ORDER_FILE
    while "sync deleted" not in killed or files[Service.SYNC].exists():
        for name, file in files.items():
            with suppress(OSError, ValueError, KeyError, ProcessLookupError):
                said = json.loads(file.read_text())
                step = f"{name} {said.get('step', said.get('done'))}"
                if step not in killed:
                    os.kill(gateway.processes()[name], signal.SIGKILL)
                    killed.add(step)
        await asyncio.sleep(0.005)
    return killed
