"""The parts of sync on a directory of a test, with file servers in memory and a clock whose hands the test moves."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from heliograph.contract import Trigger
from heliograph.formats.config import Config, FileServer, ServerMode, ServerType
from heliograph.formats.daq import Daq, Device, TcpInterface
from heliograph.formats.schedule import Schedules
from heliograph.formats.sets import ConfigurationSet
from heliograph.sync.configuration import Applied
from heliograph.sync.connection import Parts, Visit, Visited
from heliograph.sync.database import open_database
from heliograph.sync.deliver import remove_orphans
from heliograph.sync.diary import Diary
from heliograph.sync.errors import AccessError
from heliograph.sync.history import History
from heliograph.sync.ledger import RECORDS, Ledger
from heliograph.sync.mailbox import Mailbox
from heliograph.sync.remote import MemoryServer
from heliograph.sync.spool import Spool

NOON = 1_717_243_200.0
"""2024-06-01 12:00:00 UTC."""
TREE = ("CONFIG", "DEF", "SCRIPT", "CERT", "DATA", "CMD", "ALARM", "LOG", "BIN")


class HandClock:
    """Both clocks move by `move`; `set` steps the wall clock alone."""

    def __init__(self, now: float = NOON) -> None:
        self._wall = now
        self._monotonic = 1000.0

    def time(self) -> float:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        until = self._monotonic + seconds
        while self._monotonic < until:
            await asyncio.sleep(0.005)

    def move(self, seconds: float) -> None:
        self._wall += seconds
        self._monotonic += seconds

    def set(self, wall: float) -> None:
        self._wall = wall


def tree() -> MemoryServer:
    """A server with every directory."""
    return MemoryServer(directories={"/", *(f"/{name}" for name in TREE)})


def file_server(number: int, mode: ServerMode, **options: object) -> FileServer:
    server = FileServer(number=1, type=ServerType.SFTP, mode=mode, address=f"server{number}", port=22)
    return replace(server, number=number, **options)


def device(index: str, **options: object) -> Device:
    base = Device(line=2, index="1", interface=TcpInterface("127.0.0.1"), name="x", address=1, definition="inv.csv")
    return replace(base, index=index, name=f"roof_{index}", **options)


def applied(
    servers: Sequence[FileServer], devices: Sequence[Device] = (), *, uid: str = "WPM00C44F", zone: str = "UTC",
    files: dict[str, bytes] | None = None, schedules: Schedules | None = None,
) -> Applied:  # fmt: skip
    config = Config(
        uid="", name="Roof", time_zone=zone, latitude=None, longitude=None, log_level="info", servers=tuple(servers)
    )
    found = ConfigurationSet(
        uid=uid, config=config, schedules=schedules or Schedules(), daq=Daq((), tuple(devices)), definitions={},
        files=files or {},
    )  # fmt: skip
    return Applied(number=1, origin="set directory", time=0, set=found, uids=(uid,))


@dataclass
class Bench:
    """Sync's parts, and two servers in memory. `again` opens the directory anew, as after a kill."""

    directory: Path
    clock: HandClock = field(default_factory=HandClock)
    servers: dict[int, MemoryServer] = field(default_factory=lambda: {1: tree(), 2: tree()})
    device_limit: int = 50_000_000
    total_limit: int = 2**31
    refuse: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.alarms = 0
        self.again()

    def again(self) -> None:
        self.database, self.aside = open_database(self.directory / "sync.db", "240601_120000")
        self.spool = Spool(
            self.database, self.clock, device_limit=self.device_limit, total_limit=self.total_limit,
            alarmed=self._alarmed,
        )  # fmt: skip
        self.ledger = Ledger(self.database)
        self.diary = Diary(self.spool, self.clock)
        self.history = History(self.database)
        self.mailbox = Mailbox(self.database, self.spool, self.diary, self.clock)
        self.stop = threading.Event()
        self.outgoing = self.directory / "outgoing"
        self.parts = Parts(
            database=self.database, spool=self.spool, ledger=self.ledger, mailbox=self.mailbox, history=self.history,
            diary=self.diary, clock=self.clock, outgoing=self.outgoing, open=self._open, stop=self.stop,
        )  # fmt: skip
        remove_orphans(self.outgoing, self.ledger)
        last = self.ledger.received(RECORDS)
        if last is not None:
            self.spool.drop_records(last)

    def configure(self, revision: Applied) -> None:
        self.applied = revision
        self.ledger.serve(revision.file_servers)

    def visit(self, number: int, trigger: Trigger = Trigger.SCHEDULE) -> Visited:
        return Visit(self.parts, self.applied, self.applied.file_servers[number], trigger).run()

    def close(self) -> None:
        self.database.close()

    def names(self, number: int, directory: str = "DATA") -> list[str]:
        """Names of the files in a directory of a server, sorted."""
        prefix = f"/{directory}/"
        return sorted(p.removeprefix(prefix) for p in self.servers[number].files if p.startswith(prefix))

    def content(self, number: int, name: str, directory: str = "DATA") -> bytes:
        return self.servers[number].files[f"/{directory}/{name}"]

    def _open(self, server: FileServer, _: Applied):
        if server.number in self.refuse:
            raise AccessError(self.refuse[server.number])
        return self.servers[server.number].store()

    def _alarmed(self) -> None:
        self.alarms += 1
