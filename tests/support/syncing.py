"""The parts of sync on a directory of a test, with file servers in memory and a clock whose hands the test moves."""

import asyncio
import gzip
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from heliograph.contract import Service, Trigger
from heliograph.formats.config import Config, FileServer, ServerMode, ServerType
from heliograph.formats.daq import Daq, Device, TcpInterface
from heliograph.formats.schedule import Schedules
from heliograph.formats.sets import ConfigurationSet
from heliograph.runtime import Bus, Clock, Context, EventLog, SystemClock
from heliograph.runtime.clock import milliseconds
from heliograph.sync.app import main
from heliograph.sync.applied import Applied
from heliograph.sync.configuration import Configuration
from heliograph.sync.connection import Parts, Visit, Visited
from heliograph.sync.database import open_database
from heliograph.sync.deliver import remove_orphans
from heliograph.sync.destinations import Destinations
from heliograph.sync.diary import Diary
from heliograph.sync.errors import AccessError
from heliograph.sync.history import History
from heliograph.sync.ledger import RECORDS, Ledger
from heliograph.sync.mailbox import Mailbox
from heliograph.sync.reconcile import Gateway
from heliograph.sync.remote import MemoryServer, Unreachable
from heliograph.sync.revisions import Revisions
from heliograph.sync.serving import Serving
from heliograph.sync.settings import Settings
from heliograph.sync.spool import Spool
from support.nats import Broker
from support.sets import write_set

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

    def sleep(self, seconds: float) -> Coroutine[Any, Any, None]:
        """Sleep from the call on, as real clocks do: a move before the first turn of the loop counts."""
        return self._until(self._monotonic + seconds)

    async def _until(self, moment: float) -> None:
        while self._monotonic < moment:
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
    """By the figure in their addresses, `server1` …, or by their numbers where they have other ones."""
    device_limit: int = 50_000_000
    total_limit: int = 2**31
    refuse: dict[int, str] = field(default_factory=dict)
    """Why a server cannot be opened, by number."""
    hang: dict[int, threading.Event] = field(default_factory=dict)
    """Servers that answer nothing until the event is set, by the figure in their addresses."""

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
        self.revisions = Revisions(self.database)
        self.configuration = Configuration(self.revisions, self.spool, self.diary, self.clock)
        gateway = Gateway(self.configuration, self.diary, set_files=dict, server_won=lambda _: None)
        self.outgoing = self.directory / "outgoing"
        self.serving = Serving(Destinations(self.database), self.ledger, self.outgoing, self.diary)
        self.parts = Parts(
            database=self.database, spool=self.spool, ledger=self.ledger, mailbox=self.mailbox, history=self.history,
            diary=self.diary, clock=self.clock, outgoing=self.outgoing, open=self._open, stop=self.stop,
            gateway=gateway,
        )  # fmt: skip
        remove_orphans(self.outgoing, self.ledger)
        self.free()

    def free(self) -> None:
        """Delete what every server has, as sync does every few seconds."""
        last = self.ledger.received(RECORDS)
        if last is not None:
            self.spool.drop_records(last)
        self.ledger.prune()

    def configure(self, revision: Applied) -> None:
        self.applied = self.serving.begin(revision)
        self.serving.drop(self.applied)

    def visit(self, number: int, trigger: Trigger = Trigger.SCHEDULE) -> Visited:
        visited = Visit(self.parts, self.applied, self.applied.file_servers[number], trigger).run()
        self.free()
        return visited

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
        figure = int(server.address[6:]) if server.address in {"server1", "server2"} else server.number
        if figure in self.hang:
            self.hang[figure].wait(30)
        return self.servers[figure].store()

    def _alarmed(self) -> None:
        self.alarms += 1


CONFIG = {
    "SERVER_Type": "sftp", "FTP_Address": "server1", "FTP_Login": "plant",
    "SERVER2_Type": "sftp", "FTP2_Address": "server2", "FTP2_Login": "plant", "FTP2_EuroDateFormat": 1,
}  # fmt: skip
DEFINITION = "modbusTCP;Meter;Witness;One\n3;3;0;U16;;Power;;1;0;W;2\n7;3;1;U16;;State;;1;0;;4\n"


def plant_set(directory: Path, **changes: object) -> Path:
    """A set of two servers and two devices; the only schedule is far away."""
    devices = [f"{index};127.0.0.1:1502;roof_{index};{index};600;1000;;;;;inv.csv" for index in (1, 2)]
    far = ["SCHEDULE_Params[0]=1|first|00:00:00|1|1", "SCHEDULE2_Params[0]=1|first|00:00:00|1|1"]
    return write_set(directory, {**CONFIG, **changes}, devices, {"inv.csv": DEFINITION}, schedules=far)


class Running:
    """Sync as it is wired, in this process, against a real broker; its servers are in memory."""

    def __init__(self, broker: Broker, directory: Path, **settings: object) -> None:
        self.servers = {number: tree() for number in (1, 2, 3)}
        """By the figure in their addresses, `server1` …"""
        base = broker.settings(Service.SYNC, directory / "state")
        values = {**base.model_dump(exclude_none=True), "start_share_seconds": 10**6, **settings}
        self.settings = Settings(**values)
        self.settings.state_dir.mkdir(parents=True, exist_ok=True)
        self.clock: Clock = SystemClock()
        self.work: asyncio.Task[None]
        """The run of now, or the last one."""

    @asynccontextmanager
    async def run(self) -> AsyncIterator["Running"]:
        stopping = asyncio.Event()
        async with Bus(self.settings, Service.SYNC) as bus:
            events = EventLog(Service.SYNC, self.clock)
            context = Context(Service.SYNC, bus, self.clock, events, stopping, milliseconds(self.clock))
            work = self.work = asyncio.create_task(main(context, self.settings, self._dial))
            try:
                yield self
            finally:
                stopping.set()
                await asyncio.wait({work}, timeout=60)
                if not work.done():
                    stuck = [f"{task.get_name()}: {task.get_stack()}" for task in asyncio.all_tasks()]
                    raise AssertionError("sync does not stop:\n" + "\n".join(stuck))
                work.result()

    def names(self, number: int, directory: str = "DATA") -> list[str]:
        prefix = f"/{directory}/"
        return sorted(p.removeprefix(prefix) for p in dict(self.servers[number].files) if p.startswith(prefix))

    def texts(self, number: int, directory: str = "DATA") -> list[str]:
        files = dict(self.servers[number].files)
        packed = [files[f"/{directory}/{name}"] for name in self.names(number, directory) if not name.endswith(".tmp")]
        return [gzip.decompress(content).decode() for content in packed]

    def _dial(self, server: FileServer, *_: object):
        if not server.address.startswith("server"):
            raise Unreachable(f"there is no server {server.address}")
        return self.servers[int(server.address[6])].store()


async def until(holds: Callable[[], object], seconds: float = 60) -> None:
    """Return when `holds()`; fail after so many seconds."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)
