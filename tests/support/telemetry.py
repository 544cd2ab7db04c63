"""Sync's parts with servers that speak MQTT, against a real broker and a clock whose hands the test moves."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from heliograph.contract import Alarm, AlarmSource, Column, Layout, Record
from heliograph.formats import parse_definition
from heliograph.formats.config import Config, MqttServer, Server, ServerMode, ServerType
from heliograph.formats.daq import Daq, Device
from heliograph.formats.schedule import Schedules
from heliograph.formats.sets import ConfigurationSet
from heliograph.sync.access import resolve_access
from heliograph.sync.configuration import Applied
from heliograph.sync.revisions import Revisions
from heliograph.sync.telemetry import MqttTask
from support.mosquitto import Operator
from support.syncing import Bench, HandClock, device

UID = "WPM00C44F"
TEN = 1_717_236_000_000
"""2024-06-01 10:00:00 UTC."""
DEFINITION = (
    b"modbusTCP;Inverter;Witness;One\n"
    b"3;3;0;U16;;Power;;0.1;0;W;2\n"
    b"7;3;1;U16;;State;;1;0;;4\n"
    b"9;3;2;I16;;Cold;;-1;0.5;\xc2\xb0C;2\n"
    b"11;3;3_4;String;;Note;;1;0;;4\n"
)
LAYOUT = Layout(
    protocol="modbusTCP",
    definition="inv.csv",
    digest=hashlib.sha256(DEFINITION).hexdigest(),
    columns=(Column(index="3", fields=3), Column(index="7"), Column(index="9", fields=3), Column(index="11")),
)


def record(number: int, device: str = "1", **changes: object) -> Record:
    """The record of a minute; its `State` is its number."""
    made = Record(
        source="box", sequence=number, device=device, name=f"roof_{device}", interface="MODBUS",
        time=TEN + number * 60_000, layout=LAYOUT, values=(1, 3, 2.5, number, 4, 6, 5, "ok"),
    )  # fmt: skip
    return made.model_copy(update=changes)


def alarm(number: int, **changes: object) -> Alarm:
    """An alarm of the variable `State`."""
    made = Alarm(
        identity=f"a{number}", source=AlarmSource.MODBUS, time=TEN + number * 1000, definition="inv.csv", device="1",
        device_name="roof_1", variable="7", value=str(number),
    )  # fmt: skip
    return made.model_copy(update=changes)


def mqtt_server(port: int, **options: object) -> MqttServer:
    """Server 1 over plain MQTT with data alone: its connection is a scheduled one."""
    server = MqttServer(
        1, ServerType.MQTT, ServerMode.MQTT, "127.0.0.1", port, topic_data="{uid}/data", topic_status="{uid}/status"
    )
    return replace(server, **options)


PERMANENT = {"topic_alarm": "{uid}/alarm", "topic_command": "{uid}/command", "topic_result": "{uid}/result"}
DATA, ALARM, COMMAND, RESULT, STATUS = (f"{UID}/{name}" for name in ("data", "alarm", "command", "result", "status"))


def mqtt_applied(
    servers: Sequence[Server], devices: Sequence[Device] = (), *, number: int = 1, zone: str = "UTC",
    definition: bytes = DEFINITION, certificates: dict[str, bytes] | None = None, schedules: Schedules | None = None,
) -> Applied:  # fmt: skip
    """A revision with these servers, two devices and one definition."""
    config = Config("", "Roof", zone, None, None, "info", tuple(servers))
    parsed, _ = parse_definition(definition, "inv.csv")
    found = ConfigurationSet(
        uid=UID, config=config, schedules=schedules or Schedules(),
        daq=Daq((), tuple(devices or (device("1"), device("2")))), definitions={"inv.csv": parsed},
        files={"DEF/inv.csv": definition, **{f"CERT/{n}": c for n, c in (certificates or {}).items()}},
    )  # fmt: skip
    return Applied(number=number, origin="set directory", time=0, set=found, uids=(UID,))


class Telemetry:
    """A bench whose servers 1 and 2 are MQTT tasks. Outcomes of tries to connect are in `outcomes`."""

    def __init__(self, directory: Path, *, timeout_seconds: float = 30) -> None:
        self.secrets = directory / "secrets"
        self.secrets.mkdir(parents=True, exist_ok=True)
        self.bench = Bench(directory / "sync")
        self.clock: HandClock = self.bench.clock
        self.outcomes: list[tuple[int, bool]] = []
        self.timeout_seconds = timeout_seconds
        self.tasks: dict[int, MqttTask] = {}

    @property
    def one(self) -> MqttTask:
        return self.tasks[1]

    def configure(self, revision: Applied, *, confirmed: bool = True) -> None:
        """Put a revision in force, as sync does; without cursors while it is on trial."""
        placed = self.bench.serving.begin(replace(revision, provisional=revision.provisional or not confirmed))
        if confirmed:
            self.bench.serving.drop(placed)
        for task in self.tasks.values():
            task.configure(replace(placed, provisional=revision.provisional))

    @asynccontextmanager
    async def run(self, revision: Applied | None = None, *, confirmed: bool = True) -> AsyncIterator["Telemetry"]:
        bench = self.bench
        self.revisions = Revisions(bench.database)
        self.tasks = {n: self._task(n) for n in (1, 2)}
        bench.spool._alarmed = self._alarmed
        if revision is not None:
            self.configure(revision, confirmed=confirmed)
        work = [asyncio.create_task(task.run()) for task in self.tasks.values()]
        try:
            yield self
        finally:
            bench.stop.set()
            await asyncio.wait_for(asyncio.gather(*(task.idle.wait() for task in self.tasks.values())), 60)
            for task in work:
                task.cancel()
            ended = await asyncio.gather(*work, return_exceptions=True)
            bench.stop.clear()
            assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended

    def position(self, stream: str = "records") -> int | None:
        return self.bench.ledger.position(1, stream)

    def said(self) -> str:
        """The lines of the log so far."""
        self.bench.diary.flush()
        with self.bench.database.read() as session:
            rows = session.connection().exec_driver_sql("SELECT text FROM log ORDER BY id")
            return "\n".join(row[0] for row in rows)

    def close(self) -> None:
        self.bench.close()

    def _task(self, number: int) -> MqttTask:
        return MqttTask(
            1 if number == 1 else 2, self.bench.parts, lambda: None,
            lambda n, _applied, success: self.outcomes.append((n, success)), revisions=self.revisions,
            access=lambda server, applied: resolve_access(server, applied.set.files, {}, (self.secrets,)),
            timeout_seconds=self.timeout_seconds,
        )  # fmt: skip

    def _alarmed(self) -> None:
        for task in self.tasks.values():
            task.alarm()


def states(listening: Operator, topic: str = DATA) -> list[int]:
    """The numbers of the records that came, in their order."""
    found = []
    for payload in listening.payloads(topic):
        found += [(r["timestamp"], r["State"]) for records in json.loads(payload).values() for r in records]
    return [state for _, state in found]
