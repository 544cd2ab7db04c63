"""Sync killed with SIGKILL at each step of a command file's way: each text runs once, each is answered once.

The test is the service `commands`, and an operator whose OpenSSH server now and then refuses.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from heliograph.contract import CommandResults, CommandText, Service, Way
from heliograph.contract.channels import COMMAND_TEXTS, RESULTS
from support.servers import need
from support.sets import DIRECTORIES, UID
from support.sftp import sshd
from support.syncing import plant_set, until
from support.syncprocess import options, start

LIMIT = 120


class Commands:
    """Takes texts off the bus; while it holds, their results are not given."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.free = asyncio.Event()

    async def serve(self, connect: Callable) -> None:
        bus = await connect(Service.COMMANDS)

        async def execute(texts: list[CommandText]) -> None:
            for text in texts:
                if text.text not in self.came:
                    self.came.append(text.text)
                await self.free.wait()
                answer = json.dumps([{"result": text.text, "callerId": None}])
                results = CommandResults(identity=text.identity, way=Way.FILE, text=answer)
                await bus.store(RESULTS, results, identity=results.identity, way=Way.FILE)

        await bus.consume(COMMAND_TEXTS, execute, execute, key=Way.FILE, batch=1)


class Operator:
    """His server, and the gateway's process."""

    def __init__(self, server, broker, directory: Path) -> None:
        self.commands = server.tree.root / "CMD"
        self._server = server
        self._broker = broker
        self._directory = directory
        self._log = directory / "sync.log"

    def live(self):
        self._read = len(self._log.read_bytes()) if self._log.exists() else 0
        return start(self._broker, self._directory)

    def said(self, words: str) -> bool:
        """Whether the log of this life holds words."""
        return words in self._log.read_bytes()[self._read :].decode() if self._log.exists() else False

    def put(self, text: str) -> Path:
        self._server.tree.file(f"CMD/{UID}_cmd.json", text.encode())
        return self.commands / f"{UID}_cmd.json"

    def answers(self) -> list[str]:
        files = sorted(self.commands.glob(f"{UID}_ACK_*.json"))
        return [json.loads(file.read_text())[0]["result"] for file in files]


async def dies(process, *holds: Callable[[], object]) -> None:
    """Kill a process as soon as all of these hold."""
    for each in holds:
        await until(each, LIMIT)
    process.kill()
    await asyncio.to_thread(process.wait, 60)


@pytest.mark.timeout(300)
@pytest.mark.long
async def test_killed_at_each_step_of_its_way_a_command_runs_once_and_is_answered_once(broker, connect, tmp_path):
    need("sshd")
    with sshd() as server:
        for name in DIRECTORIES:
            server.tree.directory(name)
        (tmp_path / "secrets").mkdir()
        (tmp_path / "secrets/key").write_bytes(server.client_key.read_bytes())
        plant_set(tmp_path / "set", **options("FTP", server, "key"), SERVER2_Type="none")
        operator, commands = Operator(server, broker, tmp_path), Commands()

        broker.kill()
        first = operator.put("[1]")
        operator.commands.chmod(0o555)
        await dies(operator.live(), lambda: operator.said("taken in but not deleted"))

        operator.commands.chmod(0o755)
        await dies(operator.live(), lambda: operator.said("it is not run again"), lambda: not first.exists())

        broker.start()
        second = operator.put("[2]")
        serving = asyncio.create_task(commands.serve(connect))
        await dies(operator.live(), lambda: not second.exists(), lambda: "[1]" in commands.came)

        operator.commands.chmod(0o555)
        commands.free.set()
        await dies(operator.live(), lambda: "[2]" in commands.came, lambda: operator.said("no right to write"))

        operator.commands.chmod(0o755)
        await dies(operator.live(), operator.answers)

        process = operator.live()
        await until(lambda: len(operator.answers()) >= 2 and operator.said("server 1: connection done"), LIMIT)
        process.terminate()
        assert await asyncio.to_thread(process.wait, 90) == 0
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        assert Counter(operator.answers()) == {"[1]": 1, "[2]": 1}
        assert sorted(commands.came) == ["[1]", "[2]"]
