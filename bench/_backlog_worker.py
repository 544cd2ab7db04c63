"""Sync's own parts in a process of their own, so that time and memory are theirs alone: takes in, builds, delivers."""

import json
import resource
import sys
import threading
import time
from pathlib import Path

from heliograph.contract import Column, ConnectionResult, Layout, Record, RecordKind, Trigger
from heliograph.formats.config import Config, FileServer, ServerMode, ServerType
from heliograph.formats.daq import Daq, Device
from heliograph.formats.schedule import Schedules
from heliograph.formats.sets import ConfigurationSet
from heliograph.runtime import SystemClock
from heliograph.sync.access import Pins
from heliograph.sync.applied import Applied
from heliograph.sync.configuration import Configuration
from heliograph.sync.connection import Parts, Visit
from heliograph.sync.database import open_database
from heliograph.sync.deliver import Outgoing
from heliograph.sync.diary import Diary
from heliograph.sync.history import History
from heliograph.sync.ledger import RECORDS, STREAMS, Ledger, Made
from heliograph.sync.mailbox import Mailbox
from heliograph.sync.reconcile import Gateway as Side
from heliograph.sync.remote import Access, open_store
from heliograph.sync.render import Form
from heliograph.sync.revisions import Revisions
from heliograph.sync.spool import Spool

DEVICES = 50
VARIABLES = 60
PERIOD_MS = 600_000
FIRST = 1_717_200_000_000
BATCH = 500
SMALL_FILES = 2000
SMALL_BYTES = 20_000
UID = "WPM00C44F"


class Gateway:
    """What a connection works with, on a directory."""

    def __init__(self, directory: Path, server: dict | None) -> None:
        clock = SystemClock()
        self.database, _ = open_database(directory / "sync.db", "0")
        self.spool = Spool(self.database, clock, device_limit=10**12, total_limit=10**12)
        self.ledger = Ledger(self.database)
        diary = Diary(self.spool, clock)
        self.outgoing = directory / "outgoing"
        configuration = Configuration(Revisions(self.database), self.spool, diary, clock)
        key = Path(server["key"]).read_bytes() if server else b""
        self.parts = Parts(
            database=self.database, spool=self.spool, ledger=self.ledger,
            mailbox=Mailbox(self.database, self.spool, diary, clock), history=History(self.database), diary=diary,
            clock=clock, outgoing=self.outgoing,
            open=lambda s, _: open_store(s, Access(private_key=key), Pins(self.database)), stop=threading.Event(),
            gateway=Side(configuration, diary, set_files=dict, server_won=lambda _: None),
        )  # fmt: skip
        self.files = Outgoing(self.outgoing, 1, self.database, self.ledger, clock, diary.warning)
        self.form = Form(UID, devices=tuple(str(n) for n in range(DEVICES)))
        if server:
            self.server = FileServer(
                number=1, type=ServerType.SFTP, mode=ServerMode.MAIN, address="127.0.0.1", port=server["port"],
                login=server["login"], root=server["root"], sync_config=False,
            )  # fmt: skip

    def visit(self) -> None:
        devices = tuple(Device(1, str(n), None, f"d{n}", 1) for n in range(DEVICES))
        config = Config("", "", "UTC", None, None, "info", (self.server,))
        found = ConfigurationSet(UID, config, Schedules(), Daq((), devices), {}, {})
        visited = Visit(self.parts, Applied(1, "bench", 0, found, (UID,)), self.server, Trigger.REQUEST).run()
        assert visited.result is ConnectionResult.DONE, visited


def take(directory: Path, records: int) -> dict:
    """Take records in as the bus brings them, in batches of hundreds."""
    gateway = Gateway(directory, None)
    gateway.ledger.serve({1: STREAMS})
    columns = tuple(Column(index=str(n), fields=1) for n in range(VARIABLES))
    layout = Layout(protocol="modbusTCP", definition="inv.csv", digest="0" * 64, columns=columns)
    busy, sequence = 0.0, 0
    while sequence < records:
        batch = []
        for _ in range(min(BATCH, records - sequence)):
            sequence += 1
            step, device = divmod(sequence - 1, DEVICES)
            due = FIRST + step * PERIOD_MS
            values = tuple((sequence * 7919 + 31 * n) % 65536 if n % 4 else round(sequence * n / 7, 2)
                           for n in range(VARIABLES))  # fmt: skip
            batch.append(Record.model_construct(
                version=1, source="bench", sequence=sequence, device=str(device), name=f"d{device}",
                interface="MODBUS", kind=RecordKind.ACQUISITION, time=due, layout=layout, values=values,
            ))  # fmt: skip
        begun = time.perf_counter()
        gateway.spool.take_records(batch)
        busy += time.perf_counter() - begun
    return {"seconds": busy}


def build(directory: Path, server: dict) -> dict:
    """Build every file, without sending any."""
    gateway = Gateway(directory, server)
    begun, cpu = time.perf_counter(), time.process_time()
    while gateway.files.make(RECORDS, gateway.form):
        pass
    return {"seconds": time.perf_counter() - begun, "cpu": time.process_time() - cpu}


def deliver(directory: Path, server: dict) -> dict:
    """One connection: whatever waits is built, sent, verified, renamed, forgotten."""
    gateway = Gateway(directory, server)
    begun = time.perf_counter()
    gateway.visit()
    delivered = time.perf_counter()
    gateway.spool.drop_records(gateway.ledger.received(RECORDS) or 0)
    return {"seconds": delivered - begun, "room": time.perf_counter() - delivered}


def small(directory: Path, server: dict) -> dict:
    """Many small files on their way, as after weeks without a right to write."""
    gateway = Gateway(directory, server)
    gateway.ledger.serve({1: STREAMS})
    place = gateway.outgoing / "1"
    place.mkdir(parents=True)
    made = []
    for number in range(SMALL_FILES):
        name = f"{UID}_MODBUS_24{number:06d}_000000.csv.gz"
        (place / name).write_bytes(number.to_bytes(4, "big") * (SMALL_BYTES // 4))
        made.append(Made(name, SMALL_BYTES, number * 1000))
    assert gateway.ledger.commit(1, RECORDS, "DirData", made, (0, 0))
    begun = time.perf_counter()
    gateway.visit()
    return {"seconds": time.perf_counter() - begun}


if __name__ == "__main__":
    work, where, given = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
    where.mkdir(parents=True, exist_ok=True)
    result = {"take": take, "build": build, "deliver": deliver, "small": small}[work](where, given)
    result["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(result))
