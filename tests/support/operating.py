"""An operator's day, step by step, over real SFTP servers; the same for the gateway as processes and in containers.

He has nothing but his servers: he edits files on the main one and reads what the gateway leaves there. Asking for a
connection stands for waiting until the schedule makes one.
"""

import gzip
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.sets import UID

LIMIT_SECONDS = 120
TRIAL_LIMIT_SECONDS = 360
"""Three tries, 30 and 60 seconds apart at the most, and what connecting takes."""
FOLDERS = ("CONFIG", "DEF", "SCRIPT", "CERT")
CONFIG, DAQ = f"CONFIG/{UID}_config.ini", f"CONFIG/{UID}_daq.csv"

Until = Callable[[str, Callable[[dict[str, Any]], object], float], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Session:
    """How the operator reaches a server: OpenSSH's own client."""

    port: int
    login: str
    key: Path
    root: str
    """The tree's root as the server calls it."""
    disk: Path
    """The same on this machine, for reading."""

    def put(self, path: str, content: bytes) -> None:
        """Upload beside, then rename over, as careful people do."""
        local = self.key.with_name("upload")
        local.write_bytes(content)
        remote = f"{self.root}/{path}"
        self._batch(f"put {local} {remote}.part", f"-rm {remote}", f"rename {remote}.part {remote}")

    def read(self, path: str) -> bytes:
        return (self.disk / path).read_bytes()

    def tree(self) -> dict[str, bytes]:
        """The configuration set on the server."""
        files = (file for folder in FOLDERS for file in (self.disk / folder).glob("*"))
        return {str(file.relative_to(self.disk)): file.read_bytes() for file in files if file.is_file()}

    def log(self) -> str:
        """Everything that the gateway's log on the server says."""
        files = sorted((self.disk / "LOG").glob(f"{UID}_LOG_*.log.gz"))
        return "".join(gzip.decompress(file.read_bytes()).decode() for file in files)

    def alarms(self) -> str:
        files = sorted((self.disk / "ALARM").glob(f"{UID}_AL_*.csv.gz"))
        return "".join(gzip.decompress(file.read_bytes()).decode() for file in files)

    def _batch(self, *commands: str) -> None:
        options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        done = subprocess.run(
            ["sftp", "-b", "-", *options, "-i", self.key, "-P", str(self.port), f"{self.login}@127.0.0.1"],
            input="\n".join(commands) + "\n", capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


@dataclass(frozen=True)
class Day:
    """The operator, his two servers, and a way to wait for the gateway's status."""

    alpha: Session
    beta: Session
    ask: Callable[[int], Awaitable[object]]
    """Asks for a connection to a server."""
    until: Until
    """Waits until the status holds something; gives it."""

    async def connect(self, number: int = 1) -> dict[str, Any]:
        """Make a whole connection that begins after this moment; return its row of history."""
        asked = int(time.time() * 1000)
        await self.ask(number)
        status = await self.until(
            f"a connection to server {number}",
            lambda s: (_last(s, number) or {"start": 0})["start"] >= asked,
            LIMIT_SECONDS,
        )
        row = _last(status, number)
        assert row is not None
        return row

    async def connected_until(self, holds: Callable[[], bool], number: int = 1) -> None:
        """Make connections until something stands on the servers."""
        for _ in range(6):
            await self.connect(number)
            if holds():
                return
        raise AssertionError(f"not after six connections:\n{self.alpha.log()[-3000:]}\n{self.beta.log()[-3000:]}")

    async def revision(self, number: int, seconds: float = LIMIT_SECONDS) -> dict[str, Any]:
        return await self.until(f"revision {number}", lambda s: s["revision"] == number and not s["trial"], seconds)


async def play(day: Day, first: Mapping[str, bytes]) -> None:
    """Everything that an operator does with the configuration of a plant, and what he sees of it."""
    await _an_empty_tree_gets_the_set(day, first)
    edited = await _an_edit_is_followed(day)
    await _a_wrong_edit_changes_nothing_and_is_explained(day, edited)
    mended = await _a_wrong_address_comes_back_by_itself(day, edited)
    await _the_backup_becomes_the_main_server(day, mended)
    await _the_backup_is_a_copy_of_the_main_server(day)


async def _an_empty_tree_gets_the_set(day: Day, first: Mapping[str, bytes]) -> None:
    await day.connected_until(lambda: day.alpha.tree() == first)
    await day.connected_until(lambda: day.beta.tree() == first, 2)


async def _an_edit_is_followed(day: Day) -> int:
    """Edit two files; return the revision that has both: an alarm's connection between them makes a revision of one."""
    daq = day.alpha.read(DAQ) + b"# looked after by Jane\n"
    day.alpha.put(DAQ, daq)
    config = day.alpha.read(CONFIG) + b"; a comment of ours\nLOG_Level=loud\nOUR_Ticket=4711\n"
    day.alpha.put(CONFIG, config)
    await day.connected_until(lambda: day.alpha.read(CONFIG) == config.replace(b"loud", b"info"))
    status = await day.until("the edit", lambda s: s["revision"] > 1 and not s["trial"], LIMIT_SECONDS)
    assert day.alpha.read(DAQ) == daq
    assert "LOG_Level" in day.alpha.log()
    return int(status["revision"])


async def _a_wrong_edit_changes_nothing_and_is_explained(day: Day, revision: int) -> None:
    good = day.alpha.read(DAQ)
    lines = good.splitlines(keepends=True)
    wrong = b"".join([*lines[:-1], lines[-2]])
    day.alpha.put(DAQ, wrong)
    row = await day.connect()
    assert any("rejected" in failure for failure in row["failures"])
    await day.connected_until(lambda: f"is rejected, revision {revision} stays in force" in day.alpha.log())
    assert f"{DAQ}:{len(lines)}:1: error: index " in day.alpha.log()
    assert "GATEWAY;CONFIGURATION REJECTED" in day.alpha.alarms()
    assert day.alpha.read(DAQ) == wrong, "the server's file is left as it is"
    day.alpha.put(DAQ, good)
    await day.connect()
    await day.until("no error left", lambda s: not any(": error: " in one for one in s["findings"]), LIMIT_SECONDS)


async def _a_wrong_address_comes_back_by_itself(day: Day, revision: int) -> int:
    good = day.alpha.read(CONFIG)
    wrong = b"\n".join(b"FTP_Port=1" if line.startswith(b"FTP_Port=") else line for line in good.split(b"\n"))
    day.alpha.put(CONFIG, wrong)
    await day.connect()
    tried, back = revision + 1, revision + 2
    await day.until("the trial", lambda s: s["trial"] or s["revision"] == back, LIMIT_SECONDS)
    await day.revision(back, TRIAL_LIMIT_SECONDS)
    told = f"revision {tried} is taken back, revision {back} is in force"
    await day.connected_until(lambda: told in day.alpha.log())
    assert "refuses connections" in day.alpha.log()
    assert "GATEWAY;CONFIGURATION ROLLED BACK" in day.alpha.alarms()
    assert day.alpha.read(CONFIG) == wrong, "the wrong file stays, refused until it changes"
    day.alpha.put(CONFIG, good + b"; mended\n")
    await day.connect()
    await day.revision(back + 1)
    return back + 1


async def _the_backup_becomes_the_main_server(day: Day, revision: int) -> None:
    await day.connect(2)
    swapped = day.alpha.read(CONFIG)
    swapped += b"SERVER_Mode=strategy_wsun1_compliant_backup\nSERVER2_Mode=strategy_wsun1_compliant\n"
    day.alpha.put(CONFIG, swapped)
    await day.connect()
    await day.revision(revision + 1, TRIAL_LIMIT_SECONDS)
    await day.connected_until(lambda: day.beta.read(CONFIG) == swapped, 2)
    mark = b"# edited on the new main server\n"
    day.beta.put(DAQ, day.beta.read(DAQ) + mark)
    await day.connect(2)
    await day.revision(revision + 2)
    day.alpha.put(DAQ, b"a hand edit on the backup\n")
    await day.connected_until(lambda: mark in day.alpha.read(DAQ))


async def _the_backup_is_a_copy_of_the_main_server(day: Day) -> None:
    for number in (2, 1, 2, 1):
        await day.connect(number)
    assert day.alpha.tree() == day.beta.tree()
    assert not list(day.alpha.disk.rglob("*.tmp")) + list(day.beta.disk.rglob("*.tmp"))


def _last(status: dict[str, Any], number: int) -> dict[str, Any] | None:
    found = [server["last"] for server in status["servers"] if server["server"]["number"] == number]
    return found[0] if found else None
