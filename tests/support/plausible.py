"""A plausible gateway for the services that look at it: its configuration, states, readings and histories.

`Peers` plays sync and the collector on a real broker: it publishes, answers, and remembers what it was asked.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable

from heliograph.contract import (
    Alarm,
    AlarmPage,
    AlarmRequest,
    AlarmSource,
    CollectorState,
    CommandsState,
    Connection,
    ConnectionPage,
    ConnectionResult,
    ConnectRequest,
    DeviceCondition,
    DevicePlan,
    DeviceState,
    Forwarding,
    LineState,
    Outcome,
    PageRequest,
    ParametersRequest,
    Reading,
    ReadRequest,
    RefusedVariable,
    Revision,
    ServerState,
    ServerSummary,
    StopConnection,
    StorageState,
    SyncState,
    TraceRequest,
    TransferCount,
    Trigger,
    VariableValue,
    WriteRequest,
)
from heliograph.contract.channels import (
    ALARM_HISTORY,
    CONFIGURATION,
    CONNECT,
    CONNECTION_HISTORY,
    LIVE,
    PARAMETERS,
    READ,
    STATE,
    STOP_CONNECTION,
    TRACE,
    WRITE,
)
from heliograph.contract.requests import NumberedAlarm
from heliograph.runtime import Bus
from support.plausible_bundle import BundleAnswers
from support.plausible_revisions import Revisions
from support.plausible_servers import ServerAnswers
from support.plausible_set import FILES, UID

SERVER_1 = ServerSummary(
    number=1, type="sftp", mode="strategy_wsun1_compliant", address="data.example.org", port=22, directory="/dairy/"
)
SERVER_2 = ServerSummary(
    number=2,
    type="webdav",
    mode="strategy_wsun1_compliant_backup",
    address="backup.example.net",
    port=443,
    directory="/plants/00C44F/",
)


def now() -> int:
    return int(time.time() * 1000)


def revision(number: int = 3, files: dict[str, str] | None = None) -> Revision:
    return Revision(
        number=number,
        time=now() - 86_400_000 * 3,
        origin="set directory",
        uid=UID,
        site="Roof of the dairy",
        time_zone="Europe/Paris",
        servers=(SERVER_1, SERVER_2),
        files=FILES if files is None else files,
    )


def reading(device: str, moment: int | None = None) -> Reading:
    moment = now() if moment is None else moment
    wave = math.sin(moment / 20_000 + int(device))
    if device == "4":
        values = {"1": round(-112_450.5 + 900 * wave, 1), "2": round(231.7 + wave, 1), "3": 48_112.25}
        return Reading(device="4", name="grid meter", time=moment, values=values)
    values = {
        "1": int(4210 + 90 * wave), "2": 998, "3": int(6124 + 20 * wave), "4": int(412 + 5 * wave),
        "5": 12_345_678, "6": 4, "7": 10_000, "8": -2, "9": 5001,
    }  # fmt: skip
    return Reading(device=device, name=f"roof_{device}", time=moment, values=values)


PLAN = DevicePlan(
    requests=3,
    registers=16,
    bytes=95,
    values=9,
    least_seconds=0.0642,
    turnaround_seconds=0.0213,
    lessons=(
        "It gives at most 60 holding registers at once.",
        "It is not read across the registers 40005 to 40009.",
    ),
    refused_count=22,
    refused=(RefusedVariable(variable="9", name="Grid frequency", code=2),),
)


def collector_state(**changes: object) -> CollectorState:
    moment = now()
    healthy = [
        DeviceState(
            device=index,
            name=name,
            condition=DeviceCondition.ANSWERING,
            since=moment - 7_200_000,
            last_reading=moment - 700,
            last_record=moment - 240_000,
            requests=21_600,
            readings=7_195,
            records=12,
            errors={"timeout": 2} if index == "1" else {},
            plan=PLAN,
        )
        for index, name in (("1", "roof_1"), ("2", "roof_2"), ("4", "grid meter"))
    ]
    lost = DeviceState(
        device="3",
        name="roof_3",
        condition=DeviceCondition.RESTING,
        since=moment - 1_500_000,
        cause="nothing came within 0.2 s, 3 times in a row",
        last_reading=moment - 1_502_000,
        last_record=moment - 1_800_000,
        requests=17_110,
        readings=5_700,
        records=9,
        gaps=2,
        errors={"timeout": 41},
    )
    lines = (
        LineState(
            name="SERIAL1",
            open=True,
            requests=7_195,
            utilisation=0.42,
            forwarding=Forwarding(port=5020, clients=2, requests=310),
        ),
        LineState(name="192.168.1.41:502", open=True, requests=21_600, utilisation=0.03),
        LineState(name="192.168.1.43:502", open=False, cause="connection refused", requests=17_110),
    )
    state = CollectorState(
        time=moment, started=moment - 7_200_000, revision=3, devices=(*healthy[:2], lost, healthy[2]), lines=lines
    )
    return state.model_copy(update=changes)


def connections() -> list[Connection]:
    """Sixty rows, newest first."""
    moment = now()
    rows = []
    for number in range(60, 0, -1):
        server = 1 if number % 2 else 2
        start = moment - (60 - number) * 300_000 - 42_000
        failed = number == 57
        partial = number == 56
        rows.append(
            Connection(
                number=number,
                server=server,
                trigger=Trigger.RETRY if number == 58 else Trigger.SCHEDULE,
                start=start,
                end=start + 1_840,
                transfers=()
                if failed
                else (
                    TransferCount(kind="data", files=2, bytes=18_304),
                    TransferCount(kind="logs", files=1, bytes=1_120),
                ),
                failures=("the login was refused: check FTP_Login and FTP_Password",)
                if failed
                else ("/LOG is missing on the server: logs wait",)
                if partial
                else (),
                result=ConnectionResult.FAILED
                if failed
                else ConnectionResult.PARTIAL
                if partial
                else ConnectionResult.DONE,
            )
        )
    return rows


def alarms() -> list[NumberedAlarm]:
    """Thirty rows, newest first."""
    moment = now()
    rows = []
    for number in range(30, 0, -1):
        if number % 3 == 0:
            alarm = Alarm(
                identity=f"box.{number}",
                source=AlarmSource.GATEWAY,
                time=moment - (31 - number) * 1_500_000,
                info="DEVICE LOST roof_3",
            )
        else:
            alarm = Alarm(
                identity=f"box.{number}",
                source=AlarmSource.MODBUS,
                time=moment - (31 - number) * 1_500_000,
                definition="inv.csv",
                device="2",
                device_name="roof_2",
                variable="6",
                value=str(number % 5),
            )
        rows.append(NumberedAlarm(number=number, alarm=alarm))
    return rows


def sync_state(**changes: object) -> SyncState:
    moment = now()
    rows = connections()
    servers = (
        ServerState(
            server=SERVER_1,
            waiting_records=16,
            last=next(r for r in rows if r.server == 1),
            last_success=moment - 340_000,
            next=moment + 258_000,
            next_trigger="schedule",
        ),
        ServerState(
            server=SERVER_2,
            waiting_records=16,
            waiting_files=1,
            last=next(r for r in rows if r.server == 2),
            last_success=moment - 40_000,
            next=moment + 561_000,
            next_trigger="schedule",
            problems=("directory /plants/00C44F/LOG is missing: make it there, the files wait",),
        ),
    )
    state = SyncState(
        time=moment,
        started=moment - 7_200_000,
        revision=3,
        uid=UID,
        site="Roof of the dairy",
        findings=(
            f"CONFIG/{UID}_daq.csv:5:61: warning: timeout of 200 ms is short for a device behind a radio",
            "DEF/inv.csv:11:12: warning: decimal comma read as a decimal point",
        ),
        servers=servers,
        storage=StorageState(bytes=183_204, limit=2_147_483_648, records=16, files=1),
    )
    return state.model_copy(update=changes)


class Peers:
    """Sync and the collector, as far as others see them."""

    def __init__(self, sync: Bus, collector: Bus) -> None:
        self.sync = sync
        self.collector = collector
        self.connects: list[ConnectRequest] = []
        self.stops: list[StopConnection] = []
        self.writes: list[WriteRequest] = []
        self.reads: list[ReadRequest] = []
        self.parameters: list[ParametersRequest] = []
        self.registers: dict[tuple[str, str], int | float | str | None] = {}
        self.bundles = BundleAnswers()
        self.traces: list[TraceRequest] = []
        self.refusal = ""
        self.connection_rows = connections()
        self.alarm_rows = alarms()
        self.revisions = Revisions(FILES)
        self.servers = ServerAnswers()
        self.on_write: Callable[[WriteRequest], Awaitable[VariableValue | None]] | None = None

    async def configure(self, number: int = 3, files: dict[str, str] | None = None) -> None:
        await self.sync.ensure_streams()
        await self.sync.store(CONFIGURATION, revision(number, files))

    async def report(self, devices: tuple[str, ...] = ("1", "2", "4")) -> None:
        await self.sync.store(STATE, sync_state(bundle=self.bundles.state), service="sync")
        await self.collector.store(STATE, collector_state(), service="collector")
        await self.report_live(*devices)

    async def report_live(self, *devices: str) -> None:
        for device in devices:
            await self.collector.publish(LIVE, reading(device), device=device)

    async def serve(self) -> None:
        await self.sync.serve(CONNECT, self._connect)
        await self.sync.serve(STOP_CONNECTION, self._stop)
        await self.sync.serve(CONNECTION_HISTORY, self._connections)
        await self.sync.serve(ALARM_HISTORY, self._alarms)
        await self.bundles.serve(self.sync)
        await self.revisions.serve(self.sync)
        await self.servers.serve(self.sync)
        await self.collector.serve(READ, self._read)
        await self.collector.serve(WRITE, self._write)
        await self.collector.serve(PARAMETERS, self._parameters)
        await self.collector.serve(TRACE, self._trace)

    async def run(self, commands: Bus | None = None) -> None:
        """Report once a second, for ever: for a person who looks at the page."""
        while True:
            await self.report()
            if commands is not None:
                moment = now()
                state = CommandsState(time=moment, started=moment - 7_200_000, revision=3, executed=12)
                await commands.store(STATE, state, service="commands")
            await asyncio.sleep(1)

    async def _connect(self, request: ConnectRequest) -> Outcome:
        self.connects.append(request)
        return Outcome(error=self.refusal)

    async def _stop(self, request: StopConnection) -> Outcome:
        self.stops.append(request)
        return Outcome(error=self.refusal)

    async def _trace(self, request: TraceRequest) -> Outcome:
        self.traces.append(request)
        return Outcome(error=self.refusal)

    async def _connections(self, page: PageRequest) -> ConnectionPage:
        rows = [r for r in self.connection_rows if page.before is None or r.number < page.before]
        rows = [r for r in rows if page.server is None or r.server == page.server]
        if page.failed:
            rows = [r for r in rows if r.result is not ConnectionResult.DONE]
        return ConnectionPage(connections=tuple(rows[: page.limit]))

    async def _alarms(self, page: AlarmRequest) -> AlarmPage:
        rows = [r for r in self.alarm_rows if page.before is None or r.number < page.before]
        rows = [r for r in rows if page.device in (None, r.alarm.device) and page.source in (None, r.alarm.source)]
        rows = [r for r in rows if (page.since or 0) <= r.alarm.time < (page.until or r.alarm.time + 1)]
        return AlarmPage(alarms=tuple(rows[: page.limit]))

    async def _read(self, request: ReadRequest) -> VariableValue:
        self.reads.append(request)
        key = (request.device, request.variable)
        if key not in self.registers:
            return VariableValue(error="the device did not answer within 1 s")
        return VariableValue(raw=self.registers[key], time=now())

    async def _write(self, request: WriteRequest) -> VariableValue:
        self.writes.append(request)
        if self.on_write is not None and (answer := await self.on_write(request)) is not None:
            return answer
        self.registers[request.device, request.variable] = request.raw
        return VariableValue(raw=request.raw if request.verify else None, time=now(), verified=request.verify)

    async def _parameters(self, request: ParametersRequest) -> Outcome:
        self.parameters.append(request)
        return Outcome(error=self.refusal)
