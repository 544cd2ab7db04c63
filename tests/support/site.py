"""A gateway's configuration and its servers in memory, as an operator meets them: he edits files, it connects."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from heliograph.contract import AlarmRequest, Trigger
from heliograph.formats.config import FileServer
from heliograph.sync.applied import Applied
from heliograph.sync.configuration import Candidate, Configuration
from heliograph.sync.connection import Visit, Visited
from heliograph.sync.errors import AccessError
from heliograph.sync.reconcile import Gateway
from heliograph.sync.remote import MemoryServer, Unreachable
from heliograph.sync.telling import SET_DIRECTORY
from support.sets import DEVICE_HEADER, UID
from support.syncing import DEFINITION, Bench, tree

CONFIG = f"CONFIG/{UID}_config.ini"
VAR = f"CONFIG/{UID}_var.ini"
DAQ = f"CONFIG/{UID}_daq.csv"
SCL = f"CONFIG/{UID}_scl.ini"
INV = "DEF/inv.csv"

OTHER = DEFINITION.replace("Power", "Energy").encode()
"""Another content of `INV`."""
SCHEDULE = b"SCHEDULE_Params[0]=1|everyday|06:00:00|60|4\n"
"""A content of `VAR`."""

MAIN = {"SERVER_Type": "sftp", "FTP_Address": "alpha", "FTP_Login": "plant", "FTP_Password": "secret-1"}
BACKUP = {"SERVER2_Type": "sftp", "FTP2_Address": "beta", "FTP2_Login": "plant"}


def config(*parts: Mapping[str, object], **changes: object) -> bytes:
    """A `_config.ini` with these variables; a comment and an unknown line stand in it too."""
    values = {key: value for part in parts or (MAIN, BACKUP) for key, value in part.items()} | changes
    lines = ["; of the plant", *(f"{name}={value}" for name, value in values.items() if value is not None), "MY_Own=1"]
    return "".join(f"{line}\n" for line in lines).encode()


def daq(*devices: str) -> bytes:
    """A `_daq.csv`."""
    return "".join(f"{line}\n" for line in (DEVICE_HEADER, *devices)).encode()


def device(index: int, definition: str = "inv.csv", **fields: object) -> str:
    """A line of a `_daq.csv`, whole: category and model are given."""
    return f"{index};127.0.0.1:1502;roof_{index};{index};{fields.get('period', 600)};1000;;;Meter;One;{definition}"


def first_set(**changes: bytes) -> dict[str, bytes]:
    """A good set: two servers, two devices."""
    files = {CONFIG: config(), DAQ: daq(device(1), device(2)), INV: DEFINITION.encode()}
    return files | changes


@dataclass
class Site(Bench):
    """The gateway, and the servers by their addresses. `connect` makes the connection of a role."""

    worlds: dict[str, MemoryServer] = field(default_factory=lambda: {"alpha": tree(), "beta": tree()})
    directory_files: dict[str, bytes] = field(default_factory=dict)
    """What lies in the set directory beside the set."""
    services_apply: bool = True
    """Every service works with each revision at once; else what is dismissed by it waits."""

    def again(self) -> None:
        super().again()
        self.configuration = Configuration(self.revisions, self.spool, self.diary, self.clock)
        self.configuration.load()
        gateway = Gateway(
            self.configuration, self.diary, set_files=lambda: self.directory_files, server_won=lambda _: None
        )
        self.parts = self.parts.__class__(**{**_fields(self.parts), "gateway": gateway, "open": self._dial})
        self._settle()

    def start(self, files: Mapping[str, bytes]) -> None:
        """Give the first set, as the set directory does."""
        self.offer(files, SET_DIRECTORY)
        assert self.in_force.number == 1, self.configuration.findings

    def offer(self, files: Mapping[str, bytes], origin: str = "REST") -> None:
        """Edit on the gateway."""
        self.configuration.offer(Candidate(files, UID, origin))
        self._settle()

    @property
    def in_force(self) -> Applied:
        assert self.configuration.applied is not None
        return self.configuration.applied

    @property
    def files(self) -> dict[str, bytes]:
        """What is in force."""
        return self.in_force.set.files

    def edit(self, path: str, content: bytes, address: str = "alpha") -> None:
        """Write a file on a server by hand."""
        world = self.worlds[address]
        world.now = max(world.now + 1, self.clock.time())
        world.files[f"/{path}"] = content
        world.modified[f"/{path}"] = world.now

    def connect(
        self, number: int | None = None, seconds: float = 900, seen: Callable[[Visit], None] = lambda _: None
    ) -> Visited:
        """Let time pass, then make a connection: to the main server, or to one by its number. `seen` gets it first."""
        self.clock.move(seconds)
        for world in self.worlds.values():
            world.now = max(world.now, self.clock.time())
        server = self._server(number)
        visit = Visit(self.parts, self.applied, server, Trigger.SCHEDULE)
        seen(visit)
        visited = visit.run()
        self._settle()
        self.free()
        return visited

    def on(self, address: str = "alpha") -> dict[str, bytes]:
        """The files of the set on a server."""
        folders = ("/CONFIG/", "/DEF/", "/SCRIPT/", "/CERT/")
        files = self.worlds[address].files.items()
        return {path.removeprefix("/"): content for path, content in files if path.startswith(folders)}

    def rows(self, address: str) -> list[str]:
        """The dates of every record on a server, in the order of the names of their files."""
        files = self.worlds[address].files
        names = sorted(path for path in files if path.startswith("/DATA/") and path.endswith(".gz"))
        texts = [gzip.decompress(files[name]).decode() for name in names]
        return [line.partition(";")[0] for text in texts for line in text.splitlines() if line[2:3] == "/"]

    def quiet(self) -> Sequence[str]:
        """Make a connection and return the files of the set that were read and written by it."""
        world = self.worlds["alpha"]
        world.reads.clear()
        before = dict(world.modified)
        self.connect()
        written = [path for path, time in world.modified.items() if before.get(path) != time]
        return [path for path in (*world.reads, *written) if not path.startswith(("/LOG/", "/DATA/", "/ALARM/"))]

    def log(self) -> str:
        """Every line said so far that is not yet delivered."""
        self.diary.flush()
        with self.database.read() as session:
            rows = session.connection().exec_driver_sql("SELECT level, text FROM log ORDER BY id").all()
        return "\n".join(f"{level}: {text}" for level, text in rows)

    def alarm_infos(self) -> list[str]:
        return [numbered.alarm.info for numbered in reversed(self.history.alarms(AlarmRequest()).alarms)]

    def _server(self, number: int | None) -> FileServer:
        if number is not None:
            return self.in_force.file_servers[number]
        assert self.in_force.main is not None
        return self.in_force.main

    def _settle(self) -> None:
        """Do what the wiring does with a revision."""
        applied = self.configuration.applied
        if applied is not None:
            self.applied = self.serving.begin(applied)
            if self.services_apply and not applied.provisional:
                self.serving.drop(self.applied)

    def _dial(self, server: FileServer, _: Applied):
        if server.number in self.refuse:
            raise AccessError(self.refuse[server.number])
        if server.address not in self.worlds:
            raise Unreachable(f"{server.type} server {server.address}:{server.port} has a name that is unknown")
        return self.worlds[server.address].store()


def site_at(directory: Path, files: Mapping[str, bytes] | None = None) -> Site:
    """A site with the first set in force."""
    site = Site(directory)
    site.start(first_set() if files is None else files)
    return site


def _fields(parts: object) -> dict[str, object]:
    return {name: getattr(parts, name) for name in parts.__slots__}
